"""Colour and width for terminals, and the removal of control characters from text that a sandbox made.

NO_COLOR (no-color.org) and TERM=dumb switch colour off. Names and reasons that come from inside a
sandbox are never printed raw: terminals obey what they are sent.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}


def wants_color(stream: TextIO | None = None) -> bool:
    """Whether to colour what goes to `stream` (stdout by default)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return (stream or sys.stdout).isatty()


def paint(text: str, *styles: str, stream: TextIO | None = None) -> str:
    """`text` in the given styles where colour is wanted, unchanged otherwise."""
    return styled(text, *styles) if wants_color(stream) else text


def styled(text: str, *styles: str) -> str:
    """`text` in the given styles."""
    if not styles:
        return text
    codes = ";".join(_CODES[style] for style in styles)
    return f"\x1b[{codes}m{text}\x1b[0m"


def width() -> int:
    """Columns for a table: the terminal's, or 80, within what can be read."""
    import shutil

    return max(60, min(shutil.get_terminal_size().columns, 120))


# Line ends that are none to terminals, bidirectional controls (Trojan Source, CVE-2021-42574), zero-width characters
# and tags.
_INVISIBLE = frozenset(
    [
        0x061C, 0x180E, 0xFEFF, *range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070),
        *range(0xE0000, 0xE0080),
    ]
)  # fmt: skip
_CONTROLS = frozenset([*range(0x20), *range(0x7F, 0xA0)])
_SURROGATES = range(0xD800, 0xE000)
_RAW_BYTES = range(0xDC80, 0xDD00)  # bytes that are not UTF-8 (PEP 383)


def plain(text: str) -> str:
    """`text` with control, invisible and undecodable characters written as escapes."""
    return "".join(map(_shown, text))


def _shown(character: str) -> str:
    number = ord(character)
    if number in _RAW_BYTES:
        return f"\\x{number - 0xDC00:02x}"
    if number in _SURROGATES:
        return f"\\u{number:04x}"
    if number in _CONTROLS or number in _INVISIBLE:
        return character.encode("unicode_escape").decode("ascii")
    return character
