"""What an apply has to put right if it is killed: temporary names and modes, noted before they come to be.

Contents need no journal: every file is replaced in one step, and what the host has already is recognised by its
content, so that a second apply simply goes on. The notes are for crashes of Paddock, not of the machine; they
are not synced.
"""

from __future__ import annotations

import os
import stat

from paddock.kernel import files
from paddock.workspace import removal
from paddock.workspace.applying import deeds
from paddock.workspace.descent import PLACE, open_beneath

NAME = "journal"
PREFIX = ".paddock-apply-"
_ENTER_AND_WRITE = stat.S_IWUSR | stat.S_IXUSR
TEMPORARY, HOST_MODE, UPPER_MODE = "temporary", "host-mode", "upper-mode"


class Journal:
    """An append-only list of (kind, path, value), in the change set's directory."""

    def __init__(self, directory: int) -> None:
        """The file is made with the first note."""
        self._directory = directory
        self._file: int | None = None

    def note(self, kind: str, path: str, value: str) -> None:
        """Write one record; it is there before this returns, for every later process to see."""
        if self._file is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            self._file = os.open(NAME, flags, 0o600, dir_fd=self._directory)
            os.fchmod(self._file, 0o600)  # whatever the umask is
        deeds.append_whole(self._file, b"".join(os.fsencode(part) + b"\0" for part in (kind, path, value)))

    def temporary(self, parent: str) -> str:
        """A new name in a host directory, noted."""
        name = PREFIX + os.urandom(8).hex()
        self.note(TEMPORARY, parent, name)
        return name

    def finish(self) -> None:
        """Everything noted has been put right."""
        if self._file is not None:
            os.close(self._file)
            os.unlink(NAME, dir_fd=self._directory)
            self._file = None


def recover(directory: int, upper: int, lower: int) -> None:
    """Put right what a killed apply left: remove its temporary names, then give directories their modes back."""
    try:
        descriptor = os.open(NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    except FileNotFoundError:
        return
    with open(descriptor, "rb") as file:
        parts = [os.fsdecode(part) for part in file.read().split(b"\0")]
    records = list(zip(parts[::3], parts[1::3], parts[2::3], strict=False))
    for kind, parent, name in records:
        if kind == TEMPORARY and name.startswith(PREFIX) and "/" not in name:
            _remove_temporary(lower, parent, name)
    for kind, path, mode in reversed(records):
        if kind in (HOST_MODE, UPPER_MODE):
            set_mode(lower if kind == HOST_MODE else upper, path, int(mode, 8))
    os.unlink(NAME, dir_fd=directory)


def _remove_temporary(root: int, parent: str, name: str) -> None:
    try:
        place = open_beneath(root, parent, PLACE)
    except OSError:
        return
    try:
        removal.remove(place, name)
    finally:
        os.close(place)


def set_mode(root: int, path: str, mode: int) -> None:
    """Give a directory its mode; it may be gone by now."""
    try:
        place = open_beneath(root, path, PLACE)
    except OSError:
        return
    try:
        files.change_mode(place, mode)
    finally:
        os.close(place)


class Loosened:
    """Directories that we had to make writable for their owner, and how they must be at the end."""

    def __init__(self, kind: str, root: int, journal: Journal) -> None:
        """`kind` is HOST_MODE or UPPER_MODE, `root` the tree that the paths are in."""
        self.modes: dict[str, int] = {}
        self._kind = kind
        self._root = root
        self._journal = journal

    def loosen(self, path: str) -> bool:
        """Let the owner write in a directory. Whether that made a difference."""
        place = open_beneath(self._root, path, PLACE)
        try:
            mode = os.fstat(place).st_mode & 0o7777
            if mode & _ENTER_AND_WRITE == _ENTER_AND_WRITE:
                return False
            self.owe(path, self.modes.get(path, mode))
            files.change_mode(place, mode | 0o700)
        finally:
            os.close(place)
        return True

    def owe(self, path: str, mode: int) -> None:
        """Promise a directory this mode."""
        self.modes[path] = mode
        self._journal.note(self._kind, path, oct(mode))

    def mode_of(self, path: str, found: int) -> int:
        """The mode that counts: the promised one, or the one found."""
        return self.modes.get(path, found & 0o7777)

    def restore(self) -> None:
        """Keep all promises, the deepest first."""
        for path, mode in sorted(self.modes.items(), reverse=True):
            set_mode(self._root, path, mode)
        self.modes.clear()
