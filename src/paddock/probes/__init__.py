"""Harmless attacks that must fail, and ordinary work that must not: what `paddock prove` is made of."""
