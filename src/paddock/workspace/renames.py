"""Renames, found by content: a deleted and an added file that hold the same bytes.

Overlayfs has no rename of what lies below; `mv` there copies and deletes. Exact pairs only: what was renamed
*and* edited stays a deletion and an addition.
"""

from __future__ import annotations

import os
from collections import defaultdict
from itertools import chain, islice

from paddock.frozen import replace
from paddock.workspace import content, holding
from paddock.workspace.descent import open_beneath, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from paddock.workspace.change import Change

LARGEST_BYTES = 256 << 20  # beyond, a pair is not worth the reading
MANY = 10_000


def paired(changes: list[Change], upper: int, lower: int) -> list[Change]:
    """The changes with each exact pair as one `renamed`, in the place of the addition."""
    removed = _by_size(changes, "deleted", lambda change: change.old_size)
    added = _by_size(changes, "added", lambda change: change.new_size)
    sources: dict[str, Change] = {}
    for size in sorted(removed.keys() & added.keys()):
        sources.update(_pairs(removed[size], added[size], upper, lower))
    used = {change.path for change in sources.values()}
    return [
        _renamed(sources[change.path], change) if change.path in sources else change
        for change in changes
        if not (change.kind == "deleted" and change.path in used)
    ]


def paired_if_few(changes: Iterable[Change], upper: int, lower: int) -> Iterator[Change]:
    """The same for any number of changes: among more than `MANY` no pairs are looked for, and memory does not grow."""
    left = iter(changes)
    first = list(islice(left, MANY + 1))
    return chain(first, left) if len(first) > MANY else iter(paired(first, upper, lower))


def _by_size(changes: list[Change], kind: str, size_of: Callable[[Change], int]) -> dict[int, list[Change]]:
    sizes: dict[int, list[Change]] = defaultdict(list)
    for change in changes:
        if change.kind != kind or change.type != "file" or change.held or holding.is_git(split(change.path)[1]):
            continue
        if 0 < size_of(change) <= LARGEST_BYTES:
            sizes[size_of(change)].append(change)
    return sizes


def _pairs(removed: list[Change], added: list[Change], upper: int, lower: int) -> dict[str, Change]:
    """For each added path the deletion that it came from; the same last name is preferred."""
    by_digest: dict[bytes, list[Change]] = defaultdict(list)
    for change in removed:
        if found := _digest(lower, change.path, content.open_file):
            by_digest[found].append(change)
    pairs: dict[str, Change] = {}
    for change in added:
        candidates = by_digest.get(_digest(upper, change.path, content.open_upper_file) or b"", [])
        if candidates:
            name = split(change.path)[1]
            chosen = next((candidate for candidate in candidates if split(candidate.path)[1] == name), candidates[0])
            candidates.remove(chosen)
            pairs[change.path] = chosen
    return pairs


def _digest(root: int, path: str, opener: Callable[[int, str], int]) -> bytes | None:
    parent, name = split(path)
    try:
        directory = open_beneath(root, parent, os.O_PATH | os.O_DIRECTORY)
    except OSError:
        return None
    try:
        descriptor = opener(directory, name)
    except OSError:
        return None
    finally:
        os.close(directory)
    try:
        return content.digest(descriptor)
    finally:
        os.close(descriptor)


def _renamed(old: Change, new: Change) -> Change:
    return replace(new, kind="renamed", source=old.path, old_mode=old.old_mode, old_size=old.old_size)
