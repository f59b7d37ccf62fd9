"""Paddock's own voice while a command runs: brief, on stderr, the command's output untouched."""

from __future__ import annotations

import sys


def complain(message: str) -> None:
    """One line on stderr."""
    sys.stderr.write(f"paddock: {message}\n")
    sys.stderr.flush()
