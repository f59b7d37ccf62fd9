"""The bytes of files, in pieces, with holes left out: a sparse file of 10 GB costs what it holds."""

from __future__ import annotations

import errno
import os
import stat

from paddock.kernel import files
from paddock.kernel.openat2 import openat2
from paddock.workspace.descent import PLACE, open_beneath, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PIECE_BYTES = 1 << 20
_BLOCK_BYTES = 1 << 16
BINARY_LOOK_BYTES = 8000  # git looks for NUL in as much


def same(one: int, other: int) -> bool:
    """Whether two regular files hold the same bytes. Reads no further than the first difference."""
    size = os.fstat(one).st_size
    if os.fstat(other).st_size != size:
        return False
    position = 0
    while position < size:
        position = min(_next_data(one, position, size), _next_data(other, position, size))
        piece = os.pread(one, PIECE_BYTES, position)
        if piece != os.pread(other, PIECE_BYTES, position):
            return False
        if not piece:
            break
        position += len(piece)
    return True


def looks_binary(descriptor: int) -> bool:
    """Whether there is a NUL byte near the start, which is git's test."""
    return b"\0" in os.pread(descriptor, BINARY_LOOK_BYTES, 0)


def digest(descriptor: int) -> bytes:
    """SHA-256 of the content."""
    import hashlib

    size = os.fstat(descriptor).st_size
    total = hashlib.sha256()
    position = 0
    while position < size and (piece := os.pread(descriptor, PIECE_BYTES, position)):
        total.update(piece)
        position += len(piece)
    return total.digest()


def fingerprint(descriptor: int, limit_bytes: int) -> str:
    """A digest that two files share when they hold the same bytes, wherever their holes are; "" beyond the limit.

    Only what is no zero is counted and read to the end: a sparse file costs what it holds.
    """
    import hashlib

    size = os.fstat(descriptor).st_size
    total = hashlib.sha256(b"%d\0" % size)
    counted = 0
    position = _next_data(descriptor, 0, size)
    while position < size:
        position -= position % _BLOCK_BYTES
        piece = os.pread(descriptor, _BLOCK_BYTES, position)
        if not piece:
            break  # the file became shorter
        if piece.strip(b"\0"):
            counted += len(piece)
            total.update(b"%d\0%b" % (position, piece))
        if counted > limit_bytes:
            return ""
        position = _next_data(descriptor, position + _BLOCK_BYTES, size)
    return total.hexdigest()


def read_all(descriptor: int, limit_bytes: int) -> bytes | None:
    """The whole content, or None when it is longer than the limit."""
    pieces, total = [], 0
    while piece := os.pread(descriptor, PIECE_BYTES, total):
        total += len(piece)
        if total > limit_bytes:
            return None
        pieces.append(piece)
    return b"".join(pieces)


def copy(source: int, target: int) -> None:
    """Copy the content to an empty file; holes stay holes. Raises OSError (ENOSPC, EDQUOT, EIO …)."""
    size = os.fstat(source).st_size
    for start, end in _data(source, size):
        _copy_range(source, target, start, end)
    os.ftruncate(target, size)


def _copy_range(source: int, target: int, start: int, end: int) -> None:
    while start < end:
        try:
            done = os.copy_file_range(source, target, end - start, start, start)
        except OSError as error:
            # Between file systems, and on some that never learnt it: read and write.
            if error.errno not in (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
                raise
            done = _copy_piece(source, target, start, end)
        if done == 0:
            return  # the file became shorter
        start += done


def _copy_piece(source: int, target: int, start: int, end: int) -> int:
    piece = os.pread(source, min(PIECE_BYTES, end - start), start)
    written = 0
    while written < len(piece):
        written += os.pwrite(target, piece[written:], start + written)
    return written


def _data(descriptor: int, size: int) -> Iterator[tuple[int, int]]:
    position = 0
    while (start := _next_data(descriptor, position, size)) < size:
        position = os.lseek(descriptor, start, os.SEEK_HOLE)
        yield start, position


def _next_data(descriptor: int, position: int, size: int) -> int:
    try:
        return os.lseek(descriptor, position, os.SEEK_DATA)
    except OSError as error:
        if error.errno == errno.ENXIO:  # nothing but a hole up to the end
            return size
        raise


def open_below(root: int, path: str, opener: Callable[[int, str], int]) -> int:
    """Open a file by its path below `root`, no link followed, as one of the openers here does. Raises OSError."""
    parent, name = split(path)
    place = open_beneath(root, parent, PLACE)
    try:
        return opener(place, name)
    finally:
        os.close(place)


def open_file(directory: int, name: str) -> int:
    """Open a regular file of a directory for reading, and nothing else: no link, no FIFO. Raises OSError."""
    descriptor = openat2(directory, name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EINVAL, "not a regular file", name)


def open_upper_file(directory: int, name: str) -> int:
    """The same for a file of the change set, which may have a mode that keeps its owner out."""
    try:
        return open_file(directory, name)
    except PermissionError:
        place = openat2(directory, name, os.O_PATH | os.O_NOFOLLOW)
    try:
        mode = os.fstat(place).st_mode
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "not a regular file", name)
        files.change_mode(place, stat.S_IMODE(mode) | stat.S_IRUSR)
        try:
            return files.reopen(place, os.O_RDONLY | os.O_NONBLOCK)
        finally:
            files.change_mode(place, stat.S_IMODE(mode))
    finally:
        os.close(place)
