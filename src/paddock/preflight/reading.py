"""The bytes of one file, by descriptor, beneath the root: at most so many, and of a regular file only."""

from __future__ import annotations

import os
import stat
import time

from paddock.frozen import frozen
from paddock.preflight.walk import identity
from paddock.workspace.descent import open_beneath

LARGEST_BYTES = 2 << 20
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY  # a FIFO or a device in the file's place must not hold us up
_SAMPLE_BYTES = 8192
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_SETTLED_NS = 2_000_000_000  # as coarse as any file system's clock is (FAT)


@frozen
class Content:
    """What a file holds, and which file it was.

    Not `settled`: it changed while it was read, or so shortly before that another change could leave the same times.
    """

    data: bytes
    identity: bytes
    settled: bool

    @property
    def binary(self) -> bool:
        """Whether it is no text: a NUL among its first bytes, as git decides; UTF-16 has a mark."""
        return b"\0" in self.data[:_SAMPLE_BYTES] and not self.data.startswith(_UTF16)


class Unread(Exception):
    """A file that was not read; the message says why."""


def read(root: int, path: str) -> Content:
    """The content of the file at `path` beneath the descriptor `root`. Raises Unread."""
    try:
        opened = open_beneath(root, path, _READ)
    except FileNotFoundError:
        raise Unread("gone meanwhile") from None
    except OSError:
        raise Unread("could not be read") from None
    try:
        before = os.fstat(opened)
        if not stat.S_ISREG(before.st_mode):
            raise Unread("no longer a file")
        data = _bytes(opened)
        after = os.fstat(opened)
    except OSError:
        raise Unread("could not be read") from None
    finally:
        os.close(opened)
    if len(data) > LARGEST_BYTES:
        raise Unread("larger than 2 MiB")
    name = identity(path, before)
    return Content(data, name, settled=identity(path, after) == name and _is_old(before))


def _bytes(opened: int) -> bytes:
    data = os.read(opened, LARGEST_BYTES + 1)
    parts = [data]
    left = LARGEST_BYTES + 1 - len(data)
    while data and left:
        data = os.read(opened, left)
        parts.append(data)
        left -= len(data)
    return b"".join(parts)


def _is_old(found: os.stat_result) -> bool:
    return time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) > _SETTLED_NS
