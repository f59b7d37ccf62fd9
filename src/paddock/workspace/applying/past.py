"""What the last apply took from a repository and from its change set, kept so that it can be undone.

STATE/undo/REPOSITORY-KEY/last/ holds the log of deeds (`deeds`) and, by their numbers, what was there before (bN) and
what left the change set (uN). On one file system both are renames and links: no copy is made, and what comes back is
the very file. From another one the host's content is copied first: without room for that nothing is written. It is
kept until the next apply in the same repository.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from contextlib import suppress

from paddock.errors import SessionError
from paddock.kernel import files
from paddock.state import make_private, repository_key, state_directory
from paddock.workspace import content, meta, removal
from paddock.workspace.applying import deeds
from paddock.workspace.applying.deeds import DID, END, VOID, Deed, Record
from paddock.workspace.descent import DIRECTORY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.workspace.applying.deeds import State

LAST, UNDOING = "last", "undoing"
_NEW, _GONE = ".new", ".gone"
_NAME = "name"  # the file that says which change set it was
# Where a file cannot be linked: another file system, one without links, too many, or not ours (fs.protected_hardlinks).
NO_LINK = frozenset([errno.EXDEV, errno.EOPNOTSUPP, errno.EMLINK, errno.EPERM, errno.EACCES])
UNKEEPABLE = "yours cannot be read, and so could not be brought back; `paddock apply --no-undo` writes it nevertheless"


class Past:
    """The place of one repository, locked for as long as this lives."""

    def __init__(self, repository: str) -> None:
        """Raises SessionError while another apply or undo is at work on the repository."""
        self._home = home_of(repository)
        for place in (state_directory(), os.path.dirname(self._home), self._home):
            make_private(place)
        self._lock = os.open(self._home, DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise SessionError(
                "another apply or undo is at work in this repository", next_step="wait for its end", code="in-use"
            ) from None
        for left in (_NEW, _GONE):  # by one that was killed while it made or removed them
            removal.remove(self._lock, left)
        self.unit = self._open_last()
        self._about, self._name = meta.Meta(repository), ""
        self._log = -1
        self._number = 0
        self._linked = True

    @property
    def undoing(self) -> bool:
        """Whether an undo was cut short."""
        return self.unit >= 0 and os.access(UNDOING, os.F_OK, dir_fd=self.unit)

    @property
    def is_begun(self) -> bool:
        """Whether something was noted, by us or by an apply that we go on with."""
        return self._log >= 0

    def attend(self, about: meta.Meta, name: str) -> None:
        """Note from now on what is done for a change set; go on with the notes of a killed apply of the same one."""
        self._about, self._name = about, name
        if self.unit < 0 or self.of() != (name, about.created_ns):
            return
        log = self._open_log()
        deeds.mend(log)
        last = next(deeds.backwards(log), None)
        if last is None or last.kind == END:
            os.close(log)
            return
        self._log, self._number = log, last.deed.number

    def _begin(self) -> None:
        """Forget the apply before this one: only now is there one to take its place."""
        self.forget()
        os.mkdir(_NEW, 0o700, dir_fd=self._lock)
        os.chmod(_NEW, 0o700, dir_fd=self._lock)  # whatever the umask is
        self.unit = os.open(_NEW, DIRECTORY | os.O_CLOEXEC, dir_fd=self._lock)
        meta.write(self.unit, self._about)
        _write(self.unit, _NAME, self._name)
        os.rename(_NEW, LAST, src_dir_fd=self._lock, dst_dir_fd=self._lock)
        self._log = self._open_log()

    def of(self) -> tuple[str, int]:
        """The change set: its name, and when it was made."""
        return _read(self.unit, _NAME), meta.read(self.unit).created_ns

    def note(self, path: str, before: State, after: State, base: str = "") -> int:
        """A deed that is about to be done; its number. Raises OSError (ENOSPC …), and then it must not be done."""
        if self._log < 0:
            self._begin()
        self._number += 1
        deeds.append(self._log, Record(DID, Deed(self._number, path, before, after, base)))
        return self._number

    def void(self, number: int) -> None:
        """It was not done after all."""
        self.remark(VOID, Deed(number, "", deeds.NOTHING, deeds.NOTHING))

    def remark(self, kind: str, deed: Deed) -> None:
        """Note something about a deed."""
        if self._log < 0:
            self._log = self._open_log()
        deeds.append(self._log, Record(kind, deed))

    def keep(self, number: int, directory: int, name: str) -> None:
        """Keep what the host has at a name, which stays there: linked, or copied where that cannot be."""
        if self._linked:
            try:
                os.link(name, f"b{number}", src_dir_fd=directory, dst_dir_fd=self.unit, follow_symlinks=False)
            except OSError as error:
                if error.errno not in NO_LINK:
                    raise
                self._linked = error.errno != errno.EXDEV
            else:
                return
        self._copy(number, directory, name)

    def take(self, number: int, directory: int, name: str) -> None:
        """Take a file or link away from the host."""
        try:
            os.rename(name, f"b{number}", src_dir_fd=directory, dst_dir_fd=self.unit)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self._copy(number, directory, name)
            os.unlink(name, dir_fd=directory)

    def take_upper(self, number: int, directory: int, name: str) -> None:
        """Take an entry away from the change set, which lies beside us."""
        os.rename(name, f"u{number}", src_dir_fd=directory, dst_dir_fd=self.unit)

    def sync(self) -> None:
        """Have what was copied on the disk."""
        if not self._linked:
            files.sync_file_system(self.unit)

    def end(self) -> None:
        """The apply came to its end."""
        if self._log >= 0:
            self.remark(END, Deed(self._number, "", deeds.NOTHING, deeds.NOTHING))

    def log(self) -> int:
        """A descriptor of the log, for `deeds.backwards`; the caller's to close."""
        return self._open_log()

    def forget(self) -> None:
        """Remove what is kept."""
        if self.unit >= 0:
            os.close(self.unit)
            self.unit = -1
        with suppress(FileNotFoundError):
            os.rename(LAST, _GONE, src_dir_fd=self._lock, dst_dir_fd=self._lock)
        removal.remove(self._lock, _GONE)

    def close(self) -> None:
        """Let go of the repository."""
        for descriptor in (self._log, self.unit, self._lock):
            if descriptor >= 0:
                os.close(descriptor)

    def _open_last(self) -> int:
        try:
            return os.open(LAST, DIRECTORY | os.O_CLOEXEC, dir_fd=self._lock)
        except FileNotFoundError:
            return -1

    def _open_log(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        log = os.open(deeds.NAME, flags, 0o600, dir_fd=self.unit)
        os.fchmod(log, 0o600)  # whatever the umask is
        return log

    def _copy(self, number: int, directory: int, name: str) -> None:
        """A copy of a file or link. A socket, FIFO or device is never made anew, and so not kept."""
        found = os.stat(name, dir_fd=directory, follow_symlinks=False)
        if stat.S_ISLNK(found.st_mode):
            os.symlink(os.readlink(name, dir_fd=directory), f"b{number}", dir_fd=self.unit)
            return
        if not stat.S_ISREG(found.st_mode):
            return
        try:
            source = content.open_file(directory, name)
        except PermissionError as error:
            raise OSError(errno.EACCES, UNKEEPABLE) from error
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        target = os.open(f"b{number}", flags, 0o600, dir_fd=self.unit)
        try:
            content.copy(source, target)
            if os.geteuid() == 0:
                os.fchown(target, found.st_uid, found.st_gid)
            os.fchmod(target, stat.S_IMODE(found.st_mode))
            os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns))
        except OSError:
            os.unlink(f"b{number}", dir_fd=self.unit)  # half of it, on a full disk, would only keep others from room
            raise
        finally:
            os.close(target)
            os.close(source)


def home_of(repository: str) -> str:
    """Where a repository's last apply is kept; it need not exist."""
    return f"{state_directory()}/undo/{repository_key(repository)}"


def repository_for(cwd: str) -> str | None:
    """The nearest directory at or above `cwd` in which there is an apply to undo."""
    place = cwd
    while not os.path.isdir(f"{home_of(place)}/{LAST}"):
        if place == "/":
            return None
        place = os.path.dirname(place)
    return place


def _write(directory: int, name: str, text: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(name, flags, 0o600, dir_fd=directory), "wb") as file:
        file.write(os.fsencode(text))


def _read(directory: int, name: str) -> str:
    with open(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory), "rb") as file:
        return os.fsdecode(file.read())


def mark_undoing(past: Past, name: str) -> None:
    """Note into which change set an undo puts everything back, before it begins."""
    half = f".{UNDOING}"
    _write(past.unit, half, name)
    os.rename(half, UNDOING, src_dir_fd=past.unit, dst_dir_fd=past.unit)


def undone_into(past: Past) -> str:
    """The change set of an undo that was cut short, or nothing."""
    try:
        return _read(past.unit, UNDOING)
    except FileNotFoundError:
        return ""


def unmark_undoing(past: Past) -> None:
    """The undo came to its end, and something is left that it could not do."""
    with suppress(FileNotFoundError):
        os.unlink(UNDOING, dir_fd=past.unit)
