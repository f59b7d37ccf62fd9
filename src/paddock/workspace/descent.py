"""Directories by descriptor: beneath a root, never through a link, at any depth.

A tree of 20,000 levels has no path that the kernel takes (4,096 bytes) and more levels than a process may
hold descriptors. So a descent holds one directory open and climbs by "..", and compares what it finds there
with what it came from: a directory that was moved in the meantime ends the walk.
"""

from __future__ import annotations

import os

from paddock.errors import WorkspaceError
from paddock.kernel.openat2 import openat2

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
PLACE = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW  # good for *at() calls, and needs no read permission
_PIECE_BYTES = 3000  # below PATH_MAX, one longest name included


class Descent:
    """One directory held open, and the way back up."""

    def __init__(self, root: int) -> None:
        """`root` stays the caller's."""
        self.fd = os.dup(root)
        self._way: list[tuple[int, int]] = []

    def down(self, name: str) -> None:
        """Enter a directory of the current one. Raises OSError and stays where it is."""
        entered = openat2(self.fd, name, DIRECTORY)
        self._way.append(_identity(self.fd))
        os.close(self.fd)
        self.fd = entered

    def up(self) -> None:
        """Back to the parent. Raises WorkspaceError when that is another directory than before."""
        parent = os.open("..", PLACE | os.O_CLOEXEC, dir_fd=self.fd)
        os.close(self.fd)
        self.fd = parent
        if _identity(parent) != self._way.pop():
            raise moved()

    def close(self) -> None:
        """Let go of the current directory."""
        os.close(self.fd)


def moved() -> WorkspaceError:
    """What ends a walk over a tree that changes underfoot."""
    return WorkspaceError(
        "a directory was moved while it was being read", why="something is writing there", next_step="try again"
    )


def _identity(descriptor: int) -> tuple[int, int]:
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino


def open_beneath(root: int, path: str, flags: int, *, mode: int = 0) -> int:
    """Open `path` (of any length; "" is the root itself) beneath `root` without following a link.

    Raises OSError as `openat2`.
    """
    *leading, last = _pieces(path)
    place = root
    try:
        for piece in leading:
            below = openat2(place, piece, PLACE)
            if place != root:
                os.close(place)
            place = below
        return openat2(place, last, flags | os.O_NOFOLLOW, mode=mode)
    finally:
        if place != root:
            os.close(place)


def _pieces(path: str) -> list[str]:
    if len(path) < _PIECE_BYTES // 4:  # a character is at most four bytes
        return [path or "."]
    pieces: list[list[str]] = [[]]
    size = 0
    for name in path.split("/"):
        length = len(os.fsencode(name)) + 1
        if size + length > _PIECE_BYTES:
            pieces.append([])
            size = 0
        pieces[-1].append(name)
        size += length
    return ["/".join(piece) for piece in pieces]


def split(path: str) -> tuple[str, str]:
    """The directory and the last name of a relative path; the directory may be empty."""
    parent, _, name = path.rpartition("/")
    return parent, name


def below(path: str, name: str) -> str:
    """`name` in the directory `path`, which is empty for the root."""
    return f"{path}/{name}" if path else name


def stat_in(directory: int, name: str) -> os.stat_result | None:
    """What is at `name`, links themselves; None when there is nothing."""
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None
