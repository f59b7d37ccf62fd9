"""What a policy says of hazards: files that it calls dangerous, and rules that it lets pass.

Only the form is judged here. Whether a rule of that name exists is known where the catalogue is.
"""

from __future__ import annotations

from paddock.policy.values import Wrong, shown

# What a person consents to by name. The order is that of reports: what runs soonest comes first.
FAMILIES = ("git", "shell", "editor", "agent", "build", "ci", "container", "policy", "shape")
SEVERITIES = ("high", "medium", "low")
_LONGEST = 500  # characters
_FIELDS = ("pattern", "family", "why", "severity")


def rule(value: object) -> tuple[str, str, str, str]:
    """Pattern, family, why and severity of one entry of `hazards.add`. Raises Wrong."""
    if not isinstance(value, dict):
        raise Wrong(f'expected {{ pattern = "…", family = "…", why = "…" }}, not {shown(value)}')
    for name in value:
        if name not in _FIELDS:
            raise Wrong(f"unknown {shown(name)}; there are {', '.join(_FIELDS)}")
    return (
        pattern(value.get("pattern")),
        _word(value.get("family"), "family", FAMILIES),
        _text(value.get("why"), 'a sentence why = "…" for whoever reviews the change'),
        _word(value.get("severity", SEVERITIES[0]), "severity", SEVERITIES),
    )


def allowance(value: object) -> str:
    """One entry of `hazards.allow`: the name of a rule, or name:pattern. Raises Wrong."""
    expected = 'the name of a hazard such as "build-make", or with a pattern: "build-make:/Makefile"'
    text = _text(value, expected)
    name, colon, rest = text.partition(":")
    if not name or not all(c.isascii() and (c.islower() or c.isdigit() or c == "-") for c in name):
        raise Wrong(f"expected {expected}, not {shown(text)}")
    if colon:
        pattern(rest)
    return text


def pattern(value: object) -> str:
    """A pattern of paths in the repository. Raises Wrong."""
    text = _text(value, 'a pattern such as "deploy/*.sh"')
    if text.startswith("!"):
        raise Wrong(f"rules only add up: {shown(text)} cannot take a file out again; see hazards.allow")
    parts = text.strip("/").split("/")
    if not text.strip("/") or ".." in parts or "" in parts or "." in parts:
        raise Wrong(f"{shown(text)} names no place in the repository")
    return text


def _word(value: object, name: str, known: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in known:
        raise Wrong(f"expected {name} to be one of {', '.join(known)}, not {shown(value)}")
    return value


def _text(value: object, expected: str) -> str:
    if not isinstance(value, str) or not value or len(value) > _LONGEST:
        raise Wrong(f"expected {expected}, of at most {_LONGEST} characters, not {shown(value)}")
    if any(c == "\0" or ("\ud800" <= c <= "\udfff" and not "\udc80" <= c <= "\udcff") for c in value):
        raise Wrong(f"expected {expected}; no name on this system can hold all characters of {shown(value)}")
    return value
