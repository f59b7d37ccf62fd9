"""Boundaries: mechanisms that enforce a plan, from the weakest to the strongest."""
