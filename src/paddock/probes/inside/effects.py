"""What the probes share. Runs inside the sandbox: standard library only, and it never holds a canary's value.

A probe gives back what it reached, as a list of short texts; nothing reached, or an OSError, means that the sandbox
held. Any other exception means that the probe itself is broken, and proves nothing. For a probe of kind "work" it is
the other way round: it gives back what did *not* work.

The words that such a text begins with say how far it came: "saw", "read", "wrote", "reached", "ran".
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    Attack = Callable[["Given"], "list[str]"]

CANARY = re.compile(rb"canary-[0-9a-f]{32}")
libc = ctypes.CDLL(None, use_errno=True)


class Skipped(Exception):
    """There is nothing here that the probe could be tried on. Says what is missing."""


class Given:
    """What the host tells: places, numbers of system calls, and the hashes of the canaries."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self.hashes = set(data["hashes"])
        self.home: str = data["home"]
        self.repo: str = data["repo"]
        self.numbers: dict[str, int] = data["numbers"]

    def __getitem__(self, name: str) -> Any:
        return self.data[name]

    def holds(self, content: bytes) -> bool:
        """Whether there is a canary of this run in the bytes."""
        return any(hashlib.sha256(found).hexdigest() in self.hashes for found in CANARY.findall(content))

    def reads(self, path: str) -> list[str]:
        """Open a file and look for a canary in it."""
        # Not waiting: the path may be a pipe, such as those of the sandbox's own first processes.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as file:
            return [f"read {path}"] if self.holds(file.read(1 << 20) or b"") else []

    def tries(self, *paths: str) -> list[str]:
        """The same for many, where each may fail by itself."""
        found: list[str] = []
        for path in paths:
            try:
                found += self.reads(path)
            except OSError:
                continue
        return found

    def syscall(self, name: str, *arguments: Any) -> int:
        """A raw system call; integers are passed as 64 bits wide."""
        wide = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
        return check(libc.syscall(ctypes.c_long(self.numbers[name]), *wide))


ROWS: dict[str, Attack] = {}


def row(name: str) -> Callable[[Attack], Attack]:
    """Register a probe under its id and name, as the catalogue spells them."""

    def register(attack: Attack) -> Attack:
        if name in ROWS:
            raise ValueError(name)
        ROWS[name] = attack
        return attack

    return register


def check(result: int) -> int:
    """`result`, or OSError when it is negative."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def opens(*paths: str, flags: int = os.O_RDONLY) -> list[str]:
    """Which of the paths can be opened so. Nothing is read or written."""
    found = []
    for path in paths:
        try:
            os.close(os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC))
        except OSError:
            continue
        found.append(f"opened {path}")
    return found


def place(name: str) -> str:
    """Where something new of that name can be made: in the repository, or in a temporary directory.

    Not to be able to write in the repository, where that is read-only, must not pass for what a probe is about.
    """
    if not os.statvfs(".").f_flag & os.ST_RDONLY:
        return name
    import tempfile

    return os.path.join(tempfile.mkdtemp(), name)


def in_child(task: Callable[[], bytes], timeout_s: float = 10) -> bytes:
    """What `task` gives back in a child of its own; nothing if that is killed or too slow."""
    here, there = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(there, task())
        finally:
            os._exit(0)
    os.close(there)
    return hear(pid, here, timeout_s)


def hear(pid: int, here: int, timeout_s: float) -> bytes:
    """What a child of ours says through a pipe until it ends or is silent for so long. Then it is ended."""
    said = b""
    while select.select([here], [], [], timeout_s)[0]:
        chunk = os.read(here, 65536)
        if not chunk:
            break
        said += chunk
    os.close(here)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return said
