"""A guest of gVisor in a container: booted once, and commands started in it, by runsc from the container's namespaces.

All of this runs in the joiner (`kernel.join`) and its children, as root of the container's user namespace.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import stat
import time

from paddock.boundary import gvisor
from paddock.boundary.guest_programs import RELEASE_BYTES, SHOWN_BYTES
from paddock.boundary.gvisor import SHOW, STATE
from paddock.kernel import confine, mounts
from paddock.kernel.namespaces import die_with_parent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

    from paddock.boundary.gvisor import Runsc
    from paddock.kernel.join import Start
    from paddock.plan.model import Plan

NAME = "guest"
BOOT_TIMEOUT_S = 60.0
_PID_TIMEOUT_S, _LOOK_EVERY_S = 5.0, 0.01
_LOOKS_S = (0.1, 0.3, 1.0, 3.0, 10.0)  # after Ctrl-Z: runsc passes it on, and does not say when it has
_PASSED_ON = frozenset([
    signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP, signal.SIGCONT,
    signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH,
])  # fmt: skip


class Guest:
    """What a joiner needs to start commands in gVisor: `kernel.join.Through`."""

    step = "gVisor"

    def __init__(
        self, plan: Plan, limits: Mapping[str, int], runsc: Runsc, *, timeout_s: float = BOOT_TIMEOUT_S
    ) -> None:
        self._flags = gvisor.flags(plan, runsc)
        import json  # loaded by now for `become`, which cannot import

        bundle = gvisor.bundle(plan, limits)
        self._bundle = json.dumps(bundle).encode()
        self._internal = tuple(mount["destination"] for mount in bundle["mounts"])
        self._path = runsc.program
        self._host = os.uname().release
        self._timeout_s = timeout_s
        self._program = -1

    def open(self) -> int:
        """Open runsc, while the host's files are seen. The descriptor is to stay open until `become`."""
        self._program = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        return self._program

    def prepare(self) -> None:
        """Boot the guest where it does not run yet. Raises OSError with what runsc complained about."""
        try:
            os.mkdir(f"{STATE}/bundle", 0o700)
        except FileExistsError:
            return
        mounts.make_unbindable(STATE)
        _write(f"{STATE}/bundle/config.json", self._bundle)
        hearing, telling = os.pipe()
        complaints = os.open(f"{STATE}/complaints", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        pid = os.fork()
        if pid == 0:
            self._boot((null, telling, complaints))
        for descriptor in (telling, null):
            os.close(descriptor)
        release = _hear(hearing, RELEASE_BYTES, self._timeout_s)
        os.close(hearing)
        kernel = release.partition(b"\0")[0].decode("latin-1")
        if not gvisor.is_gvisor(kernel, self._host):
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        said = os.pread(complaints, 1 << 16, 0).decode("utf-8", "replace").strip().splitlines()
        os.close(complaints)
        if kernel and not gvisor.is_gvisor(kernel, self._host):
            raise OSError(errno.EIO, f"the kernel inside says that it is {kernel!a}, which is not gVisor's")
        if status:
            raise OSError(errno.EIO, said[-1] if said else f"it did not start in {self._timeout_s:g} seconds")

    def _boot(self, standard: tuple[int, int, int]) -> NoReturn:
        try:
            os.setsid()
            words = ("run", "--bundle", f"{STATE}/bundle", "--detach", NAME)
            _become_runsc(self._program, (*self._flags, *words), standard, ())
        finally:
            os._exit(1)

    def become(self, start: Start) -> NoReturn:
        """Become the runsc that starts the command, hands it our standard streams, and ends as it does.

        Raises OSError as execve(2) would, where that can be told from outside the guest.
        """
        if not self._is_internal(f"{start.cwd}/"):
            os.chdir(start.cwd)
        import json

        _refuse_odd(start)
        described = gvisor.process(start, self._find(start))
        descriptor = os.memfd_create("process")
        os.write(descriptor, json.dumps(described).encode())
        on_terminal = described["terminal"]
        told = f"{STATE}/pid-{os.getpid()}"
        confine.close_all_but(self._program, descriptor)  # the session hears from here on that it has begun
        signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED_ON)
        pid = os.fork()
        if pid == 0:
            if not on_terminal:
                os.setpgid(0, 0)  # signals are for us
            die_with_parent(signal.SIGKILL)
            self._become(descriptor, "--internal-pid-file", told, on_terminal=on_terminal)
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)  # a stream's end is for runsc and the guest alone to hold
        self._attend(pid, told, self._mourn(told), on_terminal=on_terminal)

    def _become(self, described: int, *words: str, on_terminal: bool) -> NoReturn:
        words = (*self._flags, "exec", "--process", f"/proc/self/fd/{described}", *words, NAME)
        # runsc passes a terminal's signals on from a moment after the command has begun. One in that moment, such as
        # Ctrl-Z, would stop or end runsc alone. Held back it waits until runsc asks for it (Go's os/signal, Notify).
        held_back = _PASSED_ON - {signal.SIGCHLD} if on_terminal else frozenset()
        _become_runsc(self._program, words, (0, 1, 2), (described,), held_back)

    def _mourn(self, told: str) -> int:
        """A process that ends the command in the guest when this one is killed, which cannot be passed on."""
        pid = os.fork()
        if pid == 0:
            try:
                os.setpgid(0, 0)
                die_with_parent(signal.SIGTERM)
                signal.sigwait([signal.SIGTERM])
                self._send(signal.SIGKILL, told)
            finally:
                os._exit(0)
        return pid

    def _attend(self, pid: int, told: str, mourner: int, *, on_terminal: bool) -> NoReturn:
        """Wait for runsc, and end as it ends. It hears signals for a command on a terminal alone; others are passed on.

        Where Ctrl-Z has stopped the command, stop too, so that the session hears of it, until it is to go on. Where it
        was for a job of a shell inside, that shell runs on, and so do we.
        """
        looks: tuple[float, ...] = ()
        while True:
            info = signal.sigtimedwait(_PASSED_ON, looks[0]) if looks else signal.sigwaitinfo(_PASSED_ON)
            if info is None:
                if not _text(told):
                    continue  # runsc has passed nothing on yet
                looks = looks[1:]
                if self._is_stopped(told):
                    looks = ()
                    os.kill(os.getpid(), signal.SIGSTOP)
            elif info.si_signo == signal.SIGCHLD:
                _end_with(pid, mourner)
            else:
                if not on_terminal:
                    self._send(info.si_signo, told, pid)
                if info.si_signo == signal.SIGTSTP:
                    looks = _LOOKS_S

    def _is_stopped(self, told: str) -> bool:
        hearing, telling = os.pipe()
        pid = os.fork()
        if pid == 0:
            null = os.open(os.devnull, os.O_RDWR)
            try:
                words = ("exec", NAME, SHOW, f"/proc/{_text(told)}/stat")
                _become_runsc(self._program, (*self._flags, *words), (null, telling, null), ())
            finally:
                os._exit(1)
        os.close(telling)
        said = _hear(hearing, SHOWN_BYTES, _PID_TIMEOUT_S)
        os.close(hearing)
        os.kill(pid, signal.SIGKILL)  # it has said it, or hangs
        os.waitpid(pid, 0)
        return said.rpartition(b") ")[2][:1] == b"T"  # proc(5), after the name, which may hold anything

    def _send(self, number: int, told: str, runsc: int = 0) -> None:
        """Send a signal to the command, whose number in the guest `runsc` writes down once it has started it.

        However long that takes, since nobody sends the signal again; where that runsc is gone, for a while.
        """
        until = time.monotonic() + _PID_TIMEOUT_S
        while not (inside := _text(told)) and (_lives(runsc) if runsc else time.monotonic() < until):
            time.sleep(_LOOK_EVERY_S)
        if not inside:
            return
        sender = os.fork()
        if sender == 0:
            kill = ("kill", "--pid", inside, NAME, str(int(number)))
            try:
                _become_runsc(self._program, (*self._flags, *kill), (0, 1, 2), ())
            finally:
                os._exit(1)
        os.waitpid(sender, 0)

    def _find(self, start: Start) -> str:
        """Where the program is, looked for as execve(2) and PATH would have it.

        Also where that is seen in the guest alone; then nobody else can tell whether it is there.
        """
        name = start.argv[0]
        if "/" in name:
            directories = [""]
        else:
            directories = [f"{it}/" if it else "" for it in start.environment.get("PATH", "/usr/bin:/bin").split(":")]
        failure: OSError = FileNotFoundError(errno.ENOENT, "not found on PATH", name)
        for directory in directories:
            path = directory + name
            if "/" in name and self._is_internal(os.path.join(start.cwd, path)):
                return path
            try:
                found = os.stat(path)
            except (FileNotFoundError, NotADirectoryError) as error:
                failure = error if "/" in name else failure
                continue
            except OSError as error:
                failure = error
                continue
            if stat.S_ISREG(found.st_mode) and found.st_mode & 0o111:
                return path
            failure = PermissionError(errno.EACCES, "Permission denied", path)
        raise failure

    def _is_internal(self, path: str) -> bool:
        real = os.path.normpath(path) + "/"
        return any(real.startswith(f"{place}/") for place in self._internal)


def _become_runsc(
    program: int,
    words: tuple[str, ...],
    standard: tuple[int, int, int],
    kept: tuple[int, ...],
    held_back: frozenset[signal.Signals] = frozenset(),
) -> NoReturn:
    for number, descriptor in enumerate(standard):
        if descriptor != number:
            os.dup2(descriptor, number)
    for descriptor in kept:
        os.set_inheritable(descriptor, True)  # noqa: FBT003
    confine.default_signals()
    signal.pthread_sigmask(signal.SIG_BLOCK, held_back)
    os.execve(program, ("runsc", *words), {})  # by descriptor: no path of the container leads to it


def _text(path: str) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return ""
    content = os.read(descriptor, 64)
    os.close(descriptor)
    return content.decode().strip()


def _lives(child: int) -> bool:
    """Whether it has not ended; it stays to be waited for."""
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def _end_with(pid: int, mourner: int) -> None:
    """As runsc has ended, if it has."""
    ended, status = os.waitpid(pid, os.WNOHANG)
    if ended:
        os.kill(mourner, signal.SIGKILL)
        os._exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


def _hear(descriptor: int, most: int, timeout_s: float) -> bytes:
    data = b""
    until = time.monotonic() + timeout_s
    while len(data) < most:
        if not select.select([descriptor], [], [], max(0.0, until - time.monotonic()))[0]:
            break
        chunk = os.read(descriptor, most - len(data))
        if not chunk:
            break
        data += chunk
    return data


def _write(path: str, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    os.write(descriptor, content)
    os.close(descriptor)


def _refuse_odd(start: Start) -> None:
    """What is no text runsc would change, without saying so."""
    for word in (*start.argv, start.cwd, *start.environment, *start.environment.values()):
        try:
            word.encode()
        except UnicodeEncodeError as error:
            message = "gVisor can only be told of what is UTF-8"
            raise OSError(errno.EILSEQ, message, ascii(word)) from error
