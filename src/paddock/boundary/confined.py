"""A command confined by Landlock and the system-call filter, as it runs.

Two processes, as in `kernel.join`, whose reports it gives: a *keeper* that stays free, adopts what the command
leaves behind and ends it all; and its child, which binds itself and becomes the command.
"""

from __future__ import annotations

import os
import select
import signal
import socket

from paddock.errors import BoundaryUnavailable, PaddockError
from paddock.kernel import confine, landlock, reaping, rlimits, seccomp, streams, terminal
from paddock.kernel.namespaces import be_unreadable, die_with_parent
from paddock.kernel.reports import Joined, tell, tell_failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import NoReturn

    from paddock.boundary.landlock import LandlockProfile
    from paddock.kernel.namespaces import Namespaces
    from paddock.kernel.streams import Kinds
    from paddock.kernel.terminal import Looks

_OOM_SCORE = "300"  # as in kernel.join
_NOT_STARTED = 127


class LandlockSandbox:
    """Confined commands of one profile. Its directory belongs to the caller, who also removes it."""

    namespaces: Namespaces | None = None

    def __init__(self, profile: LandlockProfile) -> None:
        """Make the private directories. Raises PaddockError; as root BoundaryUnavailable."""
        if os.geteuid() == 0:
            raise BoundaryUnavailable(
                "the landlock boundary does not run as root",
                why="root stays root without a user namespace, and Landlock leaves root many ways out",
                next_step="run paddock as an ordinary user",
            )
        self.profile = profile
        self._started: list[Joined] = []
        _make_directories(profile)

    def exec(self, kinds: Kinds, argv: Sequence[str] = (), *, before: Callable[[], None] = lambda: None) -> Joined:
        """Start the profile's command, or another one. `before` runs in the keeper (control groups)."""
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = tuple(argv) or self.profile.argv
        inside, outside = streams.open_pipes(kinds)
        looks = terminal.looks(kinds)
        pid = os.fork()
        if pid == 0:
            _keeper(self.profile, command, (kinds, inside, looks), before, there)
        there.close()
        for descriptor in inside.values():
            os.close(descriptor)
        joined = Joined(pid, here, outside)
        self._started.append(joined)
        return joined

    def stop(self) -> None:
        """End every process inside; returns when none is left. Idempotent."""
        for joined in self._started:
            joined.release()
        self._started.clear()


def _make_directories(profile: LandlockProfile) -> None:
    try:
        for directory in profile.directories:  # sorted: parents first
            os.mkdir(directory, 0o700)
        for path, target in profile.links:
            os.symlink(target, path)
        for path, content in profile.files:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with open(descriptor, "wb") as file:
                file.write(os.fsencode(content))
    except OSError as error:
        raise PaddockError(
            "the sandbox's private directories could not be made",
            why=f"{error.strerror} ({error.filename})",
            next_step="paddock clean, or more space for XDG_RUNTIME_DIR",
            code="private-directories",
        ) from error


# --- the keeper ---


def _keeper(
    profile: LandlockProfile,
    command: tuple[str, ...],
    given: tuple[Kinds, Mapping[int, int], Looks],
    before: Callable[[], None],
    channel: socket.socket,
) -> NoReturn:
    step = "keeper"
    try:
        parent = os.getppid()
        wake, nudge = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # the session's business
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        signal.set_wakeup_fd(nudge, warn_on_full_buffer=False)
        kinds, pipes, looks = given
        confine.close_all_but(channel.fileno(), wake, nudge, *pipes.values())
        with open("/proc/self/oom_score_adj", "w", encoding="utf-8") as file:
            file.write(_OOM_SCORE)
        be_unreadable()  # gives /proc/self to root
        reaping.be_reaper()
        # INVARIANT LC-02: Paddock's death is heard, also where another process of its still holds the channel.
        die_with_parent(signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)
        step = "control group"
        before()
        step = "terminal"
        inside = _make_terminal(channel, looks) if "terminal" in kinds else -1
        step = "process"
        ready, starting = os.pipe()
        pid = os.fork()
        if pid == 0:
            _become_command(profile, command, (kinds, pipes, inside), (channel, starting))
        tell(channel, b"P", pid, descriptor=ready)  # at its end once the command has become its program
        for descriptor in (ready, starting, inside, *pipes.values()):
            if descriptor >= 0:
                os.close(descriptor)
        _watch(pid, channel, wake)
    except BaseException as error:  # noqa: BLE001 - nothing may run on in the caller's code
        tell_failure(channel, step, error)
    finally:
        os._exit(1)


def _make_terminal(channel: socket.socket, looks: Looks) -> int:
    outside, inside = terminal.open_pair(looks)
    tell(channel, b"T", 0, descriptor=outside)
    os.close(outside)
    return inside


def _watch(pid: int, channel: socket.socket, wake: int) -> NoReturn:
    """Report stops and the end; whatever ends this ends all that the command left behind."""
    poll = select.poll()
    poll.register(channel, select.POLLIN)
    poll.register(wake, select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _ in poll.poll()}
        signals = os.read(wake, 4096) if wake in ready else b""
        if channel.fileno() in ready or signal.SIGTERM in signals:
            os.kill(pid, signal.SIGKILL)
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        reaping.reap_orphans(pid)
        state = os.waitid(os.P_PID, pid, os.WEXITED | os.WSTOPPED | os.WNOHANG | os.WNOWAIT)
        if state is None:
            continue
        if state.si_code in (os.CLD_STOPPED, os.CLD_TRAPPED):
            os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOHANG)
            tell(channel, b"S", state.si_status)
            continue
        # INVARIANT LC-01: a daemon that the command left is ours by now, and ends here.
        reaping.end_all(pid)
        tell(channel, b"E" if state.si_code == os.CLD_EXITED else b"K", state.si_status)
        channel.recv(1)  # until the other end is closed; the pid cannot be reused before
        os._exit(0)


# --- the command ---


def _become_command(
    profile: LandlockProfile,
    command: tuple[str, ...],
    given: tuple[Kinds, Mapping[int, int], int],
    kept: tuple[socket.socket, int],
) -> NoReturn:
    channel, starting = kept
    step = "session"
    try:
        signal.set_wakeup_fd(-1)
        keeper = os.getppid()
        die_with_parent(signal.SIGKILL)
        if os.getppid() != keeper:
            os._exit(_NOT_STARTED)
        os.setsid()
        kinds, pipes, inside = given
        if inside >= 0:
            terminal.make_controlling(inside)
        streams.take(kinds, pipes, inside)
        step = "limits"
        rlimits.set_limits(dict(profile.limits))
        step = f"working directory {profile.cwd}"
        os.chdir(profile.cwd)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        bind(profile)
        step = "command"
        confine.close_all_but(channel.fileno(), starting)
        confine.become_program(command, dict(profile.environment))
    except BaseException as error:  # noqa: BLE001 - nothing may run on in the caller's code
        tell_failure(channel, step, error)
    finally:
        os._exit(_NOT_STARTED)


def bind(profile: LandlockProfile) -> None:
    """Give everything up, for ever: capabilities, then files and signals, then system calls.

    The order is the kernel's: no_new_privs first; the filter last, since it forbids none of the steps before.
    """
    confine.drop_capabilities()
    landlock.restrict(profile.rules, profile.abi, tcp=True, scoped=True)
    confine.default_signals()
    seccomp.install(seccomp.program(profile.syscalls, profile.machine, sockets=profile.sockets, neighbours=True))
