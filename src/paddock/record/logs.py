"""Where the logs are: one file for each session below Paddock's state, named after the time and the sandbox.

STATE/record/20261121T051601.250Z-amber-fern.jsonl is written by one process, and never again when that has ended. What
is kept of it is STATE/record/anchors/20261121T051601.250Z-amber-fern.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
from contextlib import suppress

from paddock.errors import SessionError
from paddock.frozen import frozen
from paddock.state import make_private, state_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_ENDING = ".jsonl"
_STAMP = "%Y%m%dT%H%M%S"
_LONGEST_NAME = 60
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
_MOST_AT_ONCE = 1000
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_LOCK = "hhqqi4x"  # struct flock (fcntl(2)): type, whence, start, length, pid


@frozen
class Log:
    """One log; `id` is its file's name without the ending."""

    id: str
    path: str

    @property
    def sandbox(self) -> str:
        """The sandbox's name as far as a file's name can hold it."""
        return self.id.partition("Z-")[2]


def directory(environ: Mapping[str, str] = os.environ) -> str:
    """Where all logs are."""
    return f"{state_directory(environ)}/record"


def create(sandbox: str, environ: Mapping[str, str] = os.environ) -> str:
    """Make an empty log for a session that begins now; its path. Raises PaddockError or OSError."""
    folder = make_private(directory(environ))
    seconds, milliseconds = divmod(time.time_ns() // 1_000_000, 1000)
    stem = f"{time.strftime(_STAMP, time.gmtime(seconds))}.{milliseconds:03}Z-{_plain(sandbox)}"
    for number in range(1, _MOST_AT_ONCE):
        path = f"{folder}/{stem}{'' if number == 1 else f'.{number}'}{_ENDING}"
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        except FileExistsError:
            continue
        return path
    raise SessionError(f"no free name for a record like {stem}", next_step="again, a second later")


def forget_empty(path: str) -> None:
    """Remove a log that nobody has written to."""
    with suppress(FileNotFoundError):
        if not os.stat(path).st_size:
            os.unlink(path)


def _plain(name: str) -> str:
    """A name as part of a file's name; the log's lines have it as it is."""
    return "".join(character if character in _PLAIN else "_" for character in name[:_LONGEST_NAME]) or "_"


def every(environ: Mapping[str, str] = os.environ) -> tuple[Log, ...]:
    """All logs, the oldest first."""
    folder = directory(environ)
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(_ENDING))
    except FileNotFoundError:
        return ()
    return tuple(Log(name.removesuffix(_ENDING), f"{folder}/{name}") for name in names)


def find(wanted: str = "", environ: Mapping[str, str] = os.environ) -> Log:
    """The log with an id or the beginning of one, or the newest of the sandbox with that name; without, the newest.

    Raises SessionError.
    """
    known = every(environ)
    if not known:
        raise SessionError(
            "there is no record yet",
            why="a log is written for each sandbox that has a network",
            next_step="paddock run --allow HOST -- …",
            code="no-record",
        )
    if not wanted:
        return known[-1]
    exact = [log for log in known if log.id == wanted]
    named = [log for log in known if log.sandbox.partition(".")[0] == _plain(wanted)]
    begun = [log for log in known if log.id.startswith(wanted)]
    if found := exact or named[-1:] or begun:
        if len(found) == 1:
            return found[0]
        raise SessionError(
            f"{len(found)} records begin with {wanted}", why=", ".join(log.id for log in found[:5]), code="no-record"
        )
    raise SessionError(f"no record of {wanted}", next_step="paddock log verify   names them all", code="no-record")


def open_to_read(path: str) -> int:
    """A descriptor of a log. Raises OSError, also for what is no plain file."""
    return os.open(path, _READ)


def is_live(descriptor: int) -> bool:
    """Whether somebody writes this log. No lock is taken for that: it would keep out a writer that comes just then."""
    found = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, lock_of_all(fcntl.F_RDLCK))
    return bool(struct.unpack(_LOCK, found)[0] != fcntl.F_UNLCK)


def lock_of_all(kind: int) -> bytes:
    """A lock of a whole file, as fcntl(2) takes it."""
    return struct.pack(_LOCK, kind, os.SEEK_SET, 0, 0, 0)
