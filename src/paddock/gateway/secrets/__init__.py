"""Credentials on their way: whose they are, what goes out in their place, what must not."""
