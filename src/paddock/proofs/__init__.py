"""Proofs that are kept: signed by this machine, and asked for before a start."""
