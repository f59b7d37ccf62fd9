"""Dev containers: reading what a repository says about its environment, and what that comes to."""
