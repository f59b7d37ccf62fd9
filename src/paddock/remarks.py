"""Paddock's own voice while a command runs: brief, on stderr, the command's output untouched."""

from __future__ import annotations

import sys


def complain(message: str) -> None:
    """One line on stderr, with escapes for what does not print: names in it may come from a hostile repository."""
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in message)
    try:
        sys.stderr.write(f"paddock: {shown}\n")
        sys.stderr.flush()
    except OSError:  # nobody listens any more: the terminal hung up
        return
