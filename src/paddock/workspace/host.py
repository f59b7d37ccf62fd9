"""Writing to the repository: beneath its root only, by descriptor, each file in one step.

INVARIANT FS-08: no path is resolved twice, no link is followed, nothing outside is opened.
A file is written without a name (O_TMPFILE), complete with mode and owner, and then linked in; over an existing
one by way of a temporary name and a rename. So hard links on the host are broken, not written through, a full
disk leaves nothing half-written, and a crash leaves the old file or the new one.

Data is on the disk before a name points to it, for the first files of an apply; a large apply syncs its file
system in batches instead, always before the change set lets go of its own copy. A power cut in between can
leave an empty file where the file system orders nothing itself; the change set still has it, so nothing is lost.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress

from paddock.kernel import files
from paddock.workspace import content, removal
from paddock.workspace.descent import PLACE, open_beneath, split, stat_in
from paddock.workspace.journal import HOST_MODE, Journal, Loosened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from paddock.workspace.change import Change

SYNCED_ONE_BY_ONE = 256
_NO_TMPFILE = frozenset([errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT])


class Intervened(Exception):
    """The host changed between our look and our write."""


class Host:
    """The repository as a place to write."""

    def __init__(self, root: int, upper: int, journal: Journal) -> None:
        """`upper` tells the modes of directories that have to be made on the way."""
        self.root = root
        self.loosened = Loosened(HOST_MODE, root, journal)
        self._upper = upper
        self._journal = journal
        self._place: tuple[str, int] | None = None
        self._synced = 0

    def look(self, path: str) -> os.stat_result | None:
        """What is there now; None also where its directory is not."""
        parent, name = split(path)
        try:
            return stat_in(self._directory(parent), name)
        except FileNotFoundError:
            return None

    def put_file(self, change: Change, source: int, expected: os.stat_result | None) -> None:
        """Give a path the content of `source` and the change's mode. `expected` is what `look` saw there."""
        parent, name = split(change.path)

        def write(directory: int) -> None:
            unnamed, temporary = self._new_file(directory, parent)
            try:
                content.copy(source, unnamed)
                self._own(directory, unnamed, expected)
                os.fchmod(unnamed, change.mode)
                self._sync(unnamed)
                if not temporary and expected is None:
                    _name(unnamed, directory, name)
                    return
                if not temporary:
                    temporary = self._journal.temporary(parent)
                    _name(unnamed, directory, temporary)
                _swap(directory, temporary, name, expected)
            finally:
                os.close(unnamed)
                if temporary:
                    removal.remove(directory, temporary)

        self._within(parent, write)

    def put_link(self, change: Change, target: str, expected: os.stat_result | None) -> None:
        """Make a symbolic link."""
        parent, name = split(change.path)

        def write(directory: int) -> None:
            made = name if expected is None else self._journal.temporary(parent)
            try:
                os.symlink(target, made, dir_fd=directory)
            except FileExistsError:
                raise Intervened from None
            self._own_name(directory, made)
            if expected is not None:
                try:
                    _swap(directory, made, name, expected)
                finally:
                    removal.remove(directory, made)

        self._within(parent, write)

    def put_directory(self, path: str, mode: int, expected: os.stat_result | None = None) -> None:
        """Make a directory, in place of something else if `expected` says so. It stays writable until the end."""
        parent, name = split(path)

        def write(directory: int) -> None:
            made = name if expected is None else self._journal.temporary(parent)
            if mode & stat.S_IRWXU != stat.S_IRWXU:
                self.loosened.owe(path, mode)
            try:
                os.mkdir(made, 0o700, dir_fd=directory)
            except FileExistsError:
                raise Intervened from None
            self._own_name(directory, made)
            _chmod(directory, made, mode | 0o700)
            if expected is not None:
                try:
                    _swap(directory, made, name, expected)
                finally:
                    removal.remove(directory, made)

        self._within(parent, write)

    def set_mode(self, change: Change, expected: os.stat_result) -> None:
        """Change permissions in place. The caller sees to hard links."""
        parent, name = split(change.path)

        def write(directory: int) -> None:
            _same(directory, name, expected)
            _chmod(directory, name, change.mode)

        if change.type == "directory" and change.path in self.loosened.modes:
            self.loosened.owe(change.path, change.mode)
            return
        self._within(parent, write)

    def remove(self, path: str, expected: os.stat_result) -> None:
        """Remove a file, or a directory that is empty."""
        parent, name = split(path)

        def write(directory: int) -> None:
            if stat.S_ISDIR(expected.st_mode):
                self._leave(path)
                os.rmdir(name, dir_fd=directory)
                self.loosened.modes.pop(path, None)
            else:
                _same(directory, name, expected)
                os.unlink(name, dir_fd=directory)

        self._within(parent, write)

    def close(self) -> None:
        """Let go of the last directory."""
        if self._place:
            os.close(self._place[1])
            self._place = None

    def _leave(self, path: str) -> None:
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

    def _within(self, parent: str, write: Callable[[int], None]) -> None:
        try:
            directory = self._directory(parent)
        except FileNotFoundError:
            self._make_parents(parent)
            directory = self._directory(parent)
        try:
            write(directory)
        except PermissionError as error:
            if error.errno != errno.EACCES or not self.loosened.loosen(parent):
                raise
            write(directory)

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

    def _own(self, directory: int, descriptor: int, expected: os.stat_result | None) -> None:
        """Root gives files to whom they belonged, new ones to the owner of the directory; others keep the group."""
        if expected is not None and not stat.S_ISDIR(expected.st_mode):
            owner = expected
        elif os.geteuid() == 0:
            owner = os.fstat(directory)
        else:
            return
        found = os.fstat(descriptor)
        if os.geteuid() == 0:
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        elif found.st_gid != owner.st_gid:
            # Not a member of that group: the file gets the person's own, as with any editor.
            with suppress(PermissionError):
                os.fchown(descriptor, -1, owner.st_gid)

    def _own_name(self, directory: int, name: str) -> None:
        if os.geteuid() == 0:
            owner = os.fstat(directory)
            os.chown(name, owner.st_uid, owner.st_gid, dir_fd=directory, follow_symlinks=False)

    def _sync(self, descriptor: int) -> None:
        if self._synced < SYNCED_ONE_BY_ONE:
            self._synced += 1
            os.fsync(descriptor)


def _name(descriptor: int, directory: int, name: str) -> None:
    try:
        os.link(f"/proc/self/fd/{descriptor}", name, dst_dir_fd=directory, follow_symlinks=True)
    except FileExistsError:
        raise Intervened from None


def _same(directory: int, name: str, expected: os.stat_result | None) -> None:
    """Raise Intervened unless the host still has what we looked at."""
    found = stat_in(directory, name)
    if found is None or expected is None:
        if found is not expected:
            raise Intervened
        return
    if (found.st_dev, found.st_ino, found.st_ctime_ns) != (expected.st_dev, expected.st_ino, expected.st_ctime_ns):
        raise Intervened


def _swap(directory: int, temporary: str, name: str, expected: os.stat_result | None) -> None:
    """Put the temporary one in its place; what a rename cannot replace goes to the temporary name."""
    _same(directory, name, expected)
    made = os.stat(temporary, dir_fd=directory, follow_symlinks=False)
    if expected is not None and (stat.S_ISDIR(expected.st_mode) or stat.S_ISDIR(made.st_mode)):
        files.exchange(directory, temporary, name)
    else:
        os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)


def _chmod(directory: int, name: str, mode: int) -> None:
    """Permissions of a file or directory; a directory keeps the set-group-id bit that its parent gave it."""
    descriptor = open_beneath(directory, name, os.O_PATH)
    try:
        found = os.fstat(descriptor).st_mode
        kept = found & stat.S_ISGID if stat.S_ISDIR(found) else 0
        files.change_mode(descriptor, mode | kept)
    finally:
        os.close(descriptor)
