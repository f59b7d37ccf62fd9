"""Where `paddock doctor` tries things: a private directory on the file system of the state, gone afterwards.

The directory is locked for as long as its Paddock lives, so whoever clears up can tell a left one. Everything
that its removal needs is held from the start: a trial may use up every descriptor.
"""

from __future__ import annotations

import fcntl
import os
import stat

from paddock.errors import PaddockError
from paddock.state import state_directory
from paddock.workspace.removal import remove

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

PREFIX = ".paddock-trial-"
_RESERVE = 8  # descriptors, more than removal uses at the same time
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class TrialGround:
    """A context in which `place` makes empty directories."""

    def __init__(self) -> None:
        self._parent = state_directory()
        while not os.path.isdir(self._parent):
            self._parent = os.path.dirname(self._parent)
        self._name = ""
        self._held: list[int] = []

    def __enter__(self) -> Self:
        try:
            self._reserve()
            self._make()
        except OSError as error:
            self.__exit__()
            if error.filename is None:
                raise
            raise PaddockError(
                f"cannot make a directory for the trials in {self._parent}",
                why=error.strerror or str(error),
                next_step="set XDG_STATE_HOME to a directory that you can write",
            ) from error
        return self

    def _reserve(self) -> None:
        self._held.append(os.open(self._parent, _DIRECTORY & ~os.O_NOFOLLOW))
        for _ in range(_RESERVE):
            self._held.append(os.dup(self._held[0]))

    def _make(self) -> None:
        while True:
            name = PREFIX + os.urandom(8).hex()
            os.mkdir(f"{self._parent}/{name}", 0o700)
            self._name = name
            lock = _lock(self._held[0], name, wait=True)  # for somebody who looks for left ones
            if lock is not None:
                self._held.append(lock)
                return

    def place(self, name: str) -> str:
        """An empty directory for one trial."""
        path = f"{self._parent}/{self._name}/{name}"
        os.mkdir(path, 0o700)
        return path

    def __exit__(self, *_: object) -> None:
        reserve, self._held[1 : 1 + _RESERVE] = self._held[1 : 1 + _RESERVE], []
        for descriptor in reserve:
            os.close(descriptor)
        try:
            if self._name:
                remove(self._held[0], self._name)
        finally:
            for descriptor in self._held:
                os.close(descriptor)
            self._held.clear()


def left() -> list[str]:
    """The trial directories of ours that nobody holds: their Paddock was killed."""
    return [f"{parent}/{name}" for parent in _parents() for name in _left_in(parent)]


def clear_left() -> list[str]:
    """Remove them; which they were."""
    removed = []
    for path in left():
        parent, name = os.path.split(path)
        directory = os.open(parent, _DIRECTORY & ~os.O_NOFOLLOW)
        lock = _lock(directory, name)
        if lock is not None:
            remove(directory, name)
            os.close(lock)
            removed.append(path)
        os.close(directory)
    return removed


def _parents() -> list[str]:
    """The state directory and all above it: a ground was made in the nearest that existed."""
    found = [state_directory()]
    while found[-1] not in ("/", ""):
        found.append(os.path.dirname(found[-1]))
    return [path for path in found if path and os.path.isdir(path)]


def _left_in(parent: str) -> list[str]:
    try:
        names = sorted(name for name in os.listdir(parent) if name.startswith(PREFIX))
    except OSError:  # a directory above that we may not list, and so made nothing in
        return []
    return [name for name in names if _is_left(parent, name)]


def _is_left(parent: str, name: str) -> bool:
    try:
        found = os.lstat(f"{parent}/{name}")
    except FileNotFoundError:
        return False
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        return False
    directory = os.open(parent, _DIRECTORY & ~os.O_NOFOLLOW)
    lock = _lock(directory, name)
    os.close(directory)
    if lock is None:
        return False
    os.close(lock)
    return True


def _lock(directory: int, name: str, *, wait: bool = False) -> int | None:
    """Hold a trial directory; None when it is gone, or somebody else does and we are not to `wait`."""
    try:
        descriptor = os.open(name, _DIRECTORY, dir_fd=directory)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    if not os.fstat(descriptor).st_nlink:  # removed while we opened it
        os.close(descriptor)
        return None
    return descriptor
