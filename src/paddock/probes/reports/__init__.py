"""A proof as text for people and for other programs. Pure."""
