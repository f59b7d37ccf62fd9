"""Pseudo-terminals of a sandbox's own, and the caller's terminal while a command runs on one.

The sandbox never gets the caller's terminal: its programs get a PTY from their own devpts, and bytes are
relayed. TIOCSTI and its relatives therefore reach nobody (CVE-2017-5226), and job control works.
"""

from __future__ import annotations

import fcntl
import os
import struct
import termios

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from paddock.kernel.streams import Kinds

    Modes: TypeAlias = list[int | list[bytes | int]]

TIOCGPTPEER = 0x5441  # ioctl_tty(2): the other side of a PTY, without a path
TIOCSPTLCK = 0x40045431


@frozen
class Looks:
    """What a PTY has of the caller's terminal. It must have it before a command can set modes of its own."""

    modes: Modes | None = None  # the usual ones
    echo: bool = True
    size: bytes = b""


def looks(kinds: Kinds) -> Looks:
    """How the caller's terminal looks now, before anything is changed about it."""
    ours = [number for number, kind in enumerate(kinds) if kind == "terminal" and os.isatty(number)]
    screen = next((number for number in ours if number), -1)
    size = fcntl.ioctl(screen, termios.TIOCGWINSZ, b"\0" * 8) if screen > 0 else b""
    if 0 in ours and 1 in ours:
        return Looks(settings(0), size=size)
    # Where the caller's terminal stays in its own mode it echoes already.
    return Looks(echo=0 not in ours, size=size)


def open_pair(alike: Looks | None = None) -> tuple[int, int]:
    """A PTY from the current mount namespace's devpts: (outside, inside)."""
    outside = os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    fcntl.ioctl(outside, TIOCSPTLCK, struct.pack("i", 0))
    inside = fcntl.ioctl(outside, TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    if alike and alike.modes:
        termios.tcsetattr(inside, termios.TCSANOW, alike.modes)
    if alike and not alike.echo:
        _silence_echo(inside)
    if alike and alike.size:
        fcntl.ioctl(inside, termios.TIOCSWINSZ, alike.size)
    return outside, inside


def _silence_echo(terminal: int) -> None:
    modes = termios.tcgetattr(terminal)
    modes[3] &= ~(termios.ECHO | termios.ECHONL)
    termios.tcsetattr(terminal, termios.TCSANOW, modes)


def make_controlling(inside: int) -> None:
    """Make the PTY the controlling terminal of this process, which must be a new session's leader."""
    fcntl.ioctl(inside, termios.TIOCSCTTY, 0)


def copy_size(source: int, destination: int) -> None:
    """Give one terminal the window size of the other; the programs on it get SIGWINCH."""
    size = fcntl.ioctl(source, termios.TIOCGWINSZ, b"\0" * 8)
    fcntl.ioctl(destination, termios.TIOCSWINSZ, size)


def settings(terminal: int) -> Modes:
    """The terminal's modes, for `restore`."""
    return termios.tcgetattr(terminal)


def restore(terminal: int, modes: Modes) -> None:
    """Set modes; pending output is written first. Ignores a terminal that has gone away."""
    try:
        termios.tcsetattr(terminal, termios.TCSADRAIN, modes)
    except termios.error:
        return


def make_raw(terminal: int) -> None:
    """Pass every key on as it is (cfmakeraw(3)), keeping output processing off as well."""
    modes = termios.tcgetattr(terminal)
    modes[0] &= ~(
        termios.IGNBRK | termios.BRKINT | termios.PARMRK | termios.ISTRIP
        | termios.INLCR | termios.IGNCR | termios.ICRNL | termios.IXON
    )  # fmt: skip
    modes[1] &= ~termios.OPOST
    modes[2] = modes[2] & ~(termios.CSIZE | termios.PARENB) | termios.CS8
    modes[3] &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN)
    modes[6][termios.VMIN], modes[6][termios.VTIME] = 1, 0
    termios.tcsetattr(terminal, termios.TCSADRAIN, modes)


def in_foreground(terminal: int) -> bool:
    """Whether this process belongs to the terminal's foreground job."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
