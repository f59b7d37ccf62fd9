"""Signals: held back while half a start would be worse than a short wait, waited for beside descriptors, and sent."""

from __future__ import annotations

import os
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from signal import Signals

_ENDING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")  # what terminals, shells and service managers send


class HeldBack:
    """The ending signals, from `begin` to `release`. The supervisor lets them through in between."""

    def __init__(self) -> None:
        self._before: set[int | Signals] | None = None

    def begin(self) -> None:
        """Hold them back from now on. Once is enough."""
        if self._before is not None:
            return
        import signal  # brings enum, and is not needed before bubblewrap is at work

        ending = {getattr(signal, name) for name in _ENDING}
        self._before = signal.pthread_sigmask(signal.SIG_BLOCK, ending)

    def leave_if_asked(self) -> None:
        """End a start that a signal asked to end, as any failure would: what was made is taken back."""
        import signal

        asked = {number for number in signal.sigpending() if signal.Signals(number).name in _ENDING}
        if asked:
            raise SystemExit(128 + signal.sigwait(asked))

    def release(self) -> None:
        """Let through again what was let through before."""
        if self._before is not None:
            import signal

            signal.pthread_sigmask(signal.SIG_SETMASK, self._before)


@contextmanager
def arrivals() -> Iterator[int]:
    """A descriptor that is readable as soon as a signal has come to which Python has an answer.

    For select(2) before a call that blocks. A signal that comes just before such a call, or to another thread,
    interrupts nothing, and its answer is given when the call returns by itself, perhaps never (PEP 475).
    """
    import signal

    readable, writable = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        before = signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
        try:
            yield readable
        finally:
            signal.set_wakeup_fd(before)
    finally:
        os.close(readable)
        os.close(writable)


def kill_if(pid: int, is_it: Callable[[], bool], timeout_s: float) -> bool:
    """Kill somebody's process and wait for its end, if `is_it` holds of it still. Whether it did.

    Asked once the process is held: else the number may be another one's between the question and the signal.
    """
    import select
    import signal

    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        if not is_it():
            return False
        signal.pidfd_send_signal(process, signal.SIGKILL)
        select.select([process], [], [], timeout_s)
    except ProcessLookupError:
        return False
    finally:
        os.close(process)
    return True
