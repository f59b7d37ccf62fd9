"""The plan: a policy resolved for one command on one machine. Immutable, printable, hashable."""
