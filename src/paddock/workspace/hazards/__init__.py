"""Hazards: changes that a program on the host would execute, trust or be steered by. `judging` is the way in."""
