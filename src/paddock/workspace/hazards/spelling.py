r"""Spellings that some file system takes for the same name.

A change set may be written on ext4 and applied, pushed or mounted where letter case, Unicode form, invisible
characters, dots and spaces at the end or short names make no difference. `.GIT`, `.g\u200cit`, `.git.` and
`git~1` have all been ways past a list of names (CVE-2014-9390, CVE-2019-1352, CVE-2025-59944). Too many names
for the same are a false alarm at worst, one too few is a way in.
"""

from __future__ import annotations

_LONGEST_EXTENSION, _LONGEST_BASE, _SHORT_BASE = 3, 8, 6  # of DOS names; what is kept before ~1


def folded(name: str) -> str:
    """The form that all spellings of a name (one component) have in common. Idempotent, never empty."""
    if name.isascii():
        lower = name.lower()
        return lower if lower[-1:] not in (" ", ".") and ":" not in lower else _without_tail(lower)
    return _without_tail(_plain(name))


def _plain(name: str) -> str:
    """Without letter case, Unicode form and what is not seen. HFS+ ignores such characters (git's utf8.c)."""
    import unicodedata

    before = ""
    while before != name:  # the forms of some characters have forms of their own
        before = name
        name = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", name.casefold()).casefold())
        seen = "".join(character for character in name if not _is_ignored(character))
        name = seen or name
    return name


def _is_ignored(character: str) -> bool:
    import unicodedata

    return (
        unicodedata.category(character) == "Cf"
        or "\ufe00" <= character <= "\ufe0f"
        or "\U000e0100" <= character <= "\U000e01ef"
        or character in "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"
    )


def _without_tail(name: str) -> str:
    """Windows drops dots and spaces at the end; NTFS reads `name::$DATA` and the like as the name itself."""
    before = ""
    while before != name:
        before = name
        base, colon, stream = name.partition(":")
        if colon and base and stream.startswith((":", "$")):
            name = base
        name = name.rstrip(" .") or name
    return name


def numbered(name: str) -> str:
    """A folded name whose DOS number, if it has one, is 1: which one it gets depends on its neighbours."""
    if "~" not in name:
        return name
    base, _, rest = name.rpartition("~")
    digits, dot, extension = rest.partition(".")
    if not (digits.isascii() and digits.isdigit()) or len(base) > _LONGEST_BASE or len(extension) > _LONGEST_EXTENSION:
        return name
    return f"{base}~1{dot}{extension}"


def shortened(name: str) -> str:
    """The DOS name, as `numbered` writes it, of a folded name that needs one; else nothing."""
    base, _, extension = name.lstrip(".").rpartition(".")
    if not base:
        base, extension = extension, ""
    fits = len(base) <= _LONGEST_BASE and len(extension) <= _LONGEST_EXTENSION
    if fits and not name.startswith(".") and not {".", " "} & set(base):
        return ""
    base = base.replace(".", "").replace(" ", "")
    extension = f".{extension[:_LONGEST_EXTENSION]}" if extension else ""
    return f"{base[:_SHORT_BASE]}~1{extension}" if base else ""
