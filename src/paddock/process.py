"""The one place that starts host programs: explicit environment, absolute program, closed descriptors."""

from __future__ import annotations

import os

from paddock.errors import PaddockError
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from subprocess import Popen

# Programs of ours are looked up here and nowhere else, never in the caller's PATH: a repository's
# directory may be on it.
SYSTEM_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


@frozen
class Finished:
    """A program that ran to its end. `status` is its exit code, or minus the signal."""

    status: int
    stdout: bytes
    stderr: bytes


def find(name: str, directories: Sequence[str] = SYSTEM_PATH) -> str | None:
    """The absolute path of a program in the system's directories, or None."""
    for directory in directories:
        path = f"{directory}/{name}"
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    return None


def close_all_but(*keep: int) -> None:
    """Close every descriptor from 3 up except those named, in a child that is about to become a program.

    As `kernel.confine.close_all_but`, which needs ctypes; outside of a sandbox /proc can be asked.
    """
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) not in keep:  # noqa: PLR2004 - the standard streams
            try:
                os.close(int(name))
            except OSError:  # the descriptor of that list itself
                continue


def empty_streams() -> None:
    """Have 0, 1 and 2 be nothing, whether they were open or not: else a later file gets one of these numbers."""
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    if nothing > 2:  # noqa: PLR2004 - the standard streams
        os.close(nothing)


def attend(argv: Sequence[str], *, environment: Mapping[str, str], cwd: str = "/") -> int:
    """Run a program that has the terminal, an editor perhaps, to its end; its exit status, or minus the signal.

    Ctrl-C is the program's while it runs. Raises PaddockError when it cannot start.
    """
    import signal
    import subprocess

    if not os.path.isabs(argv[0]):
        message = f"not an absolute program: {argv[0]!r}"
        raise ValueError(message)
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        return subprocess.run(list(argv), env=dict(environment), cwd=cwd, check=False, close_fds=True).returncode
    except OSError as error:
        raise PaddockError(f"{argv[0]} could not be started", why=str(error)) from error
    finally:
        signal.signal(signal.SIGINT, before)


def feed(argv: Sequence[str], pieces: Iterable[bytes], *, environment: Mapping[str, str], cwd: str = "/") -> None:
    """Run a program that has the terminal and reads what we make, a pager perhaps, until it ends.

    It may end before it has read everything. Ctrl-C is the program's while it runs. Raises PaddockError when it cannot
    start, and what `pieces` raises, once the program has ended.
    """
    import signal
    import subprocess
    from contextlib import suppress

    if not os.path.isabs(argv[0]):
        message = f"not an absolute program: {argv[0]!r}"
        raise ValueError(message)
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        try:
            started = subprocess.Popen(
                list(argv), env=dict(environment), cwd=cwd, stdin=subprocess.PIPE, close_fds=True
            )
        except OSError as error:
            raise PaddockError(f"{argv[0]} could not be started", why=str(error)) from error
        with suppress(BrokenPipeError), started:
            for piece in pieces:
                started.stdin.write(piece)  # type: ignore[union-attr]  # it is a pipe
    finally:
        signal.signal(signal.SIGINT, before)


def run(  # noqa: PLR0913 - what a process is made of
    argv: Sequence[str],
    *,
    environment: Mapping[str, str],
    cwd: str = "/",
    stdin: bytes | int = b"",
    stdout: int | None = None,
    owner: tuple[int, int] | None = None,
    limits: Mapping[int, int] | None = None,
    timeout_s: float = 30,
) -> Finished:
    """Run a program to its end and collect its output.

    `argv[0]` must be absolute. `stdin` and `stdout` may be descriptors, which are used as they are. `owner` is the
    uid and gid to run under, for root. `limits` are resource limits by their number (setrlimit(2)). Raises
    PaddockError when it cannot start or exceeds `timeout_s`.
    """
    import resource
    import subprocess

    if not os.path.isabs(argv[0]):
        message = f"not an absolute program: {argv[0]!r}"
        raise ValueError(message)
    uid, gid = owner or (None, None)
    # Our own soft limits, for a moment: a child inherits them, and another user's cannot be set from outside.
    before = {number: resource.getrlimit(number) for number in limits or {}}
    try:
        for number, value in (limits or {}).items():
            soft, hard = before[number]
            resource.setrlimit(number, (value if soft == resource.RLIM_INFINITY else min(value, soft), hard))
        started = subprocess.Popen(  # no shell, absolute program, explicit environment
            list(argv),
            env=dict(environment),
            cwd=cwd,
            stdin=stdin if isinstance(stdin, int) else subprocess.PIPE,
            stdout=subprocess.PIPE if stdout is None else stdout,
            stderr=subprocess.PIPE,
            close_fds=True,
            user=uid,
            group=gid,
            extra_groups=None if owner is None else [],
        )
    except OSError as error:
        raise PaddockError(f"{argv[0]} could not be started", why=str(error)) from error
    finally:
        for number, both in before.items():
            resource.setrlimit(number, both)
    with started:
        try:
            said, complained = started.communicate(None if isinstance(stdin, int) else stdin, timeout=timeout_s)
        except subprocess.TimeoutExpired as error:
            raise PaddockError(f"{argv[0]} did not end within {timeout_s:g} s") from error
        finally:
            started.kill()  # ours, and not reaped yet where it still lives
    return Finished(started.returncode, said or b"", complained)


class Started:
    """A program that runs beside us. `end` closes its input where that is a pipe, and kills it if it must."""

    def __init__(self, popen: Popen[bytes]) -> None:
        self._popen = popen
        self.pid = popen.pid

    def write(self, data: bytes) -> None:
        """To its standard input."""
        assert self._popen.stdin is not None  # noqa: S101 - a pipe, see `start`
        self._popen.stdin.write(data)
        self._popen.stdin.flush()

    def read_line(self) -> bytes:
        """The next line of its standard output; empty at the end."""
        assert self._popen.stdout is not None  # noqa: S101
        return self._popen.stdout.readline()

    def read_waiting(self) -> bytes:
        """What it has said and nobody read, without waiting."""
        import select

        assert self._popen.stdout is not None  # noqa: S101
        descriptor = self._popen.stdout.fileno()
        return os.read(descriptor, 1 << 16) if select.select([descriptor], [], [], 0)[0] else b""

    def wait(self, timeout_s: float) -> int | None:
        """Its exit status, or minus the signal; None while it runs."""
        import subprocess

        try:
            return self._popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def end(self, patience_s: float = 2) -> int:
        """Its exit status, or minus the signal. Who does not end in time is killed, with what it started."""
        import signal

        if self._popen.stdin:
            self._popen.stdin.close()
        status = self.wait(patience_s)
        if status is None:
            os.killpg(self.pid, signal.SIGKILL)
            status = self._popen.wait()
        if self._popen.stdout:
            self._popen.stdout.close()
        return status


def start(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str],
    cwd: str = "/",
    streams: tuple[int, int, int] | None = None,
    passed: Sequence[int] = (),
) -> Started:
    """Start a program that runs beside us, in a session of its own.

    Its standard streams are the descriptors in `streams`, or pipes to us for the first two; it also gets those that are
    `passed`. Raises PaddockError when it cannot start.
    """
    import subprocess

    if not os.path.isabs(argv[0]):
        message = f"not an absolute program: {argv[0]!r}"
        raise ValueError(message)
    stdin, stdout, stderr = streams or (subprocess.PIPE, subprocess.PIPE, None)
    try:
        popen = subprocess.Popen(
            list(argv),
            env=dict(environment),
            cwd=cwd,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            bufsize=0,
            pass_fds=tuple(passed),
            start_new_session=True,
        )
    except OSError as error:
        raise PaddockError(f"{argv[0]} could not be started", why=str(error)) from error
    return Started(popen)
