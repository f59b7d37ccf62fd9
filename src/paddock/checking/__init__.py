"""Checking: rules over what a dev container will really be, and what is done with their findings."""
