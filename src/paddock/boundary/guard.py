"""The guard of a container: the process that starts the engine, and removes what came of that when Paddock is gone.

A container does not end with whoever asked for it. The guard is a child of nobody's that only waits, so Paddock may be
killed at any moment, also while the engine is still at work: then the guard lets it finish first, because what a
killed engine leaves half-made nothing finds again.
"""

from __future__ import annotations

import fcntl
import os
import select
import time
from contextlib import suppress

from paddock.frozen import frozen
from paddock.process import close_all_but, empty_streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import NoReturn

_UP, _NOTHING_LEFT, _REMOVE, _REMOVE_IF_FAILED = b"^", b"!", b"?", b"+"
_STAYS = b"~"  # what the guard says of a container that could not be removed
_FINISH_TIMEOUT_S, _REMOVE_TIMEOUT_S = 20.0, 20.0
_REMOVALS, _LOOK_EVERY_S = 3, 0.02
_SIGKILL = 9  # the module signal comes with enum, and that is for later


@frozen
class Commands:
    """The engine: how it makes a container, whose first process `pid_file` will name, and how it removes that.

    `lock` is a file beside what was laid out for the container: held, shared, for as long as a guard is at work.
    """

    run: tuple[str, ...]
    remove: tuple[str, ...]
    environment: Mapping[str, str]
    pid_file: str
    lock: str


class Guard:
    """Starts the engine at once. `complaints` is a descriptor for what it says; the caller closes it.

    `before` runs in the engine's process (control groups).
    """

    def __init__(self, commands: Commands, complaints: int, before: Callable[[], None] = lambda: None) -> None:
        lock = os.open(commands.lock, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_SH)  # of the open file: the guard's too, and its alone once we have closed ours
        waiting, self._hold = os.pipe()
        self._told, tell = os.pipe()
        self._status: int | None = None
        self.stays = False  # it was to be removed, and could not be
        pid = os.fork()
        if pid == 0:
            try:
                os.setsid()
                if os.fork() == 0:
                    _guard(commands, (waiting, tell, lock), complaints, before)
            finally:
                os._exit(0)
        os.waitpid(pid, 0)
        os.close(lock)
        os.close(waiting)
        os.close(tell)

    def status(self, timeout_s: float) -> int | None:
        """How the engine ended: its exit status, or minus the signal; None while it is at work."""
        if self._status is None and select.select([self._told], [], [], timeout_s)[0]:
            said = os.read(self._told, 16)
            self._status = int(said) if said else -_SIGKILL
        return self._status

    def is_up(self) -> None:
        """The container's first process is there: the guard holds it from now on."""
        os.write(self._hold, _UP)

    def release(self, *, gone: bool) -> None:
        """Let go of the container. What is not `gone` by itself is removed, and waited for."""
        if self._hold < 0:
            return
        ended = self.status(0)
        word = _REMOVE if not gone or ended else _NOTHING_LEFT if ended == 0 else _REMOVE_IF_FAILED
        with suppress(BrokenPipeError):  # the guard itself is gone
            os.write(self._hold, word)
        os.close(self._hold)
        self._hold = -1
        if word == _REMOVE:
            self._wait_until_removed()
        os.close(self._told)

    def _wait_until_removed(self) -> None:
        while select.select([self._told], [], [], _longest_s())[0]:
            said = os.read(self._told, 16)
            if not said:
                return
            self.stays = self.stays or _STAYS in said


def latest() -> float:
    """When a guard that is at work now has come to its end, however it hangs, in time.monotonic's seconds."""
    return time.monotonic() + _longest_s()


def _longest_s() -> float:
    return _FINISH_TIMEOUT_S + _REMOVALS * _REMOVE_TIMEOUT_S


def wait_for(lock: str, until: float) -> bool:
    """Wait until no guard with that lock is at work; False where that lasts longer than until then."""
    try:
        held = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:  # no engine was started
        return True
    try:
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    return False
                time.sleep(_LOOK_EVERY_S)
            else:
                return True
    finally:
        os.close(held)


def _guard(commands: Commands, ends: tuple[int, int, int], complaints: int, before: Callable[[], None]) -> NoReturn:
    waiting, tell, lock = ends
    try:
        engine = _start(commands.run, commands.environment, complaints, before)
        empty_streams()
        close_all_but(waiting, tell, lock)
        handle = os.pidfd_open(engine)
        ended, wish, init = _attend(engine, handle, (waiting, tell), commands.pid_file)
        if wish == _REMOVE and init >= 0:
            _kill(init)  # the engine takes its time, and nothing inside should have that
        if ended is None:
            ended = _wait(engine, handle, _FINISH_TIMEOUT_S)
        if ended is None:
            os.killpg(engine, _SIGKILL)
        if wish == _REMOVE or (wish == _REMOVE_IF_FAILED and ended != 0):
            _remove(commands, tell)
    finally:
        os._exit(0)


def _remove(commands: Commands, tell: int) -> None:
    """Several times where it fails: the engine's own clearing up may be in its middle."""
    for _ in range(_REMOVALS):
        removal = _start(commands.remove, commands.environment, 2)
        status = _wait(removal, os.pidfd_open(removal), _REMOVE_TIMEOUT_S)
        if status is None:
            os.killpg(removal, _SIGKILL)
        if status == 0:
            return
    with suppress(BrokenPipeError):  # Paddock is gone
        os.write(tell, _STAYS)


def _attend(engine: int, handle: int, ends: tuple[int, int], pid_file: str) -> tuple[int | None, bytes, int]:
    """Until Paddock lets go: how the engine ended, if it has; what is to be done; the first process, if it is up."""
    waiting, tell = ends
    ended, init = None, -1
    while True:
        ready, _, _ = select.select([waiting] if ended is not None else [waiting, handle], [], [])
        if handle in ready:
            ended = _wait(engine, handle, 0)
            with suppress(BrokenPipeError):  # Paddock is gone
                os.write(tell, str(ended).encode())
        if waiting in ready:
            wish = os.read(waiting, 1) or _REMOVE  # at its end: Paddock is gone
            if wish != _UP:
                return ended, wish, init
            with open(pid_file, encoding="ascii") as file, suppress(ProcessLookupError):
                init = os.pidfd_open(int(file.read()))


def _kill(process: int) -> None:
    import signal

    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(process, signal.SIGKILL)


def _start(
    argv: tuple[str, ...], environment: Mapping[str, str], complaints: int, before: Callable[[], None] = lambda: None
) -> int:
    """Start a program in a session of its own, with no descriptors of ours."""
    pid = os.fork()
    if pid == 0:
        try:
            import signal

            os.setsid()
            before()
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores these, and then all that follow would
                signal.signal(number, signal.SIG_DFL)
            null = os.open(os.devnull, os.O_RDWR)
            for descriptor, standard in ((null, 0), (null, 1), (complaints, 2)):
                os.dup2(descriptor, standard)
            close_all_but()
            os.umask(0o022)
            os.chdir("/")
            os.execve(argv[0], argv, environment)
        except OSError as error:
            os.write(2, f"{argv[0]}: {error.strerror}".encode())
        finally:
            os._exit(127)
    return pid


def _wait(pid: int, handle: int, timeout_s: float) -> int | None:
    if not select.select([handle], [], [], timeout_s)[0]:
        return None
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
