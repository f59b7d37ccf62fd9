"""Writing to the repository: beneath its root only, by descriptor, each file in one step.

INVARIANT FS-08: no path is resolved twice, no link is followed, nothing outside is opened.
A file is written without a name (O_TMPFILE), complete with mode and owner, and then linked in; over an existing
one by way of a temporary name and a rename. So hard links on the host are broken, not written through, a full
disk leaves nothing half-written, and a crash leaves the old file or the new one.

Data is on the disk before a name points to it, for the first files of an apply; a large apply syncs its file
system in batches instead, always before the change set lets go of its own copy. A power cut in between can
leave an empty file where the file system orders nothing itself; the change set still has it, so nothing is lost.

What a step takes from the host goes to a keeper (`past`) first, so that it can be undone.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager

from paddock.kernel import files
from paddock.workspace import content, removal
from paddock.workspace.applying.deeds import NOTHING, state_of
from paddock.workspace.applying.keeper import Nobody
from paddock.workspace.descent import PLACE, open_beneath, split, stat_in
from paddock.workspace.journal import HOST_MODE, Journal, Loosened
from paddock.workspace.steps import Intervened, change_mode, name_it, own, own_name, same, swap_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paddock.workspace.applying.deeds import State
    from paddock.workspace.applying.keeper import Keeper
    from paddock.workspace.change import Change

SYNCED_ONE_BY_ONE = 256
_NO_TMPFILE = frozenset([errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT])


class Host:
    """The repository as a place to write."""

    def __init__(self, root: int, upper: int, journal: Journal, keeper: Keeper | None = None) -> None:
        """`upper` tells the modes of directories that have to be made on the way."""
        self.root = root
        self.loosened = Loosened(HOST_MODE, root, journal)
        self._upper = upper
        self._journal = journal
        self._keeper = keeper or Nobody()
        self._place: tuple[str, int] | None = None
        self._synced = 0

    def look(self, path: str) -> os.stat_result | None:
        """What is there now; None also where its directory is not."""
        parent, name = split(path)
        try:
            return stat_in(self._directory(parent), name)
        except FileNotFoundError:
            return None

    def put_file(
        self, change: Change, source: int, expected: os.stat_result | None, *, base: str = "", digest: str = ""
    ) -> int:
        """Give a path the content of `source` and the change's mode. `expected` is what `look` saw there.

        `base` and `digest` are for the keeper's notes, see `deeds`. Gives the number of the deed.
        """
        parent, name = split(change.path)

        def write(directory: int) -> int:
            unnamed, temporary = self._new_file(directory, parent)
            try:
                content.copy(source, unnamed)
                own(directory, unnamed, expected)
                os.fchmod(unnamed, change.mode)
                self._sync(unnamed)
                after = state_of(os.fstat(unnamed), digest=digest)
                with self._noted(change.path, self._before(change.path, expected), after, base) as number:
                    if not temporary and expected is None:
                        name_it(unnamed, directory, name)
                        return number
                    if not temporary:
                        temporary = self._journal.temporary(parent)
                        name_it(unnamed, directory, temporary)
                    self._swap(number, directory, temporary, name, expected)
                    return number
            finally:
                os.close(unnamed)
                if temporary:
                    removal.remove(directory, temporary)

        return self.within(parent, write)

    def put_link(self, change: Change, target: str, expected: os.stat_result | None, *, base: str = "") -> int:
        """Make a symbolic link. Gives the number of the deed."""
        parent, name = split(change.path)

        def write(directory: int) -> int:
            after = state_of(None, mode=stat.S_IFLNK | 0o777)
            with self._noted(change.path, self._before(change.path, expected), after, base) as number:
                made = name if expected is None else self._journal.temporary(parent)
                try:
                    os.symlink(target, made, dir_fd=directory)
                except FileExistsError:
                    raise Intervened from None
                own_name(directory, made)
                if expected is not None:
                    self._replace(number, directory, made, name, expected)
                return number

        return self.within(parent, write)

    def put_directory(self, path: str, mode: int, expected: os.stat_result | None = None, *, base: str = "") -> int:
        """Make a directory, in place of something else if `expected` says so. It stays writable until the end."""
        parent, name = split(path)

        def write(directory: int) -> int:
            after = state_of(None, mode=stat.S_IFDIR | mode)
            with self._noted(path, self._before(path, expected), after, base) as number:
                made = name if expected is None else self._journal.temporary(parent)
                if mode & stat.S_IRWXU != stat.S_IRWXU:
                    self.loosened.owe(path, mode)
                try:
                    os.mkdir(made, 0o700, dir_fd=directory)
                except FileExistsError:
                    raise Intervened from None
                own_name(directory, made)
                change_mode(directory, made, mode | 0o700)
                if expected is not None:
                    self._replace(number, directory, made, name, expected)
                return number

        return self.within(parent, write)

    def set_mode(self, change: Change, expected: os.stat_result, *, base: str = "") -> int:
        """Change permissions in place. The caller sees to hard links."""
        parent, name = split(change.path)
        before = self._before(change.path, expected)
        after = state_of(expected, mode=stat.S_IFMT(expected.st_mode) | change.mode)
        if change.type == "directory" and change.path in self.loosened.modes:
            number = self._keeper.note(change.path, before, after, base)
            self.loosened.owe(change.path, change.mode)
            return number

        def write(directory: int) -> int:
            with self._noted(change.path, before, after, base) as number:
                same(directory, name, expected)
                change_mode(directory, name, change.mode)
                return number

        return self.within(parent, write)

    def remove(self, path: str, expected: os.stat_result, *, base: str = "") -> int:
        """Remove a file, or a directory that is empty."""
        parent, name = split(path)

        def write(directory: int) -> int:
            with self._noted(path, self._before(path, expected), NOTHING, base) as number:
                if stat.S_ISDIR(expected.st_mode):
                    self.leave(path)
                    os.rmdir(name, dir_fd=directory)
                    self.loosened.modes.pop(path, None)
                else:
                    same(directory, name, expected)
                    self._keeper.take(number, directory, name)
                return number

        return self.within(parent, write)

    def close(self) -> None:
        """Let go of the last directory."""
        if self._place:
            os.close(self._place[1])
            self._place = None

    def _before(self, path: str, expected: os.stat_result | None) -> State:
        if expected is None or not stat.S_ISDIR(expected.st_mode):
            return state_of(expected)
        return state_of(expected, mode=stat.S_IFDIR | self.loosened.mode_of(path, expected.st_mode))

    @contextmanager
    def _noted(self, path: str, before: State, after: State, base: str) -> Iterator[int]:
        """Note a deed around its doing; one that failed has not been done."""
        number = self._keeper.note(path, before, after, base)
        try:
            yield number
        except (OSError, Intervened):
            self._keeper.void(number)
            raise

    def _replace(self, number: int, directory: int, made: str, name: str, expected: os.stat_result) -> None:
        try:
            self._swap(number, directory, made, name, expected)
        finally:
            removal.remove(directory, made)

    def _swap(self, number: int, directory: int, temporary: str, name: str, expected: os.stat_result | None) -> None:
        """Put the temporary one in its place; what a rename cannot replace goes to the temporary name."""
        same(directory, name, expected)
        made = os.stat(temporary, dir_fd=directory, follow_symlinks=False)
        if expected is not None and stat.S_ISDIR(expected.st_mode):
            swap_directory(directory, temporary, name)
            return
        if expected is not None:
            self._keeper.keep(number, directory, name)
        if expected is not None and stat.S_ISDIR(made.st_mode):
            files.exchange(directory, temporary, name)
        else:
            os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)

    def temporary(self, parent: str) -> str:
        """A new name in a directory, which is cleared up after a crash."""
        return self._journal.temporary(parent)

    def leave(self, path: str) -> None:
        """Do not hold this directory open any more."""
        if self._place and self._place[0] == path:
            self.close()

    def _directory(self, path: str) -> int:
        """The last used directory stays open: neighbours come one after the other."""
        if self._place and self._place[0] == path:
            return self._place[1]
        descriptor = open_beneath(self.root, path, PLACE)
        self.close()
        self._place = (path, descriptor)
        return descriptor

    def within(self, parent: str, write: Callable[[int], int]) -> int:
        """Do something in a directory, which is made or made writable if that is what it takes."""
        try:
            directory = self._directory(parent)
        except FileNotFoundError:
            self._make_parents(parent)
            directory = self._directory(parent)
        try:
            return write(directory)
        except PermissionError as error:
            if error.errno != errno.EACCES or not self.loosened.loosen(parent):
                raise
            return write(directory)

    def _make_parents(self, path: str) -> None:
        missing = []
        while path and self.look(path) is None:
            missing.append(path)
            path = split(path)[0]
        for directory in reversed(missing):
            descriptor = open_beneath(self._upper, directory, PLACE)
            try:
                mode = os.fstat(descriptor).st_mode & 0o1777
            finally:
                os.close(descriptor)
            self.put_directory(directory, mode)

    def _new_file(self, directory: int, parent: str) -> tuple[int, str]:
        """A new file without a name; or with one, where the file system cannot do without."""
        flags = os.O_RDWR | os.O_CLOEXEC
        try:
            return os.open(".", flags | os.O_TMPFILE, 0o600, dir_fd=directory), ""
        except OSError as error:
            if error.errno not in _NO_TMPFILE:
                raise
        name = self._journal.temporary(parent)
        return os.open(name, flags | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=directory), name

    def _sync(self, descriptor: int) -> None:
        if self._synced < SYNCED_ONE_BY_ONE:
            self._synced += 1
            os.fsync(descriptor)
