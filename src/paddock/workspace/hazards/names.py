"""Names that mislead whoever reads them, or the programs that are given them."""

from __future__ import annotations

CONTROL, BIDI, BYTES, OPTION = "name-control", "name-bidi", "name-bytes", "name-option"
_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def shapes(name: str) -> tuple[str, ...]:
    """What is wrong with a name (one component), by the names of shapes. Usually nothing."""
    found = []
    if not name.isprintable():
        kinds = {_kind(character) for character in name if not character.isprintable()}
        found = [kind for kind in (CONTROL, BIDI, BYTES) if kind in kinds]
    if name.startswith("-"):
        found.append(OPTION)
    return tuple(found)


def _kind(character: str) -> str:
    import unicodedata

    if "\ud800" <= character <= "\udfff":
        return BYTES  # surrogateescape: a byte that is no UTF-8
    if character in _DIRECTION or unicodedata.category(character) in ("Cf", "Zs", "Cn", "Co"):
        return BIDI  # also what is not seen, or is seen as a blank
    return CONTROL
