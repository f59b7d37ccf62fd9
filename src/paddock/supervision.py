"""Stand between the caller and a command inside: terminal, signals, time limit, end.

The caller's terminal is put into raw mode while the command has a PTY of its own, and given back whenever
the command stops (Ctrl-Z) or ends. Where the caller's input or output is no terminal, the descriptor itself
is the command's, and signals are passed on.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import time
from contextlib import suppress

from paddock.frozen import frozen
from paddock.kernel import terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.kernel.reports import Joined, Report

TIOCSIG = 0x40045436  # ioctl_tty(2): a signal to the PTY's foreground group
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_NOTICED = (signal.SIGWINCH, signal.SIGCONT, signal.SIGTSTP)
GRACE_S = 5.0
_CHUNK = 65536
_TERMINAL_CHUNK = 1024  # small enough not to block on a terminal that select(2) calls writable
_END_OF_FILE = b"\x04"


@frozen
class Outcome:
    """How it ended. `failure` is set when the command never started."""

    code: int | None = None
    signal: int | None = None
    timed_out: bool = False
    failure: Report | None = None
    private: tuple[str, ...] = ()  # names that appeared in the private home and go with it

    @property
    def exit_code(self) -> int:
        """The command's own code, or 128+n for a signal."""
        return 128 + self.signal if self.signal is not None else self.code or 0


def terminals() -> tuple[int, ...]:
    """Which of our standard descriptors are terminals."""
    return tuple(descriptor for descriptor in (0, 1, 2) if os.isatty(descriptor))


class Supervisor:
    """Relays between the caller and one command until its end."""

    def __init__(self, joined: Joined, wall_s: float | None) -> None:
        self.joined = joined
        self.pid = 0  # of the command, while it cannot have been reused
        self.early: list[int] = []  # signals from before the command was there
        self.pty = -1
        self.caller = terminals()
        self.raw = 0 in self.caller and 1 in self.caller
        self.reads_input = 0 in self.caller
        self.screen = next((number for number in (1, 2) if number in self.caller), -1)
        self.shows = True  # until the caller's terminal hangs up
        self.modes = terminal.settings(0) if self.raw else None
        self.to_command = b""
        self.to_screen = b""
        self.deadline = time.monotonic() + wall_s if wall_s else None
        self.kill_at: float | None = None
        self.timed_out = False
        self.asked_to_end = False
        self.failure: Report | None = None
        self._wake, self._tell = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def run(self) -> Outcome:
        """Relay until the command has ended. The caller's terminal and signal handlers are restored."""
        # What the caller ignores stays ignored: nohup(1), background jobs.
        ours = [number for number in (*_FORWARDED, *_NOTICED) if signal.getsignal(number) != signal.SIG_IGN]
        # First the descriptor: a signal between the two would be taken by a handler that does nothing, and lost.
        previous = signal.set_wakeup_fd(self._tell, warn_on_full_buffer=False)
        handlers = {number: signal.signal(number, lambda *_: None) for number in ours}
        mask = signal.pthread_sigmask(signal.SIG_UNBLOCK, _FORWARDED)  # the session holds some back
        try:
            self._take_over()
            return self._loop()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            self._give_back()
            signal.set_wakeup_fd(previous)
            for number, handler in handlers.items():
                signal.signal(number, handler)
            for descriptor in (self._wake, self._tell, self.pty):
                if descriptor >= 0:
                    os.close(descriptor)
            self.joined.release()

    # The caller's terminal

    def _take_over(self) -> None:
        if self.raw and terminal.in_foreground(0):
            terminal.make_raw(0)

    def _give_back(self) -> None:
        if self.modes is not None and terminal.in_foreground(0):
            terminal.restore(0, self.modes)

    def _stop_with_the_command(self) -> None:
        """The command was stopped from its terminal: stop our job likewise, so that the shell takes over."""
        self._give_back()
        self._flush_screen()
        old = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.killpg(os.getpgrp(), signal.SIGTSTP)
        # Here we are continued.
        signal.signal(signal.SIGTSTP, old)
        self._resume()

    def _resume(self) -> None:
        self._take_over()
        self._resize()
        self._signal(signal.SIGCONT)

    def _resize(self) -> None:
        if self.pty >= 0 and self.screen >= 0:
            with suppress(OSError):  # a terminal that hangs up sends SIGCONT as well
                terminal.copy_size(self.screen, self.pty)

    # The loop

    def _loop(self) -> Outcome:
        while True:
            readers, writers = self._wants()
            readable, writable, _ = select.select(readers, writers, [], self._patience())
            self._move_bytes(readable, writable)
            if self._wake in readable:
                self._hear_signals()
            self._mind_the_time()
            if self.joined.first or self.joined.channel.fileno() in readable:
                outcome = self._hear_report()
                if outcome is not None:
                    self._flush_screen()
                    return outcome

    def _wants(self) -> tuple[list[int], list[int]]:
        readers = [self.joined.channel.fileno(), self._wake]
        writers = []
        if self.pty >= 0 and len(self.to_screen) < _CHUNK:
            readers.append(self.pty)
        # Reading in the background would stop us (SIGTTIN), also where the command wants nothing.
        if self.reads_input and not self.to_command and terminal.in_foreground(0):
            readers.append(0)
        if self.to_command and self.pty >= 0:
            writers.append(self.pty)
        if self.to_screen:
            writers.append(self.screen)
        return readers, writers

    def _move_bytes(self, readable: list[int], writable: list[int]) -> None:
        if self.to_screen and self.screen in writable:
            self._write_screen()
        if self.pty in writable:
            self._write_command()
        if self.pty in readable:
            self._read_pty()
        if 0 in readable:
            self._read_input()

    def _patience(self) -> float | None:
        if self.joined.first:
            return 0.0
        pending = [moment for moment in (self.deadline, self.kill_at) if moment is not None]
        return max(0.0, min(pending) - time.monotonic()) if pending else None

    def _mind_the_time(self) -> None:
        now = time.monotonic()
        if self.kill_at is not None and now >= self.kill_at:
            self.kill_at = None
            self._signal(signal.SIGKILL)
        if self.deadline is not None and now >= self.deadline:
            self.deadline = None
            self.timed_out = True
            self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        self._signal(number)
        self._signal(signal.SIGCONT)  # a stopped command would not see the first
        self.kill_at = time.monotonic() + GRACE_S

    # Bytes

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
                self._end(signal.SIGHUP)
        self.to_screen = self.to_screen[written:]

    def _flush_screen(self) -> None:
        while self.pty >= 0 and select.select([self.pty], [], [], 0)[0]:
            self._read_pty()
        while self.to_screen:
            select.select([], [self.screen], [])
            self._write_screen()

    def _read_input(self) -> None:
        try:
            data = os.read(0, _CHUNK)
        except OSError:
            data = b""
        if data:
            self.to_command += data
        elif self.raw:  # the terminal hung up
            self.reads_input = False
            self._end(signal.SIGHUP)
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

    # Signals and reports

    def _signal(self, number: int) -> None:
        """To the command's foreground job where it has a terminal, else to its process group."""
        if self.pid and self.pty >= 0 and number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP):
            fcntl.ioctl(self.pty, TIOCSIG, number)
        elif self.pid:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)
        else:
            self.early.append(number)

    def _hear_signals(self) -> None:
        for number in self._pending_signals():
            if number == signal.SIGWINCH:
                self._resize()
            elif number == signal.SIGCONT:
                self._resume()
            elif number == signal.SIGTSTP:
                self._signal(number)
                os.kill(os.getpid(), signal.SIGSTOP)
            elif number in (signal.SIGTERM, signal.SIGHUP):
                self._end(signal.SIGKILL if self.asked_to_end else number)
                self.asked_to_end = True
            elif number in _FORWARDED:
                self._signal(number)

    def _pending_signals(self) -> Iterator[int]:
        while True:
            try:
                numbers = os.read(self._wake, 256)
            except BlockingIOError:
                return
            yield from numbers

    def _hear_report(self) -> Outcome | None:
        report = self.joined.receive()
        if report is None:
            return Outcome(signal=signal.SIGKILL, timed_out=self.timed_out, failure=self.failure)
        if report.kind == "pid":
            self.pid = report.number
            for number in self.early:
                self._signal(number)
        elif report.kind == "terminal":
            self._use_terminal(report.descriptor)
        elif report.kind == "failed":
            self.failure = report
        elif report.kind == "stopped":
            if self.pty >= 0 and self.raw:
                self._stop_with_the_command()
        else:
            code = report.number if report.kind == "exited" else None
            killed = report.number if report.kind == "killed" else None
            private = tuple(name for name in report.text.split("/") if name)
            return Outcome(code, killed, self.timed_out, self.failure, private)
        return None

    def _use_terminal(self, descriptor: int) -> None:
        self.pty = descriptor
        os.set_blocking(descriptor, False)
        self._resize()
        if self.raw and self.modes is not None:
            terminal.imitate(descriptor, self.modes)
        elif 0 in self.caller:
            terminal.silence_echo(descriptor)
