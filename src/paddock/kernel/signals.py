"""Signals that would end us, held back while half a start or half of clearing up would be worse than a short wait."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
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
