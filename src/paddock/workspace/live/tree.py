"""The repository as it lies on the host while a sandbox writes in it: opened by descriptor, through no link.

Other than in a change set, mounts below the repository are part of it: the sandbox sees and writes them as well.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager

from paddock.frozen import frozen
from paddock.kernel import files
from paddock.kernel.openat2 import RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS, openat2
from paddock.workspace.descent import DIRECTORY, PLACE, below
from paddock.workspace.holding import LONGEST_PATH, is_git

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_RESOLVE = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS
# Git itself links objects between clones (git clone --local). They are read-only, and named by their content.
_OBJECTS = "objects"
# Gone or another kind of thing since it was listed, not readable for us (nor for any program of the person's), or
# nested so deep that no program opens it by its path.
_PASSED_OVER = frozenset([errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES, errno.ENAMETOOLONG])


@frozen
class Listing:
    """One directory, open while it is looked at."""

    path: str
    fd: int
    entries: tuple[os.DirEntry[str], ...]


def open_directory(root: int, path: str, flags: int = DIRECTORY) -> int:
    """Open a directory beneath the root ("" is the root itself). Raises OSError."""
    return openat2(root, path or ".", flags, resolve=_RESOLVE)


@contextmanager
def opened(root: int, path: str) -> Iterator[int]:
    """The same for calls that work in it, which need no right to read it."""
    descriptor = open_directory(root, path, PLACE)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def looking(root: int, path: str) -> Iterator[int | None]:
    """The same for listing it; None for one that is passed over."""
    try:
        descriptor = open_directory(root, path)
    except OSError as error:
        if error.errno not in _PASSED_OVER:
            raise
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def opening(root: int, path: str) -> Iterator[int | None]:
    """The same for a directory that keeps its owner out: a program that knows a name in it may still open that.

    Its mode is another for as long as it is looked at.
    """
    with looking(root, path) as descriptor:
        if descriptor is not None or os.geteuid() == 0:
            yield descriptor
            return
    try:
        place = open_directory(root, path, PLACE)
    except OSError:
        yield None
        return
    mode = os.fstat(place).st_mode & 0o7777
    try:
        files.change_mode(place, mode | 0o700)
        descriptor = files.reopen(place, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:  # somebody else's
        os.close(place)
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)
        files.change_mode(place, mode)
        os.close(place)


def walk(root: int, start: str = "", *, anyhow: bool = False) -> Iterator[Listing]:
    """Every directory at and beneath `start`, but for git's objects. Names that vanish meanwhile are no error.

    `anyhow`: also those that keep their owner out.
    """
    look = opening if anyhow else looking
    left = [start]
    while left:
        path = left.pop()
        with look(root, path) as descriptor:
            if descriptor is None:
                continue
            with os.scandir(descriptor) as found:
                entries = tuple(found)
            yield Listing(path, descriptor, entries)
        for entry in entries:
            if entry.is_dir(follow_symlinks=False) and not _holds_objects(path, entry.name):
                deeper = below(path, entry.name)
                if len(deeper) < LONGEST_PATH // 4 or len(os.fsencode(deeper)) < LONGEST_PATH:
                    left.append(deeper)


def _holds_objects(path: str, name: str) -> bool:
    return name == _OBJECTS and is_git(path.rpartition("/")[2])


def stat_entry(entry: os.DirEntry[str]) -> os.stat_result | None:
    """What an entry is, links themselves; None when it is gone."""
    try:
        return entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
