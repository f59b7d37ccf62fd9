"""Mode live: the repository is the host's own, so what is dangerous in it is held, watched, and moved out."""
