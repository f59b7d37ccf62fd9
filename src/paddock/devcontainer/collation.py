"""Text in the order that the reference CLI sorts Features in: ECMAScript's `localeCompare`.

That is the Unicode collation's root order (UTS #10, CLDR): punctuation before digits before letters, and a letter's
case counts only where everything else is the same, small before capital. Ids and paths of Features are ASCII; any
other character comes after all of these, by its number.
"""

from __future__ import annotations

_PUNCTUATION = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"
_ORDER = {one: at for at, one in enumerate(_PUNCTUATION + "0123456789abcdefghijklmnopqrstuvwxyz")}


def collated(text: str) -> tuple[tuple[int, ...], tuple[bool, ...]]:
    """A sort key."""
    letters = [one.lower() if one.isascii() else one for one in text]
    return tuple(_ORDER.get(one, len(_ORDER) + ord(one)) for one in letters), tuple(one.isupper() for one in text)


def compare(left: str, right: str) -> int:
    """Less than, equal to or more than 0, as `left` comes before, with or after `right`."""
    first, second = collated(left), collated(right)
    return (first > second) - (first < second)
