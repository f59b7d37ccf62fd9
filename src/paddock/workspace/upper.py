"""The change set as a place that is emptied: what was applied or discarded leaves the upper directory."""

from __future__ import annotations

import errno
import os
import stat

from paddock.workspace import holding
from paddock.workspace.descent import PLACE, open_beneath, split
from paddock.workspace.entries import ENTER, LEAVE, Pair, Visit, traverse
from paddock.workspace.journal import UPPER_MODE, Journal, Loosened
from paddock.workspace.keeper import Nobody

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from paddock.workspace.keeper import Keeper

_GONE = frozenset([errno.ENOENT, errno.ENOTDIR, errno.ELOOP])
_FULL = frozenset([errno.ENOTEMPTY, errno.EEXIST])


class Upper:
    """An upper directory that we hold alone; opaque directories are expanded."""

    def __init__(self, root: int, journal: Journal, keeper: Keeper | None = None) -> None:
        """`root` stays the caller's."""
        self._keeper = keeper or Nobody()
        self.loosened = Loosened(UPPER_MODE, root, journal)
        self._root = root

    def drop(self, path: str, number: int = 0) -> None:
        """Forget about one path; directories go with `prune`. What is not there is no error.

        `number` is the deed that took it to the host; without one nothing is kept.
        """
        parent, name = split(path)
        try:
            place = open_beneath(self._root, parent, PLACE)
        except OSError as error:
            if error.errno in _GONE:
                return  # below a deletion mark, which stands for all of it
            raise
        try:
            found = os.stat(name, dir_fd=place, follow_symlinks=False)
            if not stat.S_ISDIR(found.st_mode):
                take = self._keeper.take_upper if number else Nobody().take_upper
                self.writing(parent, lambda: take(number, place, name))
        except FileNotFoundError:
            pass
        finally:
            os.close(place)

    def prune(self, lower: int, on_host: Loosened) -> None:
        """Remove directories that say nothing: empty ones that the host has with the same mode."""
        pair = Pair(self._root, lower)
        try:
            for visit in traverse(pair):
                if visit.phase == ENTER and holding.is_git(visit.name):
                    visit.skip = True
                elif visit.phase == LEAVE and self._says_nothing(visit, on_host):
                    self.remove_empty(pair.upper.fd, visit)
        finally:
            pair.close()

    def remove_empty(self, directory: int, visit: Visit) -> bool:
        """Remove a directory of the upper tree if it is empty. Whether it was."""
        try:
            self.writing(split(visit.path)[0], lambda: os.rmdir(visit.name, dir_fd=directory))
        except OSError as error:
            if error.errno in _FULL:
                return False
            raise
        self.loosened.modes.pop(visit.path, None)
        return True

    def writing(self, parent: str, step: Callable[[], None]) -> None:
        """Do something in a directory, which is made writable if that is what it takes."""
        try:
            step()
        except PermissionError:
            if not self.loosened.loosen(parent):
                raise
            step()

    def _says_nothing(self, visit: Visit, on_host: Loosened) -> bool:
        if visit.lower is None or not visit.over_directory or visit.opaque:
            return False
        ours = self.loosened.mode_of(visit.path, visit.upper.st_mode)
        theirs = on_host.mode_of(visit.path, visit.lower.st_mode)
        return (ours ^ theirs) & 0o1777 == 0
