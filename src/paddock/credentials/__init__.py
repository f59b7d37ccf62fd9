"""Secrets that stay outside: where they come from, what stands for them inside, and who may ask for them again."""
