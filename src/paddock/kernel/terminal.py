"""Pseudo-terminals of a sandbox's own, and the caller's terminal while a command runs on one.

The sandbox never gets the caller's terminal: its programs get a PTY from their own devpts, and bytes are
relayed. TIOCSTI and its relatives therefore reach nobody (CVE-2017-5226), and job control works.
"""

from __future__ import annotations

import fcntl
import os
import struct
import termios

TIOCGPTPEER = 0x5441  # ioctl_tty(2): the other side of a PTY, without a path
TIOCSPTLCK = 0x40045431


def open_pair() -> tuple[int, int]:
    """A PTY from the current mount namespace's devpts: (outside, inside)."""
    outside = os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    fcntl.ioctl(outside, TIOCSPTLCK, struct.pack("i", 0))
    inside = fcntl.ioctl(outside, TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    return outside, inside


def make_controlling(inside: int) -> None:
    """Make the PTY the controlling terminal of this process, which must be a new session's leader."""
    fcntl.ioctl(inside, termios.TIOCSCTTY, 0)


def copy_size(source: int, destination: int) -> None:
    """Give one terminal the window size of the other; the programs on it get SIGWINCH."""
    size = fcntl.ioctl(source, termios.TIOCGWINSZ, b"\0" * 8)
    fcntl.ioctl(destination, termios.TIOCSWINSZ, size)


def settings(terminal: int) -> list[int | list[bytes | int]]:
    """The terminal's modes, for `restore` and `copy_settings`."""
    return termios.tcgetattr(terminal)


def restore(terminal: int, modes: list[int | list[bytes | int]]) -> None:
    """Set modes; pending output is written first. Ignores a terminal that has gone away."""
    try:
        termios.tcsetattr(terminal, termios.TCSADRAIN, modes)
    except termios.error:
        return


def imitate(outside: int, modes: list[int | list[bytes | int]]) -> None:
    """Give a new PTY the modes of another terminal, at once.

    Never after draining (TCSADRAIN): its programs may be writing already, and it is we who must read that. The
    kernel would wait for ever, and for as long spin where a signal is pending.
    """
    termios.tcsetattr(outside, termios.TCSANOW, modes)


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


def silence_echo(inside_or_outside: int) -> None:
    """Switch a PTY's echo off: where the caller's terminal stays in its own mode it echoes already."""
    modes = termios.tcgetattr(inside_or_outside)
    modes[3] &= ~(termios.ECHO | termios.ECHONL)
    termios.tcsetattr(inside_or_outside, termios.TCSANOW, modes)


def in_foreground(terminal: int) -> bool:
    """Whether this process belongs to the terminal's foreground job."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
