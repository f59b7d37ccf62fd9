"""What a live run keeps aside while it lasts: STATE/live/RANDOM, mode 0700.

`start` is what was there at the start, `copies`, `index` and `before` hold copies of it. `upper` is what was moved
out, laid out as the upper directory of a change set; `journal` names what is on its way. All of it is found again
after a crash: the lock is the kernel's, `beat` says until when somebody watched.
"""

from __future__ import annotations

import os
from contextlib import suppress

from paddock.frozen import frozen
from paddock.state import state_directory
from paddock.workspace import content, removal, shelf
from paddock.workspace.descent import DIRECTORY, split
from paddock.workspace.live import copies, tree
from paddock.workspace.live.copies import Copies
from paddock.workspace.live.survey import LARGEST_COPY, Known

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from paddock.workspace.live.survey import Survey

BEFORE, UPPER, JOURNAL, START, BEAT = "before", "upper", "journal", "start", "beat"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@frozen
class Beginning:
    """What must be known of the start to tell what came later."""

    repository: str
    device: int
    inode: int
    name: str
    begun_ns: int
    mounts: bool
    known: Mapping[str, Known]
    places: Mapping[str, tuple[int, int]]  # of directories; empty when it was read again after a crash


class Ground:
    """One live run's directory, held by a lock."""

    def __init__(self, path: str, lock: int) -> None:
        """`lock` is a locked descriptor of the directory; `close` lets go of it."""
        self.path = path
        self.lock = lock
        self.before = os.open(BEFORE, DIRECTORY | os.O_CLOEXEC, dir_fd=lock)
        self.upper = os.open(UPPER, DIRECTORY | os.O_CLOEXEC, dir_fd=lock)
        self.copies = Copies(lock, self.before)

    def beat(self) -> None:
        """Note that somebody watches now."""
        os.utime(f"{self.path}/{BEAT}")

    def beaten_ns(self) -> int:
        """When somebody last watched."""
        return os.stat(f"{self.path}/{BEAT}").st_mtime_ns

    def note(self, temporary: str, path: str) -> None:
        """Remember that what was at `path` is about to have another name, in the same directory."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(JOURNAL, flags, 0o600, dir_fd=self.lock)
        try:
            os.write(descriptor, os.fsencode(temporary) + b"\0" + os.fsencode(path) + b"\0")
        finally:
            os.close(descriptor)

    def noted(self) -> Iterator[tuple[str, str]]:
        """What `note` was told: temporary name and path."""
        with suppress(FileNotFoundError), open(f"{self.path}/{JOURNAL}", "rb") as file:
            parts = [os.fsdecode(part) for part in file.read().split(b"\0")]
            yield from zip(parts[::2], parts[1::2], strict=False)

    def beginning(self) -> Beginning:
        """What was noted at the start. Raises ValueError for a note that is torn."""
        with open(f"{self.path}/{START}", "rb") as file:
            head, *known = file.read().split(b"\0\0")
        repository, name, *numbers = head.split(b"\0")
        device, inode, begun_ns, mounts = map(int, numbers)
        records = {}
        for record in filter(None, known):
            path, *values = record.split(b"\0")
            records[os.fsdecode(path)] = Known(*map(int, values))
        return Beginning(os.fsdecode(repository), device, inode, os.fsdecode(name), begun_ns, bool(mounts), records, {})

    def close(self) -> None:
        """Let go, and leave everything as it is."""
        for descriptor in (self.before, self.upper, self.lock):
            os.close(descriptor)

    def remove(self) -> None:
        """Remove the directory, which stays ours until `close`. A later start finds what a killed one leaves of it."""
        home, name = os.path.split(self.path)
        with shelf.opened(home) as place:
            removal.remove(place, name)


def home() -> str:
    """Where the grounds of all live runs are."""
    return f"{state_directory()}/live"


def create(name: str, survey: Survey) -> tuple[Ground, Beginning]:
    """A ground for a run of that name, locked, with copies of what the survey says. Raises OSError."""
    with shelf.home_locked(home()) as place:  # until it is locked, it looks like a left one
        own = f"{place}/{os.urandom(8).hex()}"
        os.mkdir(own, 0o700)
        lock = shelf.try_lock(own)
    if lock is None:  # somebody who looks for left ones had it for a moment; there is no name twice
        return create(name, survey)
    for part in (BEFORE, UPPER):
        os.mkdir(part, 0o700, dir_fd=lock)
    os.close(os.open(BEAT, _NEW, 0o600, dir_fd=lock))
    ground = Ground(own, lock)
    with shelf.opened(survey.repository) as root:
        copies.keep(lock, root, survey.copied, LARGEST_COPY)
        found = os.fstat(root)
    beginning = Beginning(
        survey.repository, found.st_dev, found.st_ino, name, survey.begun_ns, survey.mounts, survey.known,
        survey.directories,
    )  # fmt: skip
    with open(os.open(START, _NEW, 0o600, dir_fd=lock), "wb") as file:
        file.write(_bytes(beginning))
    return ground, beginning


def _bytes(beginning: Beginning) -> bytes:
    numbers = (beginning.device, beginning.inode, beginning.begun_ns, int(beginning.mounts))
    head = (beginning.repository, beginning.name, *numbers)
    records = [head, *((path, *_values(known)) for path, known in beginning.known.items())]
    return b"\0\0".join(b"\0".join(os.fsencode(str(part)) for part in record) for record in records)


def _values(known: Known) -> tuple[int, ...]:
    return known.device, known.inode, known.ctime_ns, known.mode, known.size


def copy_leaf(
    directory: int, name: str, target: int, path: str, *, like: os.stat_result | None = None, mode: int | None = None
) -> None:
    """Copy a regular file or a link of a directory to a path beneath `target`, whose parents are there.

    In place of what is there already. Owner and mode are those of the original, or of `like` and `mode`.
    """
    parent, last = split(path)
    with tree.opened(target, parent) as place:
        removal.remove(place, last)
        try:
            source = content.open_upper_file(directory, name)
        except OSError:
            _copy_link(directory, name, place, last, like)
            return
        try:
            found = os.fstat(source)
            with open(os.open(last, _NEW, 0o600, dir_fd=place), "wb") as file:
                content.copy(source, file.fileno())
                if os.geteuid() == 0:
                    os.fchown(file.fileno(), (like or found).st_uid, (like or found).st_gid)
                os.fchmod(file.fileno(), found.st_mode & 0o7777 if mode is None else mode)
        finally:
            os.close(source)


def _copy_link(directory: int, name: str, place: int, last: str, like: os.stat_result | None) -> None:
    os.symlink(os.readlink(name, dir_fd=directory), last, dir_fd=place)  # EINVAL where it is no link either
    if os.geteuid() == 0:
        found = like or os.stat(name, dir_fd=directory, follow_symlinks=False)
        os.chown(last, found.st_uid, found.st_gid, dir_fd=place, follow_symlinks=False)


def alike(one: int, name: str, other: int, its_name: str) -> bool:
    """Whether two files, or two links, have the same content. Raises OSError where one of them is neither."""
    try:
        first = content.open_upper_file(one, name)
    except OSError:
        return os.readlink(name, dir_fd=one) == os.readlink(its_name, dir_fd=other)
    try:
        second = content.open_file(other, its_name)
        try:
            return content.same(first, second)
        finally:
            os.close(second)
    finally:
        os.close(first)
