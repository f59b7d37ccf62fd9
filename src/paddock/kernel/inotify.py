"""inotify(7): hear of changes in directories, by descriptor and never through a link."""

from __future__ import annotations

import ctypes
import os
import struct

from paddock.frozen import frozen
from paddock.kernel import libc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# <linux/inotify.h>
MODIFY, ATTRIB, CLOSE_WRITE, MOVED_TO, CREATE = 0x2, 0x4, 0x8, 0x80, 0x100
OVERFLOW, IGNORED, ONLYDIR, EXCL_UNLINK, ISDIR = 0x4000, 0x8000, 0x01000000, 0x04000000, 0x40000000
# What can bring a new content to a name. What is only removed or moved away is of no interest.
ARRIVALS = MODIFY | ATTRIB | CLOSE_WRITE | MOVED_TO | CREATE | ONLYDIR | EXCL_UNLINK
_HEADER = struct.Struct("iIII")
_BUFFER_BYTES = 1 << 16


@frozen
class Event:
    """Something happened to `name` in the directory with that watch. `mask` are the kernel's bits."""

    watch: int
    mask: int
    name: str

    @property
    def lost(self) -> bool:
        """The queue was too short: something may have happened anywhere."""
        return bool(self.mask & OVERFLOW)

    @property
    def gone(self) -> bool:
        """The directory is there no more, and its number means nothing."""
        return bool(self.mask & IGNORED)

    @property
    def directory(self) -> bool:
        """`name` is a directory."""
        return bool(self.mask & ISDIR)

    @property
    def arrived(self) -> bool:
        """`name` is new there."""
        return bool(self.mask & (CREATE | MOVED_TO))


class Inotify:
    """One queue of events."""

    def __init__(self) -> None:
        """Raises OSError: EMFILE where the person has too many queues (fs.inotify.max_user_instances)."""
        self.fd = libc.call("inotify_init1", os.O_NONBLOCK | os.O_CLOEXEC)

    def add(self, directory: int) -> int:
        """Watch a directory that is open; the number that its events carry, the same one for the same directory.

        Raises OSError: ENOSPC at the person's limit (fs.inotify.max_user_watches), EACCES where it cannot be read.
        """
        path = f"/proc/self/fd/{directory}".encode()
        return libc.call("inotify_add_watch", self.fd, path, ctypes.c_uint32(ARRIVALS))

    def read(self) -> Iterator[Event]:
        """What has been heard since the last time; does not wait."""
        while True:
            try:
                data = os.read(self.fd, _BUFFER_BYTES)
            except BlockingIOError:
                return
            yield from events(data)

    def close(self) -> None:
        """Hear no more."""
        os.close(self.fd)


def events(data: bytes) -> Iterator[Event]:
    """The events in what the kernel wrote."""
    place = 0
    while place < len(data):
        watch, mask, _, length = _HEADER.unpack_from(data, place)
        place += _HEADER.size
        name = os.fsdecode(data[place : place + length].rstrip(b"\0"))
        place += length
        yield Event(watch, mask, name)
