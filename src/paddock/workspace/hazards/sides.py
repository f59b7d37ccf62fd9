"""Both sides of a change: what the repository has at a path, and what the sandbox made of it.

Everything is opened beneath its root, no link is followed, nothing but regular files is read.
"""

from __future__ import annotations

import errno
import os
import stat

from paddock.kernel import xattr
from paddock.workspace import content
from paddock.workspace.descent import DIRECTORY, PLACE, open_beneath, split, stat_in
from paddock.workspace.entries import is_whiteout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    T = TypeVar("T")

_PIECE_BYTES = 16 << 20
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY


class Sides:
    """Two trees by descriptors, which stay the caller's. `written` are contents that stand for the sandbox's files."""

    def __init__(self, upper: int, lower: int, written: Mapping[str, bytes] | None = None) -> None:
        self.upper = upper
        self.lower = lower
        self._written = written or {}

    def new(self, path: str, limit_bytes: int) -> tuple[os.stat_result, bytes]:
        """The sandbox's file, and its first bytes: all of them where `limit_bytes` are enough. Raises OSError."""
        if (text := self._written.get(path)) is not None:
            return os.stat_result((stat.S_IFREG, 0, 0, 1, 0, 0, len(text), 0, 0, 0)), text[:limit_bytes]
        try:
            descriptor = open_beneath(self.upper, path, _FILE)
        except PermissionError:  # a mode that keeps its owner out
            descriptor = self._within(self.upper, path, content.open_upper_file)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise OSError(errno.EINVAL, "not a regular file", path)
            return found, _first(descriptor, min(found.st_size, limit_bytes))
        finally:
            os.close(descriptor)

    def old(self, path: str, limit_bytes: int) -> bytes | None:
        """The repository's bytes; None when there is no regular file, it cannot be read, or it is larger."""
        try:
            descriptor = self._within(self.lower, path, content.open_file)
        except OSError:
            return None
        try:
            return content.read_all(descriptor, limit_bytes)
        finally:
            os.close(descriptor)

    def target(self, path: str) -> str:
        """Where the sandbox's link leads; nothing when it is none."""
        try:
            return self._within(self.upper, path, lambda place, name: os.readlink(name, dir_fd=place))
        except OSError:
            return ""

    def has(self, path: str) -> bool:
        """Whether the merged tree has something there."""
        parent, name = split(path)
        return self.is_new(path) or (_stat(self.lower, path) is not None and not self._is_hidden(parent, name))

    def is_new(self, path: str) -> bool:
        """Whether the upper tree has something there that is no deletion mark."""
        found = _stat(self.upper, path)
        return found is not None and not is_whiteout(found)

    def is_opaque(self, path: str) -> bool:
        """Whether the sandbox has replaced a directory as a whole."""
        try:
            descriptor = open_beneath(self.upper, path, DIRECTORY)
        except OSError:
            return False
        try:
            return xattr.is_opaque(descriptor)
        finally:
            os.close(descriptor)

    def names(self, directory: str) -> list[str]:
        """What is listed on either side. A name may still be hidden by a deletion mark: ask `has`."""
        return [*{*_listing(self.upper, directory), *_listing(self.lower, directory)}]

    def _is_hidden(self, directory: str, name: str) -> bool:
        """Whether the upper tree covers what the lower one has: by a mark, a replaced directory, or something else."""
        if _stat(self.upper, f"{directory}/{name}" if directory else name) is not None:
            return True
        place = directory
        while place:
            found = _stat(self.upper, place)
            if found is not None and (not stat.S_ISDIR(found.st_mode) or self.is_opaque(place)):
                return True
            place = split(place)[0]
        return False

    def _within(self, root: int, path: str, step: Callable[[int, str], T]) -> T:
        parent, name = split(path)
        place = open_beneath(root, parent, PLACE)
        try:
            return step(place, name)
        finally:
            os.close(place)


def _first(descriptor: int, count: int) -> bytes:
    """As many bytes as that from the start, or all."""
    if count <= _PIECE_BYTES:
        return os.read(descriptor, count) if count else b""
    pieces = []
    while count > 0 and (piece := os.read(descriptor, min(count, _PIECE_BYTES))):
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)


def _stat(root: int, path: str) -> os.stat_result | None:
    parent, name = split(path)
    try:
        place = open_beneath(root, parent, PLACE)
    except OSError:
        return None
    try:
        return stat_in(place, name)
    finally:
        os.close(place)


def _listing(root: int, path: str) -> list[str]:
    try:
        descriptor = open_beneath(root, path, DIRECTORY)
    except OSError:
        return []
    try:
        return os.listdir(descriptor)
    finally:
        os.close(descriptor)
