"""The change set as a place that is emptied: what was applied or discarded leaves the upper directory."""

from __future__ import annotations

import errno
import os
import stat

from paddock.kernel import xattr
from paddock.workspace import holding, removal
from paddock.workspace.applying.keeper import Nobody
from paddock.workspace.descent import DIRECTORY, PLACE, open_beneath, split, stat_in
from paddock.workspace.entries import ENTER, LEAVE, Pair, Visit, traverse
from paddock.workspace.journal import UPPER_MODE, Journal, Loosened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from paddock.workspace.applying.keeper import Keeper

_GONE = frozenset([errno.ENOENT, errno.ENOTDIR, errno.ELOOP])
_HALF = ".half"  # a directory that is being made
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

    def put_back(self, path: str, unit: int, kept: str, lower: int, on_host: Loosened) -> None:
        """Bring an entry back from the directory `unit`, where it is `kept`, with the directories above it.

        What the change set has by now, at the path or above it, is newer, and stays.
        """
        parent, name = split(path)
        if not self._make_parents(parent, unit, lower, on_host):
            return
        place = open_beneath(self._root, parent, PLACE)
        try:
            if stat_in(place, name) is None:
                self.writing(parent, lambda: os.rename(kept, name, src_dir_fd=unit, dst_dir_fd=place))
        except FileNotFoundError:
            pass  # it never left, or was brought back before
        finally:
            os.close(place)

    def put_back_directory(
        self, path: str, mode: int, unit: int, lower: int, on_host: Loosened, *, from_below: bool
    ) -> None:
        """Have a directory again. `from_below`: the host has it as well, with another mode."""
        if not self._make_parents(split(path)[0], unit, lower, on_host) or not self._make(path, mode, unit):
            return
        descriptor = open_beneath(self._root, path, DIRECTORY)
        try:
            if not from_below and xattr.came_from_below(descriptor):
                self.loosened.loosen(path)  # attributes are written as content is
                xattr.set_origin(descriptor, known=False)
        finally:
            os.close(descriptor)

    def _make_parents(self, path: str, unit: int, lower: int, on_host: Loosened) -> bool:
        """Make the directories down to a path, as the host has them. Whether they are directories."""
        missing = []
        while path and (found := _stat_beneath(self._root, path)) is None:
            missing.append(path)
            path = split(path)[0]
        if path and not stat.S_ISDIR(found.st_mode if found else 0):
            return False
        for directory in reversed(missing):
            descriptor = open_beneath(lower, directory, PLACE)
            try:
                mode = on_host.mode_of(directory, os.fstat(descriptor).st_mode)
            finally:
                os.close(descriptor)
            self._make(directory, mode, unit)
        return True

    def _make(self, path: str, mode: int, unit: int) -> bool:
        """Make a directory of the host's, complete, and then give it its name. Whether there is a directory now."""
        parent, name = split(path)
        place = open_beneath(self._root, parent, PLACE)
        try:
            found = stat_in(place, name)
            if found is not None:
                return stat.S_ISDIR(found.st_mode)
            if mode & stat.S_IRWXU != stat.S_IRWXU:
                self.loosened.owe(path, mode & 0o1777)
            removal.remove(unit, _HALF)
            os.mkdir(_HALF, 0o700, dir_fd=unit)
            descriptor = open_beneath(unit, _HALF, DIRECTORY)
            try:
                xattr.set_origin(descriptor, known=True)
                if os.geteuid() == 0:
                    owner = os.fstat(self._root)
                    os.fchown(descriptor, owner.st_uid, owner.st_gid)
                os.fchmod(descriptor, mode & 0o1777 | 0o700)
            finally:
                os.close(descriptor)
            self.writing(parent, lambda: os.rename(_HALF, name, src_dir_fd=unit, dst_dir_fd=place))
        finally:
            os.close(place)
        return True

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


def _stat_beneath(root: int, path: str) -> os.stat_result | None:
    parent, name = split(path)
    try:
        place = open_beneath(root, parent, PLACE)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in _GONE:
            return os.stat_result((0,) * 10)  # something above it is no directory
        raise
    try:
        return stat_in(place, name)
    finally:
        os.close(place)
