"""What the tests on real input share: things from the registries fetched once, terminals, fingerprints."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tests.conftest import Person


def fetched(place: Path, name: str, build: Callable[[Path], None]) -> Path:
    """`place/name`, built once. It appears whole or not at all, whatever stops the build."""
    wanted = place / name
    if not wanted.exists():
        half = tempfile.mkdtemp(prefix=f"{name}.", dir=place)
        try:
            build(wanted.with_name(os.path.basename(half)))
            os.rename(half, wanted)
        finally:
            shutil.rmtree(half, ignore_errors=True)
        wanted.chmod(0o755)  # the second run of CI, as another user, reads it
    return wanted


def quietly(*argv: str | Path, cwd: Path, environ: Mapping[str, str] | None = None, timeout_s: float = 600) -> str:
    """Run a command of the preparation; its output is shown only when it fails."""
    done = subprocess.run(
        argv,
        cwd=cwd,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.returncode == 0, f"{argv}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def processes_with(mark: str) -> list[str]:
    """Command lines of all processes that carry a mark in their arguments."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                line = file.read().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if mark in line and int(pid) != os.getpid():
            found.append(f"{pid}: {line}")
    return found


def left_of(mark: str) -> list[str]:
    """The same, as soon as there are none any more: one that is killed is there until the kernel has come to it."""
    deadline = time.monotonic() + 90
    while (found := processes_with(mark)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


class Terminal:
    """A program on a terminal of its own, driven as a person would: wait for what is seen, then type."""

    def __init__(
        self, argv: Sequence[str], *, cwd: Path, environ: Mapping[str, str], rows: int = 30, columns: int = 100
    ) -> None:
        self.seen = b""
        self._read_up_to = 0
        self.pid, self._side = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(cwd)
                self._side = 0
                self.resize(rows, columns)
                os.execve(argv[0], list(argv), dict(environ))
            finally:
                os._exit(99)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._side)
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)

    def resize(self, rows: int, columns: int) -> None:
        """Change the window; the kernel tells the programs in it (SIGWINCH)."""
        fcntl.ioctl(self._side, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys: str) -> None:
        os.write(self._side, keys.encode())

    def wait_for(self, pattern: str, timeout_s: float = 60) -> re.Match[bytes]:
        """The next place where the pattern is seen; what was matched before is over."""
        deadline = time.monotonic() + timeout_s
        while True:
            found = re.search(pattern.encode(), self.seen[self._read_up_to :], re.DOTALL)
            if found:
                self._read_up_to += found.end()
                return found
            if not self._more(deadline):
                rest = self.seen[self._read_up_to :]
                message = f"never saw {pattern!r}; since the last match: {rest!r}"
                raise AssertionError(message)

    def finish(self, timeout_s: float = 60) -> int:
        """Wait for the program's end; its exit code, or minus the signal."""
        deadline = time.monotonic() + timeout_s
        while self._more(deadline):
            pass
        assert time.monotonic() < deadline, f"still running; saw {self.seen[-2000:]!r}"
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        return os.waitstatus_to_exitcode(status)

    def _more(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._side], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(self._side, 1 << 16)
        except OSError:  # EIO: the last program on the terminal has gone
            return False
        self.seen += data
        return bool(data)


def claude_at_work(person: Person, repo: Path, address: str) -> subprocess.CompletedProcess[str]:
    """Claude Code in a sandbox for a repository, its model at this address, never asking anybody."""
    return person.call(
        "run", "claude", "-p", "go",
        cwd=repo,
        PATH=f"{person.home}/.local/bin:/usr/local/bin:/usr/bin:/bin",
        ANTHROPIC_BASE_URL=address,
        ANTHROPIC_API_KEY="sk-ant-not-a-secret-but-as-long-as-one",
    )  # fmt: skip
