"""Stand between the caller and a command inside: its streams, signals, time limit, end.

A terminal of the caller's is relayed to a PTY (`console`), all else to pipes (`relay`); a signal that comes
while there is no terminal is passed on.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import time
from contextlib import suppress

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Protocol

    from paddock.console import Console
    from paddock.kernel.reports import Joined, Report
    from paddock.relay import Relay

    class Guard(Protocol):
        """Who may say that the command must end: asked once, when the descriptor is readable."""

        @property
        def descriptor(self) -> int: ...  # noqa: D102 - a field
        def has_alarmed(self) -> bool: ...  # noqa: D102 - as above


TIOCSIG = 0x40045436  # ioctl_tty(2): a signal to the PTY's foreground group
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_NOTICED = (signal.SIGWINCH, signal.SIGCONT, signal.SIGTSTP)
GRACE_S = 5.0
_LOST_OUTPUT = 125


@frozen
class Outcome:
    """How it ended. `failure` is set when the command never started."""

    code: int | None = None
    signal: int | None = None
    timed_out: bool = False
    failure: Report | None = None
    private: tuple[str, ...] = ()  # names that appeared in the private home and go with it
    lost: tuple[str, ...] = ()  # what could not be read or delivered of its streams, and why

    @property
    def exit_code(self) -> int:
        """The command's own code, or 128+n for a signal. Success is none where something was lost."""
        if self.signal is not None:
            return 128 + self.signal
        return self.code or (_LOST_OUTPUT if self.lost else 0)


class Supervisor:
    """Stands between the caller and one command until its end."""

    def __init__(self, joined: Joined, wall_s: float | None, guard: Guard | None = None) -> None:
        self.joined = joined
        self.guard = guard
        self.pid = 0  # of the command, while it cannot have been reused
        self.early: list[int] = []  # signals from before the command was there
        # Not needed before the command runs, and not by every one.
        self.console = _console(self._hang_up)
        self.relay = _relay(joined.streams)
        self.deadline = time.monotonic() + wall_s if wall_s else None
        self.kill_at: float | None = None
        self.timed_out = False
        self.asked_to_end = False
        self.failure: Report | None = None
        self.ended: Outcome | None = None
        self._wake, self._tell = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def run(self) -> Outcome:
        """Stay until the command has ended. The caller's terminal and signal handlers are restored."""
        # What the caller ignores stays ignored: nohup(1), background jobs.
        ours = [number for number in (*_FORWARDED, *_NOTICED) if signal.getsignal(number) != signal.SIG_IGN]
        # First the descriptor: a signal between the two would be taken by a handler that does nothing, and lost.
        previous = signal.set_wakeup_fd(self._tell, warn_on_full_buffer=False)
        handlers = {number: signal.signal(number, lambda *_: None) for number in ours}
        mask = signal.pthread_sigmask(signal.SIG_UNBLOCK, _FORWARDED)  # the session holds some back
        try:
            if self.console:
                self.console.take_over()
            return self._loop()
        except BaseException:
            if self.ended is None:
                self._abandon()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            if self.console:
                self.console.close()
            if self.relay:
                self.relay.close()
            signal.set_wakeup_fd(previous)
            for number, handler in handlers.items():
                signal.signal(number, handler)
            for descriptor in (self._wake, self._tell):
                os.close(descriptor)
            self.joined.release()

    # The loop

    def _loop(self) -> Outcome:
        channel = self.joined.channel.fileno()
        while True:
            ready = self._wait(channel)
            if self.console:
                self.console.move(ready)
            if self.relay:
                self.relay.move(ready)
            if self._wake in ready:
                self._hear_signals()
            if self.guard and self.guard.descriptor in ready:
                self._hear_guard(self.guard)
            self._mind_the_time()
            if self.ended is None and (self.joined.first or channel in ready):
                self._hear_report()
            elif self.joined.starting in ready:
                self._begin(channel)
            if self.ended is not None and (self.relay is None or self.relay.done):
                return self._last_words(self.ended)

    def _wait(self, channel: int) -> dict[int, int]:
        wanted = {self._wake: select.POLLIN}
        if self.guard:
            wanted[self.guard.descriptor] = select.POLLIN
        if self.ended is None:
            wanted[channel] = select.POLLIN
            if self.joined.starting >= 0:
                wanted[self.joined.starting] = 0  # only its end is of interest
        for part in (self.console, self.relay):
            if part:
                wanted |= part.interest()
        poll = select.poll()
        for descriptor, events in wanted.items():
            poll.register(descriptor, events)
        return dict(poll.poll(self._patience_ms()))

    def _patience_ms(self) -> float | None:
        if self.joined.first and self.ended is None:
            return 0
        pending = [moment for moment in (self.deadline, self.kill_at) if moment is not None]
        return max(0.0, min(pending) - time.monotonic()) * 1000 if pending else None

    def _mind_the_time(self) -> None:
        now = time.monotonic()
        if self.kill_at is not None and now >= self.kill_at:
            self.kill_at = None
            self._end_now()
        if self.deadline is not None and now >= self.deadline:
            self.deadline = None
            self.timed_out = True
            self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        self._signal(number)
        self._signal(signal.SIGCONT)  # a stopped command would not see the first
        self.kill_at = time.monotonic() + GRACE_S

    def _end_now(self) -> None:
        """The command; or, where it has ended already, the wait for whoever does not take its output."""
        self._signal(signal.SIGKILL)
        if self.ended and self.relay:
            self.relay.give_up()

    def _hang_up(self) -> None:
        self._end(signal.SIGHUP)

    def _hear_guard(self, guard: Guard) -> None:
        self.guard = None  # it says one thing, once
        if guard.has_alarmed():
            self.asked_to_end = True
            self._end_now()

    def _abandon(self) -> None:
        """End a command that nobody stands by any more: who lets go of it waits for its end."""
        while not self.pid:
            report = self.joined.receive()
            if report is None or report.kind in ("exited", "killed"):
                return
            if report.kind == "pid":
                self.pid = report.number
        for kill in (os.killpg, os.kill):  # it may have left its group
            with suppress(ProcessLookupError):
                kill(self.pid, signal.SIGKILL)

    # Signals

    def _signal(self, number: int) -> None:
        """To the command's foreground job where it has a terminal, else to its process group."""
        pty = self.console.pty if self.console else -1
        if self.pid and pty >= 0 and number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP):
            fcntl.ioctl(pty, TIOCSIG, number)
        elif self.pid:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)
        else:
            self.early.append(number)

    def _hear_signals(self) -> None:
        for number in self._pending_signals():
            if number == signal.SIGWINCH and self.console:
                self.console.resize()
            elif number == signal.SIGCONT:
                self._resume()
            elif number == signal.SIGTSTP:
                self._signal(number)
                os.kill(os.getpid(), signal.SIGSTOP)
            elif number in _FORWARDED and self.ended:
                self._end_now()
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

    def _stop_with_the_command(self, console: Console) -> None:
        """The command was stopped from its terminal: stop our job likewise, so that the shell takes over."""
        console.give_back()
        console.flush()
        if self.relay:
            self.relay.settle()
        old = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.killpg(os.getpgrp(), signal.SIGTSTP)
        # Here we are continued.
        signal.signal(signal.SIGTSTP, old)
        self._resume()

    def _resume(self) -> None:
        if self.console:
            self.console.take_over()
            self.console.resize()
        self._signal(signal.SIGCONT)

    # Reports

    def _hear_report(self) -> None:
        report = self.joined.receive()
        if report is None:
            self._ended(Outcome(signal=signal.SIGKILL))
        elif report.kind == "pid":
            self.pid = report.number
            for number in self.early:
                self._signal(number)
        elif report.kind == "terminal":
            if self.console:
                self.console.use(report.descriptor)
            else:  # ours went away since the command was given one
                os.close(report.descriptor)
        elif report.kind == "failed":
            self.failure = report
        elif report.kind == "stopped":
            if self.console and self.console.raw and self.console.pty >= 0:
                self._stop_with_the_command(self.console)
        else:
            code = report.number if report.kind == "exited" else None
            killed = report.number if report.kind == "killed" else None
            self._ended(Outcome(code, killed, private=tuple(name for name in report.text.split("/") if name)))

    def _begin(self, channel: int) -> None:
        """The command has become its program, unless a report that is waiting says that it could not."""
        if not select.select([channel], [], [], 0)[0] and self.joined.starting >= 0:
            os.close(self.joined.starting)
            self.joined.starting = -1
            if self.relay and not self.failure:
                self.relay.begin()

    def _ended(self, outcome: Outcome) -> None:
        self.ended = outcome
        if self.relay:
            self.relay.finish()
        # A reader that takes nothing more must not keep what else runs in the sandbox alive.
        if self.kill_at is not None or self.timed_out or self.asked_to_end:
            self.kill_at = time.monotonic() + GRACE_S

    def _last_words(self, outcome: Outcome) -> Outcome:
        if self.console:
            self.console.flush()
        lost = self.relay.failures() if self.relay else ()
        return Outcome(outcome.code, outcome.signal, self.timed_out, self.failure, outcome.private, lost)


def _console(hung_up: Callable[[], None]) -> Console | None:
    caller = tuple(descriptor for descriptor in (0, 1, 2) if os.isatty(descriptor))
    if not caller:
        return None
    from paddock.console import Console

    return Console(caller, hung_up)


def _relay(streams: dict[int, int]) -> Relay | None:
    if not streams:
        return None
    from paddock.relay import Relay

    return Relay(streams)
