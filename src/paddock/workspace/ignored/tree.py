"""A tree of ours that programs have written: its directories are opened whatever modes they have."""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from paddock.kernel import files, xattr
from paddock.workspace import removal
from paddock.workspace.descent import PLACE, open_beneath, split, stat_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NOTHING, DIRECTORY, OPAQUE, OTHER = "nothing", "directory", "opaque directory", "something else"
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY
_ALL = stat.S_IRWXU


class Tree:
    """A tree that we hold alone. Directories that keep their owner out are opened up until `close`.

    A kill leaves them open: what is in layers comes from programs, which seldom mind.
    """

    def __init__(self, root: int) -> None:
        """`root` stays the caller's."""
        self.root = root
        self._modes: dict[str, int] = {}

    def open(self, path: str) -> int:
        """A directory's descriptor, with all rights for its owner. Raises OSError."""
        try:
            place = open_beneath(self.root, path, PLACE)
        except PermissionError:
            for above in prefixes(path):
                self._open_up(above)
            place = open_beneath(self.root, path, PLACE)
        try:
            self._open_up(path, place)
            return files.reopen(place, _DIRECTORY)
        finally:
            os.close(place)

    def _open_up(self, path: str, place: int | None = None) -> None:
        descriptor = open_beneath(self.root, path, PLACE) if place is None else place
        try:
            mode = os.fstat(descriptor).st_mode & 0o7777
            if mode & _ALL != _ALL:
                self._modes.setdefault(path, mode)
                files.change_mode(descriptor, mode | _ALL)
        finally:
            if place is None:
                os.close(descriptor)

    def make(self, path: str, *models: int) -> int:
        """As `open`; directories that are missing are made as the first of the trees `models` has them.

        Raises OSError, ENOENT where none of them has got one, ENOTDIR where something else is in the way.
        """
        for prefix in prefixes(path):
            parent, name = split(prefix)
            here = self.open(parent)
            try:
                if stat_in(here, name) is None:
                    _imitate(here, name, prefix, models)
            finally:
                os.close(here)
        return self.open(path)

    def kind(self, path: str) -> str:
        """What is there: NOTHING, a DIRECTORY that lets others show, an OPAQUE one, or OTHER."""
        parent, name = split(path)
        try:
            here = self.open(parent)
        except (FileNotFoundError, NotADirectoryError):
            return NOTHING
        try:
            found = stat_in(here, name) if name else os.fstat(here)
        finally:
            os.close(here)
        if found is None:
            return NOTHING
        if not stat.S_ISDIR(found.st_mode):
            return OTHER
        return OPAQUE if self._hides(path) else DIRECTORY

    def _hides(self, path: str) -> bool:
        """Whether a directory is opaque. It may be moved next, and so keeps its mode."""
        place = open_beneath(self.root, path, PLACE)
        mode = os.fstat(place).st_mode & 0o7777
        closed = not mode & stat.S_IRUSR  # which the attribute asks for, not only the descriptor
        try:
            if closed:
                files.change_mode(place, mode | stat.S_IRUSR)
            here = files.reopen(place, _DIRECTORY)
            try:
                return xattr.is_opaque(here)
            finally:
                os.close(here)
        finally:
            if closed:
                files.change_mode(place, mode)
            os.close(place)

    def set_opaque(self, path: str, *, opaque: bool = True) -> None:
        """Let a directory hide what is below it, or show that."""
        here = self.open(path)
        try:
            xattr.set_opaque(here, opaque=opaque)
        finally:
            os.close(here)

    def imitate(self, path: str, other: Tree) -> None:
        """Give a directory the mode and owner that it has in another tree.

        And the mark of having been copied up: without it overlayfs takes a directory that only one layer has for
        free of deletion marks, and lists them as files that are not there.
        """
        theirs, ours = other.open(path), self.open(path)
        try:
            found, now = os.fstat(theirs), os.fstat(ours)
            mode = other._modes.get(path, found.st_mode & 0o7777)
            if (now.st_uid, now.st_gid) != (found.st_uid, found.st_gid):
                os.fchown(ours, found.st_uid, found.st_gid)
            if mode != self._modes.get(path, now.st_mode & 0o7777):
                self._modes[path] = mode
                os.fchmod(ours, mode | _ALL)
            origin = xattr.get(theirs, xattr.ORIGIN)
            if origin is not None and not xattr.came_from_below(ours):
                os.setxattr(ours, xattr.ORIGIN, origin)
        finally:
            os.close(theirs)
            os.close(ours)

    def remove(self, path: str) -> None:
        """Remove what is there, if it is."""
        self._where_it_is(path, removal.remove)

    def remove_if_empty(self, path: str) -> None:
        """Remove a directory that leads to nothing."""

        def remove(here: int, name: str) -> None:
            with suppress(OSError):  # it leads to something, or has gone
                os.rmdir(name, dir_fd=here)

        self._where_it_is(path, remove)

    def _where_it_is(self, path: str, act: Callable[[int, str], None]) -> None:
        parent, name = split(path)
        try:
            here = self.open(parent)
        except FileNotFoundError:
            return
        try:
            act(here, name)
        finally:
            os.close(here)

    def close(self) -> None:
        """Give the directories their modes back, the deepest first."""
        for path, mode in sorted(self._modes.items(), reverse=True):
            try:
                place = open_beneath(self.root, path, PLACE)
            except OSError:
                continue  # it has moved on, with its mode
            files.change_mode(place, mode)
            os.close(place)
        self._modes.clear()


def prefixes(path: str) -> list[str]:
    """`a`, `a/b`, `a/b/c` of `a/b/c`; nothing of the root."""
    names = path.split("/") if path else []
    return ["/".join(names[:count]) for count in range(1, len(names) + 1)]


def is_opaque(root: int, path: str) -> bool:
    """Whether a directory hides what is below it. One that we may not read, may."""
    try:
        here = open_beneath(root, path, _DIRECTORY)
    except OSError:
        return True
    try:
        return xattr.is_opaque(here)
    finally:
        os.close(here)


def rename(source: int, name: str, target: int, new_name: str = "") -> None:
    """Move one name to another directory. Moving a directory changes its "..", for which its owner must write to it."""
    new_name = new_name or name
    try:
        os.rename(name, new_name, src_dir_fd=source, dst_dir_fd=target)
    except PermissionError:
        place = open_beneath(source, name, PLACE)
        try:
            mode = os.fstat(place).st_mode & 0o7777
            files.change_mode(place, mode | _ALL)
            try:
                os.rename(name, new_name, src_dir_fd=source, dst_dir_fd=target)
            finally:
                files.change_mode(place, mode)
        finally:
            os.close(place)


def _imitate(directory: int, name: str, path: str, models: Sequence[int]) -> None:
    """Make a directory with a model's mode and owner; overlayfs shows those of the topmost layer."""
    found = _first(models, path)
    os.mkdir(name, 0o700, dir_fd=directory)
    if os.geteuid() == 0:
        os.chown(name, found.st_uid, found.st_gid, dir_fd=directory)
    os.chmod(name, found.st_mode & 0o1777 | 0o700, dir_fd=directory)


def _first(models: Sequence[int], path: str) -> os.stat_result:
    for number, model in enumerate(models, 1):
        try:
            place = open_beneath(model, path, PLACE)
        except FileNotFoundError:
            if number == len(models):
                raise
            continue
        try:
            return os.fstat(place)
        finally:
            os.close(place)
    raise FileNotFoundError(path)
