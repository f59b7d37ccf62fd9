"""Names of change sets: what a person may give, and readable ones for those who give none."""

from __future__ import annotations

import os

from paddock.errors import Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

LONGEST = 41
_FIRST = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_LATER = _FIRST | {"-"}

ADJECTIVES = (
    "amber", "brave", "brisk", "calm", "clear", "crisp", "early", "fair", "fresh", "gentle", "golden", "green",
    "happy", "keen", "kind", "light", "lively", "lucky", "merry", "mild", "neat", "noble", "open", "plain", "proud",
    "quick", "quiet", "ready", "silver", "sunny", "swift", "warm",
)  # fmt: skip
NOUNS = (
    "acorn", "alder", "aspen", "barley", "beech", "birch", "brook", "clover", "colt", "cedar", "elder", "fern",
    "field", "finch", "foal", "heath", "heron", "hazel", "lark", "linden", "maple", "marsh", "meadow", "mare",
    "oak", "otter", "plover", "pond", "robin", "rowan", "willow", "wren",
)  # fmt: skip


def validate(name: str) -> None:
    """Raise Usage unless `name` is [a-z0-9][a-z0-9-]{0,40}."""
    if not 0 < len(name) <= LONGEST or name[0] not in _FIRST or not _LATER.issuperset(name):
        raise Usage(
            f"{name!a} cannot be the name of a change set",
            why=f"names are lower-case letters, digits and inner hyphens, {LONGEST} at most",
            next_step="--name fix-login",
        )


def invent(taken: Collection[str]) -> str:
    """A readable name that is not taken."""
    number = int.from_bytes(os.urandom(4), "big")
    stem = f"{ADJECTIVES[number % len(ADJECTIVES)]}-{NOUNS[number // len(ADJECTIVES) % len(NOUNS)]}"
    name, count = stem, 1
    while name in taken:
        count += 1
        name = f"{stem}-{count}"
    return name
