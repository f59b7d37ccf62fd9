"""One deed taken back on the host: is it still what the apply made, and then what was there before.

Where the host has something else by now, that stays. What was kept on the same file system comes back as the very
file, with its times, links and attributes; from another one a copy does, with its mode, owner and time.
"""

from __future__ import annotations

import errno
import os
import stat

from paddock.workspace import content, removal
from paddock.workspace.applying import verdicts
from paddock.workspace.applying.past import NO_LINK
from paddock.workspace.change import Change
from paddock.workspace.content import open_file, open_upper_file
from paddock.workspace.descent import PLACE, open_beneath, split, stat_in
from paddock.workspace.steps import change_mode, same, swap_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.workspace.applying.deeds import Deed, State
    from paddock.workspace.host import Host

GONE = "what was there was not kept"


class Conflicting(Exception):
    """The host has something that the apply neither made nor found."""


class Reverting:
    """Takes deeds back, the last one first."""

    def __init__(self, host: Host, unit: int, upper: int) -> None:
        """`unit` is where things were kept."""
        self._host = host
        self._unit = unit
        self._upper = upper

    def revert(self, deed: Deed) -> None:
        """Have what was there before. Raises Conflicting, Intervened and OSError, and then it is as it was."""
        found = self._host.look(deed.path)
        if self._is_before(deed, found):
            self._owe_mode(deed, found)
            return
        if not self._is_after(deed, found):
            raise Conflicting
        before = deed.before
        if _only_mode(deed) and found is not None:
            self._set_mode(deed, found)
        elif not before.mode:
            if found is not None:
                self._host.remove(deed.path, found)
        elif stat.S_ISDIR(before.mode):
            self._host.put_directory(deed.path, stat.S_IRWXU, found)
            self._owe_mode(deed, self._host.look(deed.path))
        else:
            self._put_back(deed, found)

    def _is_before(self, deed: Deed, found: os.stat_result | None) -> bool:
        """Whether nothing was done, or it was taken back already."""
        before = deed.before
        if found is None or not before.mode:
            return found is None and not before.mode
        if not _mode_is(found, before):
            return False
        if stat.S_ISDIR(before.mode):
            mode = self._host.loosened.mode_of(deed.path, found.st_mode)
            return not stat.S_ISDIR(deed.after.mode) or (mode ^ before.mode) & 0o1777 == 0
        return _identity_is(found, before) or self._same_as_copy(deed, found)

    def _same_as_copy(self, deed: Deed, found: os.stat_result) -> bool:
        try:
            return self._same_as_kept(deed.path, found, self._unit, f"b{deed.number}")
        except PermissionError:
            return False

    def _is_after(self, deed: Deed, found: os.stat_result | None) -> bool:
        """Whether the host has what the apply made; or nothing, where bringing something back overwrites nothing."""
        after = deed.after
        if found is None:
            return not after.mode or deed.before.mode != 0
        if not _mode_is(found, after):
            return False
        if stat.S_ISDIR(after.mode):
            mode = self._host.loosened.mode_of(deed.path, found.st_mode)
            return not _only_mode(deed) or (mode ^ after.mode) & 0o1777 == 0
        return _only_mode(deed) or self._is_made(deed, found)

    def _is_made(self, deed: Deed, found: os.stat_result) -> bool:
        """Whether a file or link is what the change set said, or what was put together of two."""
        after = deed.after
        if after.digest:
            return verdicts.digest_at(self._host.root, deed.path, found) == after.digest
        parent, name = split(deed.path)
        try:
            if stat_in(self._unit, f"u{deed.number}") is not None:
                return self._same_as_kept(deed.path, found, self._unit, f"u{deed.number}")
            place = open_beneath(self._upper, parent, PLACE)
        except OSError:  # not ours to read, or gone from the change set
            return _identity_is(found, after)
        try:
            return self._same_as_kept(deed.path, found, place, name)
        except PermissionError:
            return _identity_is(found, after)
        finally:
            os.close(place)

    def _same_as_kept(self, path: str, found: os.stat_result, directory: int, name: str) -> bool:
        """Whether the host's file or link holds the same as another one."""
        kept = stat_in(directory, name)
        if kept is None or stat.S_IFMT(kept.st_mode) != stat.S_IFMT(found.st_mode):
            return False
        parent, own_name = split(path)
        place = open_beneath(self._host.root, parent, PLACE)
        try:
            if stat.S_ISLNK(found.st_mode):
                return os.readlink(own_name, dir_fd=place) == os.readlink(name, dir_fd=directory)
            if not stat.S_ISREG(found.st_mode):
                return kept.st_ino == found.st_ino
            return _same_content((place, own_name), (directory, name))
        finally:
            os.close(place)

    def _set_mode(self, deed: Deed, found: os.stat_result) -> None:
        mode = stat.S_IMODE(deed.before.mode)
        if stat.S_ISDIR(found.st_mode):
            change = Change(deed.path, "mode", old_mode=found.st_mode, new_mode=stat.S_IFDIR | mode)
            self._host.set_mode(change, found)
            return
        parent, name = split(deed.path)

        def write(directory: int) -> int:
            same(directory, name, found)
            change_mode(directory, name, mode)
            return 0

        self._host.within(parent, write)

    def _put_back(self, deed: Deed, found: os.stat_result | None) -> None:
        kept = f"b{deed.number}"
        parent, name = split(deed.path)
        if stat_in(self._unit, kept) is None:
            raise OSError(errno.ENOENT, GONE)

        def write(directory: int) -> int:
            same(directory, name, found)
            over_directory = found is not None and stat.S_ISDIR(found.st_mode)
            try:
                if not over_directory:
                    os.rename(kept, name, src_dir_fd=self._unit, dst_dir_fd=directory)
                    return 0
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
            self._bring(deed, directory, name, over_directory=over_directory)
            return 0

        self._host.within(parent, write)

    def _bring(self, deed: Deed, directory: int, name: str, *, over_directory: bool) -> None:
        """The same by way of a temporary name: a copy, or a link to take the place of a directory in one step."""
        kept = f"b{deed.number}"
        temporary = self._host.temporary(split(deed.path)[0])
        try:
            try:
                os.link(kept, temporary, src_dir_fd=self._unit, dst_dir_fd=directory, follow_symlinks=False)
            except OSError as error:
                if error.errno not in NO_LINK:
                    raise
                self._copy(deed.before, kept, directory, temporary)
            if over_directory:
                self._host.leave(deed.path)
                swap_directory(directory, temporary, name)
                self._host.loosened.modes.pop(deed.path, None)
            else:
                os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
        finally:
            removal.remove(directory, temporary)

    def _copy(self, before: State, kept: str, directory: int, temporary: str) -> None:
        if stat.S_ISLNK(before.mode):
            os.symlink(os.readlink(kept, dir_fd=self._unit), temporary, dir_fd=directory)
        else:
            self._copy_file(before, kept, directory, temporary)
        if os.geteuid() == 0:
            os.chown(temporary, before.uid, before.gid, dir_fd=directory, follow_symlinks=False)
            if not stat.S_ISLNK(before.mode):
                change_mode(directory, temporary, stat.S_IMODE(before.mode))  # chown takes set-id bits away

    def _copy_file(self, before: State, kept: str, directory: int, temporary: str) -> None:
        source = open_upper_file(self._unit, kept)
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            target = os.open(temporary, flags, 0o600, dir_fd=directory)
            try:
                content.copy(source, target)
                os.fchmod(target, stat.S_IMODE(before.mode))
                os.utime(target, ns=(before.mtime_ns, before.mtime_ns))
                os.fsync(target)
            finally:
                os.close(target)
        finally:
            os.close(source)

    def _owe_mode(self, deed: Deed, found: os.stat_result | None) -> None:
        """A directory that was made again gets its mode at the end, when everything in it is back, and its owner."""
        before = deed.before
        if found is None or not stat.S_ISDIR(before.mode) or stat.S_ISDIR(deed.after.mode):
            return
        mode = stat.S_IMODE(before.mode)
        if self._host.loosened.mode_of(deed.path, found.st_mode) != mode:
            self._host.loosened.owe(deed.path, mode)
        if os.geteuid() == 0 and (found.st_uid, found.st_gid) != (before.uid, before.gid):
            place = open_beneath(self._host.root, deed.path, PLACE)
            try:
                os.chown(f"/proc/self/fd/{place}", before.uid, before.gid)
            finally:
                os.close(place)


def _only_mode(deed: Deed) -> bool:
    """Whether the very file or directory got another mode, and nothing else."""
    return deed.before.mode != 0 and deed.after.ino != 0 and deed.before.ino == deed.after.ino


def _mode_is(found: os.stat_result, state: State) -> bool:
    """Whether it is of that type, and a file has that mode."""
    if stat.S_ISREG(found.st_mode):
        return found.st_mode == state.mode
    return stat.S_IFMT(found.st_mode) == stat.S_IFMT(state.mode)


def _identity_is(found: os.stat_result, state: State) -> bool:
    return (found.st_ino, found.st_size, found.st_mtime_ns) == (state.ino, state.size, state.mtime_ns)


def _same_content(one: tuple[int, str], other: tuple[int, str]) -> bool:
    ours = open_file(*one)
    try:
        theirs = open_upper_file(*other)
        try:
            return content.same(ours, theirs)
        finally:
            os.close(theirs)
    finally:
        os.close(ours)
