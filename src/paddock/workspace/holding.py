"""What is never applied, or not without a further word: git data, special files, links that lead out."""

from __future__ import annotations

REASONS = {
    "git": "git's own data never comes over; what was committed does, as commits",
    "special": "sockets, FIFOs and devices are never applied",
    "link": "the link leads out of the repository; `paddock apply --links` takes it",
    "unreadable": "its own mode forbids reading it",
    "deep": "nested so deep that no program can open it by its path",
    "mount": "another file system is mounted there",
}

LONGEST_PATH = 4096 - 256  # bytes; PATH_MAX without one longest name


def is_git(name: str) -> bool:
    """Whether a path component is git's, in any letter case (CVE-2014-9390)."""
    return len(name) == 4 and name.lower() == ".git"  # noqa: PLR2004 - the length of ".git"


def leads_out(path: str, target: str) -> bool:
    """Whether a link at `path` may lead out of the repository.

    Judged by the text alone. ".." is counted only at the start, where the directories above the link are
    known to be real ones; after a name, which may itself be a link, it is taken for a way out.
    """
    if target.startswith("/"):
        return True
    parts = [part for part in target.split("/") if part not in ("", ".")]
    climbs = 0
    while climbs < len(parts) and parts[climbs] == "..":
        climbs += 1
    return climbs > path.count("/") or ".." in parts[climbs:]
