"""Start and stop the gateway of one sandbox. This is all that the starting process imports of the gateway.

    Paddock ──fork──► gateway ──fork──► a process that enters the network namespace, makes the sockets,
                         │ ◄── descriptors ──┘                              and is gone again
                         └─ serves, outside; dies with Paddock

Where a person has started one process for all sandboxes (`gateway.shared`), that serves this one as well.

Programs inside may start as soon as the sockets exist: what they ask waits in the sockets' queues while the
gateway imports the rest of itself.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import time
from contextlib import suppress

from paddock.errors import PaddockError
from paddock.frozen import replace
from paddock.gateway import child, control, record
from paddock.gateway.child import Entrusted
from paddock.gateway.record import About, Refusal, Summary
from paddock.gateway.shared import SOCKET
from paddock.gateway.table import Table
from paddock.record import anchors
from paddock.record.writer import open_to_append
from paddock.remarks import complain
from paddock.state import runtime_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from paddock.kernel.namespaces import Namespaces
    from paddock.plan.model import Network, Published

__all__ = ["Entrusted", "Gateway", "Refusal", "Summary", "start"]

_NOTHING = Entrusted()
_START_TIMEOUT_S = 20.0
_STOP_TIMEOUT_S = 20.0  # as busy as a machine may be; longer than a gateway waits for its maker
_OVERDUE = Summary(ended="the gateway did not end when it was told to, and was killed")
_LONGEST_REPORT = 32 << 20  # as many refusals as the record keeps apart


class Gateway:
    """A gateway that runs as a child process. When it ends, the sandbox has no network at all.

    Where one process serves many, the child is the sandbox's maker, which ends with its gateway there.
    """

    def __init__(self, pid: int, last_word: int, record_path: str, about: Callable[[], About]) -> None:
        self.pid = pid
        self._record_path = record_path
        self._about = about
        self._last_word = last_word
        self._process = os.pidfd_open(pid)
        self._summary: Summary | None = None
        self._overdue = False  # it was told to end, and did not

    @property
    def is_alive(self) -> bool:
        """Whether it still serves."""
        return self._summary is None and not select.select([self._process], [], [], 0)[0]

    @property
    def descriptor(self) -> int:
        """Readable when the process has ended, until `stop`."""
        return self._process

    def has_alarmed(self) -> bool:
        """Whether it has ended because of something after which the sandbox must not go on."""
        return not self.is_alive and self.stop().ended.startswith(record.ALARM)

    def stop(self) -> Summary:
        """End the process and collect what it did. Idempotent."""
        if self._summary is None:
            died = not self.is_alive
            if not died:
                self._signal(signal.SIGTERM)
                self._signal(signal.SIGCONT)  # one that was stopped would not see the first
            status = self._reap()
            data = self._take_last_word() if status >= 0 else b""  # a signal may have cut it short
            self._summary = _OVERDUE if status < 0 and self._overdue else _summary(data, status, died=died)
            os.close(self._last_word)
            if status == -signal.SIGTERM and not self._summary.ended:
                self._summary = _record_unserved(self._record_path, self._about)
            _anchor(self._record_path, self._summary)
        return self._summary

    def _take_last_word(self) -> bytes:
        size = min(os.fstat(self._last_word).st_size, _LONGEST_REPORT)
        return os.pread(self._last_word, size, 0)

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError):  # it has ended, and somebody has waited for all children
            signal.pidfd_send_signal(self._process, number)

    def abandon(self) -> None:
        """End it without waiting for a last word; nothing is collected."""
        self._signal(signal.SIGKILL)
        self.stop()

    def _reap(self) -> int:
        if not select.select([self._process], [], [], _STOP_TIMEOUT_S)[0]:
            self._overdue = True
            self._signal(signal.SIGKILL)
            select.select([self._process], [], [])
        os.close(self._process)
        try:
            return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        except ChildProcessError:
            return 0  # somebody waited for all children


def _summary(data: bytes, status: int, *, died: bool) -> Summary:
    try:
        summary = record.unpack(data)
    except ValueError:
        if status == -signal.SIGTERM and not died:
            return Summary()  # it was ended before it had served anything
        how = f"signal {-status}" if status < 0 else f"status {status}"
        return Summary(ended=f"the gateway died ({how})")
    return summary


def _record_unserved(record_path: str, about: Callable[[], About]) -> Summary:
    """Record a gateway that was ended before it had served or written anything."""
    try:
        lines = open_to_append(record_path)
    except OSError as error:
        return Summary(ended=f"the record could not be written: {error.strerror}")
    try:
        return record.Record(lines, about()).begin().finish()
    finally:
        os.close(lines)


def _anchor(record_path: str, summary: Summary) -> None:
    """Keep how the record ended, where its writer cannot change it. One that was not closed has no anchor."""
    if not summary.head:
        return
    try:
        anchors.write(record_path, anchors.Anchor(summary.lines, summary.head))
    except (OSError, PaddockError) as error:
        complain(f"how the record {record_path} ended could not be kept: {error}")


def start(  # noqa: PLR0913 - all that a gateway needs
    network: Network,
    namespaces: Namespaces,
    *,
    record_path: str,
    drop_to: tuple[int, int] | None,
    directory: str = "",
    about: Callable[[], About] = About,
    entrusted: Entrusted = _NOTHING,
) -> Gateway:
    """Make the sandbox's sockets and start serving them.

    Call it when the namespaces exist and before the command starts. `record_path` gets a line per event, the first
    of which says what it is `about`; in `directory` a socket appears by which the person reaches the gateway
    (`control`). As root the gateway runs under the ids `drop_to`, or as nobody. Raises PolicyError for rules and
    credentials that cannot be kept, PaddockError when the sockets cannot be made; then nothing is left.
    """
    if entrusted.brokered:
        from paddock.gateway.secrets import custody

        custody.check(entrusted.brokered)
    table = Table(network, (bound for one in entrusted.brokered for bound in one.credential.bound), clock=time.time)
    published = _publish(network)
    try:
        lines = _above_standard(open_to_append(record_path))
    except OSError as error:
        for _, descriptor in published:
            os.close(descriptor)
        raise PaddockError(
            "the gateway's record cannot be opened", why=f"{record_path}: {error.strerror}", code="gateway"
        ) from error
    opened = (lines, *(descriptor for _, descriptor in published))
    door = _open_door(directory, opened)
    report, reporting = map(_above_standard, os.pipe())
    last_word = _above_standard(os.memfd_create("last word"))
    charge = child.Charge(
        table, namespaces, lines, reporting, last_word, os.getpid(), drop_to, door, about, published, entrusted
    )
    # No signal may reach the child while it still has this process's handlers.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    shared = pid = 0
    try:
        shared = _join(charge)
        pid = shared or os.fork()
        if pid == 0:
            child.run(charge)
    except BaseException:
        os.close(report)
        os.close(last_word)
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for descriptor in (*opened, reporting, door.descriptor):
            if descriptor >= 0:
                os.close(descriptor)
    gateway = Gateway(pid, last_word, record_path, about)
    try:
        if not shared:
            _wait_until_ready(gateway, report)
    finally:
        os.close(report)
    return gateway


def _join(charge: child.Charge) -> int:
    """The process that stays for the sandbox, where one that was started for many serves it; 0 where none does."""
    if not os.path.exists(f"{runtime_directory()}/{SOCKET}"):
        return 0
    from paddock.gateway.shared import joining

    return joining.join(charge)


def _publish(network: Network) -> tuple[tuple[Published, int], ...]:
    if not network.published:
        return ()
    from paddock.gateway import publishing

    return tuple((port, _above_standard(opened)) for port, opened in publishing.open_ports(network.published))


def _open_door(directory: str, opened: Sequence[int]) -> control.Door:
    if not directory:
        return control.Door(-1, os.getuid())
    try:
        door = control.open_door(directory)
    except OSError as error:
        for descriptor in opened:
            os.close(descriptor)
        raise PaddockError(
            "the gateway's socket cannot be made", why=f"{directory}: {error.strerror}", code="gateway"
        ) from error
    return replace(door, descriptor=_above_standard(door.descriptor))


def _above_standard(descriptor: int) -> int:
    """The same file under a number that is not taken for a standard stream, if Paddock was started without one."""
    if descriptor > 2:
        return descriptor
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)
    os.close(descriptor)
    return moved


def _wait_until_ready(gateway: Gateway, report: int) -> None:
    ready = select.select([report], [], [], _START_TIMEOUT_S)[0]
    first = os.read(report, 1) if ready else b""
    if first == child.READY:
        return
    why = os.read(report, 4096).decode("utf-8", "replace") if first else "it did not start in time"
    gateway.abandon()
    raise PaddockError(
        "the gateway could not be started",
        why=why,
        next_step="paddock run --net off …, or paddock doctor",
        code="gateway",
    )
