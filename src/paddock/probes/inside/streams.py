"""Attacks on descriptors: what the caller has open, and the standard streams, opened a second time.

A standard stream is the caller's own file or pipe. To write to it is why it is there; to open it anew, with other
rights than it was given with, is not.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from paddock.probes.inside.effects import Given, row

if TYPE_CHECKING:
    from collections.abc import Iterator


@row("FS-14 leaked-dirfd")
def leaked_directory(given: Given) -> list[str]:
    """A directory that somebody left open leads to everything below it."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            with open(os.open(".ssh/id_canary", os.O_RDONLY, dir_fd=int(name)), "rb") as file:
                found += [f"read below descriptor {name}"] if given.holds(file.read(4096)) else []
        except OSError:
            continue
    return found


@row("FS-14 leaked-file")
def leaked_file(given: Given) -> list[str]:
    """Reads from where the caller's descriptor stands, as any program that inherits it could."""
    found = []
    for name in _beyond_standard():
        try:
            content = os.pread(int(name), 1 << 16, 0)
        except OSError:
            continue
        found += [f"read descriptor {name}"] if given.holds(content) else []
    return found


@row("FS-15 inherited-fds")
def inherited(given: Given) -> list[str]:
    return list(given["at start"])  # what was open before anything was imported


@row("FS-15 stdin-reopened-for-writing")
def stdin_reopened(given: Given) -> list[str]:
    """The host looks whether its own input was written to: another program would read that next."""
    return _written_anew(0, b"injected")


@row("FS-15 stdout-read-by-reopening")
def stdout_read(given: Given) -> list[str]:
    opened = os.open("/proc/self/fd/1", os.O_RDONLY | os.O_NONBLOCK)
    content = os.read(opened, 1 << 20)
    if stat.S_ISFIFO(os.fstat(opened).st_mode):
        os.write(1, content)  # answers that nobody had read yet
    return ["read /proc/self/fd/1"] if given.holds(content) else []


@row("FS-15 stderr-read-by-reopening")
def stderr_read(given: Given) -> list[str]:
    """A pipe, with another program's words in it."""
    return given.reads("/proc/self/fd/2")


@row("FS-15 stdout-overwritten-by-reopening")
def stdout_overwritten(given: Given) -> list[str]:
    """The file is open for appending only; the host looks at its beginning."""
    return _written_anew(1, b"overwritten")


@row("FS-15 stdout-mode-changed")
def stdout_mode(given: Given) -> list[str]:
    """The host looks at the file: a program with content of the sandbox's choice."""
    os.fchmod(1, 0o755)
    return []


@row("FS-15 stdout-times-changed")
def stdout_times(given: Given) -> list[str]:
    """The host looks at the file: build tools go by its time."""
    os.utime(1, (1, 1))
    return []


@row("FS-15 stdin-flags-changed")
def stdin_flags(given: Given) -> list[str]:
    """The host looks at its own end: O_NONBLOCK belongs to the open file, which all programs share."""
    os.set_blocking(0, False)
    return []


@row("FS-15 links-of-other-processes")
def links_of_others(given: Given) -> list[str]:
    """The descriptors of PID 1, of what holds the sandbox and of a process of the host lead nowhere outside."""
    found = []
    for pid in ("1", "2", str(given["victim"])):
        try:
            for name in os.listdir(f"/proc/{pid}/fd"):
                path = f"/proc/{pid}/fd/{name}"
                found += given.tries(path, f"{path}/.ssh/id_canary", f"{path}{given.home}/.ssh/id_canary")
        except OSError:
            continue
    return found


def _written_anew(stream: int, words: bytes) -> list[str]:
    """Open a standard stream a second time, and write to that."""
    with open(os.open(f"/proc/self/fd/{stream}", os.O_WRONLY | os.O_NONBLOCK), "wb", buffering=0) as file:
        file.write(words)
    return []


def _beyond_standard() -> Iterator[str]:
    return (name for name in os.listdir("/proc/self/fd") if int(name) > 2)
