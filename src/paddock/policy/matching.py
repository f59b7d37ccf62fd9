"""Whether a host pattern takes in a name, and whether one text with stars takes in another. Pure and small.

A host pattern is an exact name, or `*.` and a name: everything below that name, one label or more, never the
name itself. Names are canonical (`paddock.policy.names`): nothing here lowers, strips or decodes.
"""

from __future__ import annotations

WILDCARD = "*."


def is_wildcard(pattern: str) -> bool:
    """Whether a host pattern means all names below one."""
    return pattern.startswith(WILDCARD)


def fits(pattern: str, name: str) -> bool:
    """Whether a name is one of a host pattern's names."""
    return bool(below(pattern, name)) if is_wildcard(pattern) else pattern == name


def below(pattern: str, name: str) -> str:
    """The labels that stand for a wildcard's star, "a.b" for "a.b.example.test"; empty where the name does not fit."""
    domain = pattern[1:]  # with its dot, so that "notexample.test" does not end in it
    return name.removesuffix(domain) if is_wildcard(pattern) and name.endswith(domain) else ""


def takes_in(pattern: str, other: str) -> bool:
    """Whether every name of another host pattern is a name of this one."""
    if is_wildcard(other):
        return is_wildcard(pattern) and f".{other[len(WILDCARD) :]}".endswith(pattern[1:])
    return fits(pattern, other)


def narrowness(pattern: str) -> tuple[bool, int]:
    """Sorts the patterns that fit one name: an exact name above all wildcards, then the one with more labels."""
    return not is_wildcard(pattern), pattern.count(".")


def matches(pattern: str, text: str) -> bool:
    """Whether `text` fits `pattern`, where each `*` stands for any characters, also none.

    A `*` of `text` counts as a character, which only a `*` of `pattern` takes in. So this also says (soundly,
    not completely) whether a pattern takes in everything that another does.
    """
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == text
    if not text.startswith(first):
        return False
    at = len(first)
    for part in rest[:-1]:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(text) - len(rest[-1]) >= at and text.endswith(rest[-1])
