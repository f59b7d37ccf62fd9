"""Where the serving process is met: a Unix socket in Paddock's private runtime directory, which no sandbox sees.

Both sides ask the kernel who the other one is (SO_PEERCRED, unix(7)). The process then says first which Paddock it is
and in which network namespace it stands: whoever is another version, or sees another network, has a gateway of its own.
"""

from __future__ import annotations

import os
import socket
import struct
from contextlib import suppress

from paddock import __version__
from paddock.gateway.shared import SOCKET
from paddock.remarks import complain
from paddock.state import make_private, runtime_directory

LONGEST_GREETING = 256
_GREETING_TIMEOUT_S = 10.0  # as busy as a machine may be
_BACKLOG = 64


def greeting() -> bytes:
    """Which Paddock this is, and in which network."""
    net = os.stat("/proc/self/ns/net")
    return f"paddock {__version__} {net.st_dev}:{net.st_ino}".encode()


def listen() -> socket.socket:
    """Make the socket, in place of one that was left behind. Raises OSError."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    # By way of a descriptor: the directory's own path may be too long for sun_path.
    directory = os.open(make_private(runtime_directory()), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    mask = os.umask(0o177)
    try:
        with suppress(FileNotFoundError):
            os.unlink(SOCKET, dir_fd=directory)
        made.bind(f"/proc/self/fd/{directory}/{SOCKET}")
    except OSError:
        made.close()
        raise
    finally:
        os.umask(mask)
        os.close(directory)
    made.listen(_BACKLOG)
    return made


def remove() -> None:
    """Take the socket away."""
    with suppress(FileNotFoundError):
        os.unlink(f"{runtime_directory()}/{SOCKET}")


def connect() -> socket.socket | None:
    """A line to the serving process; None where none is there, or none that is the caller's own kind.

    Where one is there and says nothing, the person hears of it: they started it to be used.
    """
    line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        line.settimeout(_GREETING_TIMEOUT_S)
        directory = os.open(runtime_directory(), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            line.connect(f"/proc/self/fd/{directory}/{SOCKET}")
        finally:
            os.close(directory)
        if peer(line) == os.geteuid() and line.recv(LONGEST_GREETING) == greeting():
            return line
    except TimeoutError:
        complain("the gateway that serves others does not answer, so this sandbox has one of its own")
    except OSError:
        pass  # nobody is there
    line.close()
    return None


def peer(line: socket.socket) -> int:
    """The id of whoever is at the other end, as the kernel saw it when that one connected, or began to listen."""
    credentials = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[1])
