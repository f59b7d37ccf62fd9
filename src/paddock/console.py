"""The caller's terminal while a command runs on a PTY of its own.

The caller's terminal is put into raw mode, and given back whenever the command stops (Ctrl-Z) or ends.
"""

from __future__ import annotations

import os
import select
import signal
import termios
from contextlib import suppress

from paddock.kernel import terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_CHUNK = 65536
_TERMINAL_CHUNK = 1024  # small enough not to block on a terminal that poll(2) calls writable
_MOST_AT_THE_END = 4 * _CHUNK  # more than the kernel keeps of a PTY's output; others inside may be writing on
_END_OF_FILE = b"\x04"


class Console:
    """Relays between the caller's terminal and the command's PTY, once there is one."""

    def __init__(self, caller: tuple[int, ...], hung_up: Callable[[], None]) -> None:
        """`caller` are those of 0, 1 and 2 that are the terminal; `hung_up` is called when it goes away."""
        self.pty = -1
        self.hung_up = hung_up
        self.raw = 0 in caller and 1 in caller
        self.reads_input = 0 in caller
        self.screen = next((number for number in (1, 2) if number in caller), -1)
        self.shows = True  # until the caller's terminal hangs up
        self.modes: terminal.Modes | None = None
        with suppress(termios.error):  # it went away just now, and SIGHUP says so
            self.modes = terminal.settings(0) if self.raw else None
        self.to_command = b""
        self.to_screen = b""

    def use(self, pty: int) -> None:
        """The command has its PTY, which looks like the caller's terminal (`kernel.terminal.Looks`)."""
        self.pty = pty
        os.set_blocking(pty, False)
        self.resize()  # in case of a change since

    def take_over(self) -> None:
        """Pass every key on as it is, where the terminal is ours to change, and is still there."""
        if self.raw and terminal.in_foreground(0):
            with suppress(termios.error):  # as above
                terminal.make_raw(0)

    def give_back(self) -> None:
        """Restore the caller's modes."""
        if self.modes is not None and terminal.in_foreground(0):
            terminal.restore(0, self.modes)

    def resize(self) -> None:
        """The command's window is as large as the caller's."""
        if self.pty >= 0 and self.screen >= 0:
            with suppress(OSError):  # a terminal that hangs up sends SIGCONT as well
                terminal.copy_size(self.screen, self.pty)

    def interest(self) -> dict[int, int]:
        """What to ask poll(2) for, by descriptor."""
        wanted: dict[int, int] = {}
        if self.pty >= 0 and len(self.to_screen) < _CHUNK:
            wanted[self.pty] = select.POLLIN
        # Reading in the background would stop us (SIGTTIN), also where the command wants nothing.
        if self.reads_input and not self.to_command and terminal.in_foreground(0):
            wanted[0] = select.POLLIN
        if self.to_command and self.pty >= 0:
            wanted[self.pty] = wanted.get(self.pty, 0) | select.POLLOUT
        if self.to_screen:
            wanted[self.screen] = wanted.get(self.screen, 0) | select.POLLOUT
        return wanted

    def move(self, ready: Mapping[int, int]) -> None:
        """Move what can be moved without waiting."""
        if self.to_screen and ready.get(self.screen, 0) & ~select.POLLIN:
            self._write_screen()
        at_pty = ready.get(self.pty, 0)
        if self.to_command and at_pty & select.POLLOUT:
            self._write_command()
        if at_pty & ~select.POLLOUT:
            self._read_pty()
        if self.reads_input and ready.get(0, 0) & ~select.POLLOUT:
            self._read_input()

    def flush(self) -> None:
        """Show what the command has written by now, waiting for the terminal where it is slow."""
        left = _MOST_AT_THE_END
        while left > 0 and self.pty >= 0 and select.select([self.pty], [], [], 0)[0]:
            before = len(self.to_screen)
            self._read_pty()
            left -= max(len(self.to_screen) - before, 1)
        while self.to_screen:
            select.select([], [self.screen], [])
            self._write_screen()

    def close(self) -> None:
        """Give the terminal back and close the PTY."""
        self.give_back()
        if self.pty >= 0:
            os.close(self.pty)
            self.pty = -1

    def _read_pty(self) -> None:
        try:
            data = os.read(self.pty, _CHUNK)
        except BlockingIOError:
            return
        except OSError:  # EIO: nobody has the inside open any more
            data = b""
        if data:
            self.to_screen += data if self.shows else b""
        else:
            os.close(self.pty)
            self.pty = -1
            self.to_command = b""

    def _write_screen(self) -> None:
        try:
            written = os.write(self.screen, self.to_screen[:_TERMINAL_CHUNK])
        except BlockingIOError:  # somebody made the caller's terminal non-blocking
            return
        except OSError:  # it hung up, which ends the command also where the signal went astray
            written, self.shows = len(self.to_screen), False
            if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
                self.hung_up()
        self.to_screen = self.to_screen[written:]

    def _read_input(self) -> None:
        try:
            data = os.read(0, _CHUNK)
        except OSError:
            data = b""
        if data:
            self.to_command += data
        elif self.raw:
            self.reads_input = False
            self.hung_up()
        else:
            self.to_command += _END_OF_FILE

    def _write_command(self) -> None:
        try:
            written = os.write(self.pty, self.to_command[:_CHUNK])
        except BlockingIOError:
            return
        except OSError:
            self.to_command = b""
            return
        self.to_command = self.to_command[written:]
