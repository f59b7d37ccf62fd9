"""Move what is dangerous out of the repository, and put back what was there before.

In two steps of the kernel, so that nothing is lost to whoever writes there at the same time: first the file gets a
name that no program looks for, in one rename (the old one comes back to its place by the same call), then it is
copied to the run's ground, and removed. INVARIANT FS-08: by descriptor, and through no link.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress

from paddock.frozen import frozen
from paddock.kernel import files
from paddock.kernel.openat2 import openat2
from paddock.workspace.descent import split, stat_in
from paddock.workspace.live import tree
from paddock.workspace.live.copies import make_parents
from paddock.workspace.live.ground import alike, copy_leaf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from paddock.workspace.live.ground import Ground
    from paddock.workspace.live.survey import Known
    from paddock.workspace.live.sweep import Danger

    T = TypeVar("T")

PREFIX = ".paddock-live-"
_SET_ID = "shape-set-id"


@frozen
class Moved:
    """What became of a danger. `restored`: the old content is back. `problem`: why it is still in the repository."""

    path: str
    restored: bool = False
    problem: str = ""


class Mover:
    """Moves files from the repository to a run's ground."""

    def __init__(self, root: int, ground: Ground) -> None:
        """`root` is the repository, and stays the caller's."""
        self._root = root
        self._ground = ground

    def move(self, danger: Danger) -> Moved:
        """Move one; a file that is dangerous by its set-id bits alone loses these, and stays.

        Raises OSError where it is gone already, or its directory is another one.
        """
        parent, name = split(danger.path)
        with tree.opened(self._root, parent) as place:
            if {hazard.name for hazard in danger.hazards} == {_SET_ID}:
                return Moved(danger.path, restored=True, problem=_without_set_id(place, name))
            temporary = PREFIX + os.urandom(8).hex()
            self._ground.note(temporary, danger.path)
            try:
                restored = writing(place, lambda: self._take_away(place, name, temporary, danger))
            except FileNotFoundError:
                raise
            except OSError as error:
                return Moved(danger.path, problem=error.strerror or str(error))
            return Moved(danger.path, restored, self._keep(place, temporary, danger.path))

    def finish(self) -> None:
        """Keep what a killed one had only renamed; an old content that it had not put back yet is removed."""
        for temporary, path in self._ground.noted():
            parent, name = split(path)
            if not temporary.startswith(PREFIX) or "/" in temporary:
                continue
            with suppress(OSError), tree.opened(self._root, parent) as place:
                self._ground.copies.bring(path)
                if stat_in(place, temporary) is None:
                    continue
                if self._is_before(place, temporary, parent, name):
                    os.unlink(temporary, dir_fd=place)
                else:
                    self._keep(place, temporary, path)

    def _take_away(self, place: int, name: str, temporary: str, danger: Danger) -> bool:
        """Give it the temporary name. Whether the old content is in its place."""
        if danger.known and self._put_before(place, temporary, danger, danger.known):
            try:
                files.exchange(place, temporary, name)
            except OSError:
                os.unlink(temporary, dir_fd=place)
                raise
            return True
        os.rename(name, temporary, src_dir_fd=place, dst_dir_fd=place)
        return False

    def _put_before(self, place: int, temporary: str, danger: Danger, known: Known) -> bool:
        """Write what was there before under the temporary name, if there is a copy of it."""
        parent, name = split(danger.path)
        try:
            with tree.opened(self._ground.before, parent) as kept:
                copy_leaf(kept, name, place, temporary, like=danger.found, mode=known.mode & 0o7777)
        except FileNotFoundError:
            return False
        return True

    def _is_before(self, place: int, temporary: str, parent: str, name: str) -> bool:
        try:
            with tree.opened(self._ground.before, parent) as kept:
                return alike(place, temporary, kept, name)
        except OSError:
            return False

    def _keep(self, place: int, temporary: str, path: str) -> str:
        """Copy it to the ground and remove it. Why not, where that fails; nothing is lost then."""
        try:
            make_parents(self._ground.upper, split(path)[0], self._mode_of)
            self._refuse_directory(path)
            copy_leaf(place, temporary, self._ground.upper, path)
            writing(place, lambda: os.unlink(temporary, dir_fd=place))
        except FileNotFoundError:
            return ""  # somebody renamed it once more: it is met again under its new name
        except OSError as error:
            return f"it is called {temporary} now, and could not be kept elsewhere: {error.strerror}"
        return ""

    def _refuse_directory(self, path: str) -> None:
        """A file that has the name of a directory with files that were moved earlier must not take these away."""
        parent, name = split(path)
        with tree.opened(self._ground.upper, parent) as place:
            found = stat_in(place, name)
        if found and stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))

    def _mode_of(self, path: str) -> int:
        """The mode of a directory of the repository, so that the change set has nothing to say about it."""
        try:
            with tree.opened(self._root, path) as place:
                return os.fstat(place).st_mode & 0o1777
        except OSError:
            return 0o755


def _without_set_id(place: int, name: str) -> str:
    descriptor = openat2(place, name, os.O_PATH | os.O_NOFOLLOW)
    try:
        files.change_mode(descriptor, os.fstat(descriptor).st_mode & 0o1777)
    except OSError as error:
        return error.strerror or str(error)
    finally:
        os.close(descriptor)
    return ""


def writing(place: int, step: Callable[[], T]) -> T:
    """Do something in a directory, which is made writable for the moment if that is what it takes."""
    try:
        return step()
    except PermissionError:
        mode = os.fstat(place).st_mode & 0o7777
        if mode & 0o300 == 0o300:  # noqa: PLR2004 - its owner may write and enter
            raise
        files.change_mode(place, mode | 0o700)
    try:
        return step()
    finally:
        files.change_mode(place, mode)
