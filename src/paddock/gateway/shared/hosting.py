"""Start the serving process, and stay beside it until somebody ends it: what a person's command does."""

from __future__ import annotations

import fcntl
import os
import select
import signal

from paddock.errors import PaddockError, SessionError
from paddock.gateway import child
from paddock.gateway.shared import place, process
from paddock.kernel.signals import arrivals
from paddock.state import make_private, runtime_directory

_LOCK = "gateway.lock"
_START_TIMEOUT_S = 20.0
_STOP_TIMEOUT_S = 20.0  # longer than the process waits for its sandboxes
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LONGEST_REASON = 4096


class Host:
    """The serving process, as its parent has it."""

    def __init__(self, pid: int, report: int, lock: int) -> None:
        self.pid = pid
        self._report = report
        self._lock = lock
        self._process = os.pidfd_open(pid)
        self._ended: tuple[int, int] | None = None
        self._overdue = False  # it was told to end, and did not

    def wait(self) -> int:
        """Stay until a signal asks to end it; how many sandboxes lose their network. Raises PaddockError if it dies."""
        with arrivals() as asked:  # before the handlers: a signal between the two would be taken by one, and lost
            before = {number: signal.signal(number, lambda *_: None) for number in ENDING}
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
            try:
                ready = select.select([asked, self._process], [], [])[0]
                left, status = self.stop()
            finally:
                for number, handler in before.items():
                    signal.signal(number, handler)
        if self._process in ready or status:
            how = f"signal {-status}" if status < 0 else f"status {status}"
            what = "did not end when it was told to, and was killed" if self._overdue else f"died ({how})"
            raise PaddockError(
                f"the gateway {what}",
                why="the sandboxes that it served have no network now",
                next_step="paddock gateway   for those that start from now on",
                code="gateway",
            )
        return left

    def stop(self) -> tuple[int, int]:
        """End it: how many sandboxes lose their network, and its exit code. Idempotent."""
        if self._ended:
            return self._ended
        signal.pidfd_send_signal(self._process, signal.SIGTERM)
        signal.pidfd_send_signal(self._process, signal.SIGCONT)  # one that was stopped would not see the first
        if not select.select([self._process], [], [], _STOP_TIMEOUT_S)[0]:
            self._overdue = True
            signal.pidfd_send_signal(self._process, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        left = os.read(self._report, _LONGEST_REASON)
        place.remove()
        os.close(self._report)
        os.close(self._process)
        os.close(self._lock)
        self._ended = (int(left) if left.isdigit() else 0), status
        return self._ended


def begin(drop_to: tuple[int, int] | None) -> Host:
    """Start it. As root it runs under the ids `drop_to`. Raises SessionError where one serves already."""
    lock = _lock()
    try:
        listening = place.listen()
    except OSError as error:
        os.close(lock)
        raise PaddockError(
            "the gateway's socket cannot be made", why=f"{runtime_directory()}: {error.strerror}", code="gateway"
        ) from error
    report, reporting = os.pipe2(os.O_CLOEXEC)
    parent = os.getpid()
    # No signal may reach the child while it still has this process's handlers.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        pid = os.fork()
        if pid == 0:
            process.run(listening, reporting, parent, drop_to)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.close(reporting)
        listening.close()
    host = Host(pid, report, lock)
    ready = select.select([report], [], [], _START_TIMEOUT_S)[0]
    said = os.read(report, 1) if ready else b""
    if said == child.READY:
        return host
    why = os.read(report, _LONGEST_REASON).decode("utf-8", "replace") if said else "it did not start in time"
    host.stop()
    raise PaddockError("the gateway could not be started", why=why, next_step="paddock doctor", code="gateway")


def _lock() -> int:
    """Hold what one at a time can. The serving process closes its copy, so it ends with us, however that comes."""
    path = f"{make_private(runtime_directory())}/{_LOCK}"
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise SessionError(
            "a gateway serves already",
            why="one is enough for all sandboxes that start now",
            next_step="go on: paddock run …",
            code="gateway-serves",
        ) from None
    return lock
