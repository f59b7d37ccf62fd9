"""Names as git quotes them (core.quotePath, git-config(1)): in C style, where a name would mislead a reader."""

from __future__ import annotations

_ESCAPES = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}


def quoted(name: str) -> str:
    """`name`, or its C-style form in double quotes when it holds more than printable characters.

    Printable characters beyond ASCII stay readable; controls, invisible and direction marks and bytes that are
    not UTF-8 are written as octal bytes. `git apply` reads both.
    """
    if name.isprintable() and '"' not in name and "\\" not in name:
        return name
    return '"' + "".join(map(_escaped, name)) + '"'


def _harmless(character: str) -> bool:
    return character not in '"\\' and character.isprintable()


def _escaped(character: str) -> str:
    if _harmless(character):
        return character
    octets = character.encode("utf-8", "surrogateescape")
    return "".join(_ESCAPES.get(octet, f"\\{octet:03o}") for octet in octets)
