"""What an apply did to the host, step by step, as a file that can be read from its end.

Each record is written before its step is taken; whoever reads it looks at the host to see whether it was. Six fields,
each ended by a NUL byte, which no path holds. A record that a crash tore is not there: its step was not taken.
"""

from __future__ import annotations

import errno
import mmap
import os

from paddock.frozen import fields, frozen, values_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "log"
DID, VOID, UNDONE, END = "did", "void", "undone", "end"
_FIELDS = 6


@frozen
class State:
    """What was at a path, or came to be there. `mode` is whole, 0 for nothing; `digest` of a content kept nowhere."""

    mode: int = 0
    ino: int = 0
    size: int = 0
    mtime_ns: int = 0
    uid: int = 0
    gid: int = 0
    digest: str = ""


NOTHING = State()


@frozen
class Deed:
    """One step. `base` is what the change was made from, where a conflict was overridden or merged: not `before`."""

    number: int
    path: str
    before: State
    after: State
    base: str = ""


@frozen
class Record:
    """One line of the log: a deed, or a word about one. `base` also holds what an undone one goes back to."""

    kind: str
    deed: Deed


def state_of(found: os.stat_result | None, *, mode: int | None = None, digest: str = "") -> State:
    """A state from stat(2), perhaps with another mode than the one found."""
    if found is None:
        return State(mode or 0, digest=digest)
    mode = found.st_mode if mode is None else mode
    return State(mode, found.st_ino, found.st_size, found.st_mtime_ns, found.st_uid, found.st_gid, digest)


def append(descriptor: int, record: Record) -> None:
    """Write one record at the end of a file that was opened with O_APPEND. Raises OSError, and nothing is written."""
    deed = record.deed
    parts = (record.kind, str(deed.number), deed.path, _text(deed.before), _text(deed.after), deed.base)
    append_whole(descriptor, b"".join(os.fsencode(part) + b"\0" for part in parts))


def append_whole(descriptor: int, data: bytes) -> None:
    """All or nothing: half a record, as a full disk leaves it, would shift all that follow."""
    written = os.write(descriptor, data)
    if written != len(data):
        os.ftruncate(descriptor, os.fstat(descriptor).st_size - written)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def backwards(descriptor: int) -> Iterator[Record]:
    """The records, the last one first; memory does not grow with their number."""
    size = os.fstat(descriptor).st_size
    if not size:
        return
    with mmap.mmap(descriptor, size, prot=mmap.PROT_READ) as data:
        end = _whole(data)
        while end > 0:
            start = _before(data, end, _FIELDS)
            yield _parsed(data[start:end])
            end = start


def mend(descriptor: int) -> None:
    """Cut off a torn record, so that others can follow."""
    size = os.fstat(descriptor).st_size
    if size:
        with mmap.mmap(descriptor, size, prot=mmap.PROT_READ) as data:
            whole = _whole(data)
        os.ftruncate(descriptor, whole)


def _whole(data: mmap.mmap) -> int:
    """Where the last whole record ends."""
    return _before(data, data.rfind(b"\0") + 1, _count(data) % _FIELDS)


def _before(data: mmap.mmap, end: int, parts: int) -> int:
    """Where that many parts, the last of which ends there, begin."""
    for _ in range(parts):
        end = data.rfind(b"\0", 0, end - 1) + 1
    return end


def _count(data: mmap.mmap) -> int:
    piece = 1 << 20
    return sum(data[start : start + piece].count(0) for start in range(0, len(data), piece))


def _parsed(data: bytes) -> Record:
    kind, number, path, before, after, base = (os.fsdecode(part) for part in data.split(b"\0")[:_FIELDS])
    return Record(kind, Deed(int(number), path, _state(before), _state(after), base))


def _text(state: State) -> str:
    return " ".join(map(str, values_of(state))) if state.mode else ""


def _state(text: str) -> State:
    if not text:
        return NOTHING
    *numbers, digest = text.split(" ")
    return State(**dict(zip(fields(NOTHING), map(int, numbers), strict=False)), digest=digest)
