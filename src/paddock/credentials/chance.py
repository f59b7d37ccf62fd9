"""Random text from the kernel, without the imports of `secrets`, which a start would wait for."""

from __future__ import annotations

import os

DIGITS = "0123456789"
LOWER = "abcdefghijklmnopqrstuvwxyz"
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LETTERS = LOWER + UPPER
_BYTES = 16  # so many more than are needed that no remainder is more likely than another, by any measure


def below(limit: int) -> int:
    """A number from 0 to `limit`, itself left out."""
    return int.from_bytes(os.urandom(_BYTES), "little") % limit


def choice(alphabet: str) -> str:
    """One character."""
    return alphabet[below(len(alphabet))]


def text(length: int, alphabet: str) -> str:
    """So many characters."""
    return "".join(choice(alphabet) for _ in range(length))
