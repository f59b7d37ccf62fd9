"""The host's side: what is planted for the probes to find, and what is looked at afterwards."""
