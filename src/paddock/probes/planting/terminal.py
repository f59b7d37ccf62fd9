"""A terminal of the host's, with a program on it, and what waits in its input afterwards: what somebody typed there.

The next to read that input would be the person's shell.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct
import termios
import time

from paddock import process
from paddock.errors import PaddockError
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# A session leader without a terminal gets the first one that it opens (tty_ioctl(4)). It stays until we have looked:
# with it goes what waits.
_HOLD = """exec 3<&0 4>&1 0<>"$0" 1>&0 2>&0
"$@" 3<&- 4>&- {redirection}
echo $? >&4
read -r line <&3"""


@frozen
class Left:
    """`status` of the program, what it has `shown`, and the number of bytes that are `waiting` as if typed."""

    status: int
    shown: bytes
    waiting: int


def run(
    argv: Sequence[str], environ: Mapping[str, str], cwd: str, redirection: str = "", timeout_s: float = 60
) -> Left:
    """Run a program on a terminal of its own, perhaps with some of its streams elsewhere (`redirection`, as a shell's).

    Raises PaddockError where it does not end in time.
    """
    outside, inside = os.openpty()
    try:
        modes = termios.tcgetattr(inside)
        modes[3] &= ~(termios.ICANON | termios.ECHO)  # each byte by itself, and none of them shown again
        termios.tcsetattr(inside, termios.TCSANOW, modes)
        script = _HOLD.format(redirection=redirection)
        started = process.start(("/bin/sh", "-c", script, os.ttyname(inside), *argv), environment=environ, cwd=cwd)
        try:
            shown, status = _attend(started, outside, timeout_s)
            waiting = struct.unpack("i", fcntl.ioctl(inside, termios.FIONREAD, bytes(4)))[0]
        finally:
            started.end(1)
    finally:
        os.close(outside)
        os.close(inside)
    return Left(status, shown, waiting)


def _attend(started: process.Started, outside: int, timeout_s: float) -> tuple[bytes, int]:
    """What is shown until the program has ended, and its status."""
    shown, said = b"", b""
    deadline = time.monotonic() + timeout_s
    while not said.endswith(b"\n"):
        if time.monotonic() > deadline:
            raise PaddockError(f"the program on a terminal did not end within {timeout_s:g} s")
        said += started.read_waiting()
        shown += _shown(outside, 0.01)
    while more := _shown(outside, 0):
        shown += more
    return shown, int(said)


def _shown(outside: int, patience_s: float) -> bytes:
    return os.read(outside, 1 << 16) if select.select([outside], [], [], patience_s)[0] else b""
