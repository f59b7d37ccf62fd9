"""What the caller gives a command as input and output: refused where it leads out of the sandbox by itself."""

from __future__ import annotations

import os
import stat

from paddock.boundary.base import Gap
from paddock.errors import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_STANDARD = (0, 1, 2)


def refuse_unsafe() -> None:
    """Refuse directories and sockets that reach others; fill closed descriptors with /dev/null."""
    for descriptor in _STANDARD:
        try:
            mode = os.fstat(descriptor).st_mode
        except OSError:
            os.open("/dev/null", os.O_RDWR)  # takes the lowest free number, which is this one
            continue
        if stat.S_ISDIR(mode):
            # INVARIANT FS-14: a directory's descriptor opens everything below it (CVE-2024-21626).
            raise Refused(
                f"descriptor {descriptor} is a directory",
                why="the command could open everything below it",
                next_step="run without that redirection",
                code="directory-descriptor",
            )
        if stat.S_ISSOCK(mode) and _reaches_others(descriptor):
            # INVARIANT NW-41: a socket keeps the network namespace that it was made in.
            raise Refused(
                f"descriptor {descriptor} is a network or datagram socket",
                why="the command could send to anybody through it",
                next_step="run with pipes or files as input and output",
                code="socket-descriptor",
            )


def _reaches_others(descriptor: int) -> bool:
    """A connected pair of UNIX sockets, as some programs give instead of pipes, leads to its other end only."""
    import socket

    with socket.socket(fileno=os.dup(descriptor)) as given:
        return given.family != socket.AF_UNIX or given.type == socket.SOCK_DGRAM


def gaps() -> Iterator[Gap]:
    """A file of the host as standard stream can be opened again for writing where Landlock does not forbid it."""
    files = [number for number in _STANDARD if stat.S_ISREG(os.fstat(number).st_mode)]
    if not files:
        return
    from paddock.kernel import landlock

    if not landlock.guards_root():
        yield Gap(
            name="inherited-files",
            promise="the command can use its standard streams only in the direction that they are open",
            why=f"descriptor {files[0]} is a file, and this kernel has no Landlock to keep it from being reopened",
            instead="use a pipe: cat FILE | paddock run …",
        )
