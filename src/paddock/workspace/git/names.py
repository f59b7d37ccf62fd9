"""Names of refs and objects, judged before any program sees them: a sandbox wrote them.

git-check-ref-format(1), read strictly: what git would refuse, or what a program could take for an option, is no
name. Text with surrogateescape.
"""

from __future__ import annotations

HEX = frozenset("0123456789abcdef")
ID_LENGTHS = {40: "sha1", 64: "sha256"}
LONGEST = 255  # bytes of one component: a file name

_OBEYED = frozenset("$`;|&<>'\"()!%")
_FORBIDDEN = frozenset([*map(chr, range(0x20)), "\x7f", *" ~^:?*[\\"])


def is_id(text: str) -> bool:
    """Whether it is a whole object id, and not the one of nothing."""
    return len(text) in ID_LENGTHS and HEX.issuperset(text) and set(text) != {"0"}


def is_ref(name: str) -> bool:
    """Whether it is the full name of a ref: `refs/heads/main`."""
    parts = name.split("/")
    return parts[0] == "refs" and len(parts) > 1 and all(map(_is_part, parts)) and _is_whole(name)


def is_branch(name: str) -> bool:
    """Whether it is what a person may call a branch: git refuses a leading hyphen, and HEAD, there only."""
    return is_ref(f"refs/heads/{name}") and not name.startswith("-") and name != "HEAD"


def is_tame(name: str) -> bool:
    """Whether a name can be typed, completed and shown in a prompt: shells run what is in some (CVE-2021-45444)."""
    return name.isprintable() and _OBEYED.isdisjoint(name)


def _is_part(part: str) -> bool:
    return (
        0 < len(part.encode("utf-8", "surrogateescape")) <= LONGEST
        and not part.startswith((".", "-"))
        and not part.endswith(".lock")
    )


def _is_whole(name: str) -> bool:
    return not (name.endswith(".") or ".." in name or "@{" in name or not _FORBIDDEN.isdisjoint(name))
