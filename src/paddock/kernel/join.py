"""Start a command inside namespaces that exist already.

Two processes: the *joiner* enters the namespaces and stays outside the PID namespace only, to wait for the
command and report; its child is born inside, gives up everything (`confine`) and becomes the command. One
path for a sandbox's first command and for every later `exec`.
"""

from __future__ import annotations

import os
import signal
import socket
from contextlib import suppress

from paddock.frozen import fields, frozen, values_of
from paddock.kernel import confine, landlock, rlimits, seccomp, streams, terminal
from paddock.kernel.namespaces import (
    CLONE_NEWUSER,
    FLAGS,
    Namespaces,
    be_unreadable,
    die_with_parent,
    forbid_imports,
    is_ours,
    setns,
)
from paddock.kernel.reports import Joined, tell, tell_failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import NoReturn, Protocol

    from paddock.kernel.streams import Kinds
    from paddock.kernel.terminal import Looks

    class Through(Protocol):
        """A program that starts commands in a kernel of its own, and works as root of the namespaces."""

        @property
        def step(self) -> str: ...  # noqa: D102 - what a failure of `prepare` is called
        def open(self) -> int: ...  # noqa: D102 - while still outside; the descriptor is kept
        def prepare(self) -> None: ...  # noqa: D102 - before each command
        def become(self, start: Start) -> NoReturn: ...  # noqa: D102 - in place of the command


COMPLETING = "workspace"  # the step of a failure while the caller's mounts are made

# Under memory pressure the kernel should take the sandbox before the person's own programs.
_OOM_SCORE = "300"
_FOR_THE_COMMAND = (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGTTOU, signal.SIGTERM, signal.SIGHUP)


@frozen
class Start:
    """How a command starts. `streams` says what its 0, 1 and 2 are: never our own."""

    argv: tuple[str, ...]
    cwd: str
    environment: Mapping[str, str]
    uid: int
    gid: int
    limits: Mapping[str, int]
    filter: bytes
    streams: Kinds
    nested: bool = False  # it may make namespaces and mounts of its own, which a second wall (Landlock) would forbid
    private_home: str = ""  # what appears there by the end is reported: it will be gone
    through: Through | None = None  # then it gives up nothing itself: that program does, for what it starts


class Joiner:
    """A process that is about to join, and waits to be told which namespaces.

    It can be made before they are: its fork and its move into a control group (for which the kernel waits until
    all processors took notice) take longer than all that it does inside.
    """

    def __init__(
        self, start: Start, before: Callable[[], None] = lambda: None, complete: Callable[[], None] | None = None
    ) -> None:
        """`before` runs while it is still outside (control groups).

        `complete` runs once it is in the mount namespace and still has capabilities over it. Both must have
        everything imported.
        """
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        inside, outside = streams.open_pipes(start.streams)
        looks = terminal.looks(start.streams)
        pid = os.fork()
        if pid == 0:
            here.close()  # else the joiner itself would keep the channel open that tells it to end
            _joiner(start, (before, complete), there, (inside, looks))
        there.close()
        for descriptor in inside.values():
            os.close(descriptor)
        self._waiting: Joined | None = Joined(pid, here, outside)

    def enter(self, namespaces: Namespaces) -> Joined:
        """Let it go on. Its reports say how."""
        assert self._waiting is not None  # noqa: S101 - it is told once
        joined, self._waiting = self._waiting, None
        with suppress(ConnectionError):  # it has failed already, and its report says why
            socket.send_fds(joined.channel, [b"N"], values_of(namespaces))  # type: ignore[arg-type]
        return joined

    def cancel(self) -> None:
        """End it where it was not told to go on."""
        if self._waiting:
            self._waiting.release()
            self._waiting = None


def join(namespaces: Namespaces, start: Start, before: Callable[[], None] = lambda: None) -> Joined:
    """Start a command in namespaces that are complete."""
    return Joiner(start, before).enter(namespaces)


def _joiner(
    start: Start,
    tasks: tuple[Callable[[], None], Callable[[], None] | None],
    channel: socket.socket,
    given: tuple[Mapping[int, int], Looks],
) -> NoReturn:
    pipes, looks = given
    step = "control group"
    try:
        # Signals from the caller's terminal are the session's business. Blocked as well: what the session sends to
        # the command before that has handlers of its own is kept until `default_signals`, not ignored.
        signal.pthread_sigmask(signal.SIG_BLOCK, _FOR_THE_COMMAND)
        for number in _FOR_THE_COMMAND:
            signal.signal(number, signal.SIG_IGN)
        parent = os.getppid()
        tasks[0]()
        with open("/proc/self/oom_score_adj", "w", encoding="utf-8") as file:
            file.write(_OOM_SCORE)
        step = "command"
        kept = (start.through.open(),) if start.through else ()
        step = "namespaces"
        namespaces = _told(channel)
        be_unreadable()
        forbid_imports()
        as_root = os.geteuid() == 0  # of the host: further down it says nothing
        owned_by_host = is_ours(namespaces.owner)  # while /proc is the host's
        if as_root:
            os.setgroups([])  # in the user namespace it is forbidden
        else:
            setns(namespaces.owner, CLONE_NEWUSER)
        # Real root keeps its own user namespace up to here: the mounts that it carries in are the host's.
        setns(namespaces.mnt, FLAGS["mnt"])
        if tasks[1]:
            step = COMPLETING
            tasks[1]()
            step = "namespaces"
        if as_root and not owned_by_host:
            setns(namespaces.owner, CLONE_NEWUSER)
        _enter_all(namespaces)
        _become_somebody(start)
        # Only now: changing credentials clears both.
        be_unreadable()
        die_with_parent(signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        at_start = _names(start.private_home)
        # Above all the session's ends of the pipes: input is at its end when nobody holds the other one.
        confine.close_all_but(channel.fileno(), *pipes.values(), *kept)
        if start.through:
            step = start.through.step
            start.through.prepare()
        step = "terminal"
        inside = _open_terminal(channel, looks) if "terminal" in start.streams else -1
        step = "process"
        pid = _fork_command(start, channel, inside, pipes)
        _watch(pid, channel, lambda: _names(start.private_home) - at_start)
    except BaseException as error:  # noqa: BLE001 - nothing may run on in the caller's code
        tell_failure(channel, step, error)
    finally:
        os._exit(1)


def _become_somebody(start: Start) -> None:
    """The person; or root inside, for a program that starts the command as the person."""
    if start.through:
        os.setgroups([])  # the caller's are nobody's inside
        confine.become(0, 0)
    else:
        confine.become(start.uid, start.gid)


def _told(channel: socket.socket) -> Namespaces:
    """The namespaces to enter; ends this process where it was called off, or its session died."""
    _, descriptors, _, _ = socket.recv_fds(channel, 1, len(fields(Namespaces)))
    if not descriptors:
        os._exit(0)
    return Namespaces(*descriptors)


def _enter_all(namespaces: Namespaces) -> None:
    for name in ("net", "ipc", "uts", "cgroup", "pid"):
        setns(getattr(namespaces, name), FLAGS[name])
    if os.fstat(namespaces.user).st_ino != os.fstat(namespaces.owner).st_ino:
        setns(namespaces.user, CLONE_NEWUSER)


def _watch(pid: int, channel: socket.socket, private: Callable[[], set[str]]) -> NoReturn:
    """Report stops and the end, and reap only once the session has let go of the pid."""
    while True:
        state = os.waitid(os.P_PID, pid, os.WEXITED | os.WSTOPPED | os.WNOWAIT)
        assert state is not None  # noqa: S101 - no WNOHANG
        if state.si_code in (os.CLD_STOPPED, os.CLD_TRAPPED):
            os.waitid(os.P_PID, pid, os.WSTOPPED)
            tell(channel, b"S", state.si_status)
            continue
        text = "/".join(sorted(private()))
        tell(channel, b"E" if state.si_code == os.CLD_EXITED else b"K", state.si_status, text)
        channel.recv(1)  # until the other end is closed
        os.waitpid(pid, 0)
        os._exit(0)


def _names(directory: str) -> set[str]:
    """The names in a directory that a person would miss: no dot files, no temporary ones."""
    try:
        return {name for name in os.listdir(directory) if not name.startswith(".")} if directory else set()
    except OSError:
        return set()


def _fork_command(start: Start, channel: socket.socket, inside: int, pipes: Mapping[int, int]) -> int:
    """The command's pid, told once it has its process group, which signals are sent to, or is gone already."""
    ready, tell_ready = os.pipe()
    pid = os.fork()
    if pid == 0:
        _become_command(start, channel, (inside, pipes), tell_ready)
    for descriptor in (tell_ready, inside, *pipes.values()):
        if descriptor >= 0:
            os.close(descriptor)
    os.read(ready, 1)
    tell(channel, b"P", pid, descriptor=ready)  # at its end once the command has become its program
    os.close(ready)
    return pid


def _become_command(start: Start, channel: socket.socket, ends: tuple[int, Mapping[int, int]], ready: int) -> NoReturn:
    step = "terminal"
    try:
        inside, pipes = ends
        _make_group(inside)
        os.write(ready, b"!")
        step = "standard streams"
        streams.take(start.streams, pipes, inside)
        if start.through:
            step = "command"
            start.through.become(start)
        step = "limits"
        rlimits.set_limits(start.limits)
        step = f"working directory {start.cwd}"
        os.chdir(start.cwd)
        step = "capabilities"
        confine.drop_capabilities()
        step = "landlock"
        if not start.nested:
            landlock.confine_to_root()
        confine.default_signals()
        step = "system-call filter"
        seccomp.install(start.filter)
        step = "command"
        confine.close_all_but(channel.fileno(), ready)
        confine.become_program(start.argv, start.environment)
    except BaseException as error:  # noqa: BLE001 - nothing may run on in the caller's code
        tell_failure(channel, step, error)
    finally:
        os._exit(127)


def _open_terminal(channel: socket.socket, looks: Looks) -> int:
    """Open a PTY, lead a session of its own on it, and hand out its outside; gives the inside.

    The joiner leads the session, not the command: the kernel stops no process group that has no parent in its
    session ("orphaned", setpgid(2)), and Ctrl-Z would do nothing. Inside, the leader has no number (getsid(2)
    says 0), so that nothing can be sent to it.
    """
    os.setsid()
    outside, inside = terminal.open_pair(looks)
    tell(channel, b"T", 0, descriptor=outside)
    os.close(outside)
    terminal.make_controlling(inside)
    return inside


def _make_group(inside: int) -> None:
    """A process group of our own: the terminal's foreground one, or that of a session without a terminal."""
    if inside < 0:
        os.setsid()
        return
    os.setpgid(0, 0)
    os.tcsetpgrp(inside, os.getpgrp())
