"""The three sides of a conflict: what the sandbox started from, the host's file now, and the sandbox's."""

from __future__ import annotations

import os
import stat

from paddock.frozen import frozen
from paddock.workspace import base_copies, content
from paddock.workspace.applying import three_way
from paddock.workspace.content import open_file, open_upper_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from paddock.workspace.bases import Base
    from paddock.workspace.change import Change

LARGEST_BYTES = 4 << 20


@frozen
class Sides:
    """Three texts and modes. `base` is None where nobody kept it."""

    base: bytes | None
    ours: bytes
    theirs: bytes
    base_mode: int
    our_mode: int
    their_mode: int

    @property
    def mode(self) -> int | None:
        """The permissions that both sides can agree on."""
        return merged_mode(self.base_mode & 0o1777, self.our_mode & 0o1777, self.their_mode & 0o1777)

    def merged(self) -> bytes | None:
        """Both changes together; None where they conflict or nobody knows where they began."""
        if self.base is None or self.mode is None:
            return None
        return three_way.merge(self.base, self.ours, self.theirs)


def merged_mode(base: int, ours: int, theirs: int) -> int | None:
    """The same for permissions."""
    if ours in (base, theirs):
        return theirs
    return ours if theirs == base else None


def sides(
    change: Change, found: os.stat_result | None, base: Base, directory: int, trees: tuple[int, int]
) -> Sides | None:
    """The sides of a change of a text; None for anything else. `directory` is the change set's."""
    upper, lower = trees
    if found is None or not stat.S_ISREG(found.st_mode) or not stat.S_ISREG(change.new_mode):
        return None
    ours, theirs = text_at(lower, change.path, open_file), text_at(upper, change.path, open_upper_file)
    if ours is None or theirs is None:
        return None
    began = base_copies.Copies(directory).read(base.digest)
    return Sides(began, ours, theirs, base.mode, found.st_mode, change.new_mode)


def text_at(root: int, path: str, opener: Callable[[int, str], int]) -> bytes | None:
    """The content of a file if it is a text of a moderate size that we can read."""
    try:
        descriptor = content.open_below(root, path, opener)
    except OSError:
        return None
    try:
        if content.looks_binary(descriptor):
            return None
        return content.read_all(descriptor, LARGEST_BYTES)
    finally:
        os.close(descriptor)
