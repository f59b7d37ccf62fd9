"""A second, hardened configuration beside a team's own: what is changed and why, and what cannot be taken away."""
