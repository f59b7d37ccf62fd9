from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap
import os
import socket
import struct
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paddock.kernel import appending, confine, seccomp
from tests.forked import forked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BEFORE = b"what was written\n"
_RWF_NOAPPEND = 0x20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "log"
    made.write_bytes(BEFORE)
    return made


@pytest.fixture
def log(path: Path) -> Iterator[int]:
    """A descriptor as a writer gets it."""
    opened = os.open(path, os.O_WRONLY | os.O_APPEND)
    yield opened
    os.close(opened)


def bound(task: Callable[[], object]) -> int:
    """The error with which a task ends in a bound process, 0 for none."""

    def run() -> int:
        confine.drop_capabilities()
        machine: seccomp.Machine = "aarch64" if os.uname().machine == "aarch64" else "x86_64"
        seccomp.install(seccomp.compile_rules(appending.RULES, machine))
        try:
            task()
        except OSError as error:
            return error.errno or -1
        return 0

    return forked(run)


def pwritev2(descriptor: int) -> None:
    """At the beginning, whatever the file was opened for (RWF_NOAPPEND, Linux 6.9)."""
    library = ctypes.CDLL(None, use_errno=True)
    what = ctypes.create_string_buffer(b"X")
    vector = struct.pack("@PN", ctypes.addressof(what), 1)  # struct iovec
    if library.pwritev2(descriptor, vector, 1, ctypes.c_long(0), _RWF_NOAPPEND) < 0:
        raise OSError(ctypes.get_errno(), "pwritev2")


def test_lines_can_be_added(path: Path, log: int) -> None:
    assert bound(lambda: os.write(log, b"and more\n")) == 0
    assert path.read_bytes() == BEFORE + b"and more\n"


def test_what_is_there_can_be_changed_without_it(path: Path, log: int) -> None:
    """Else the tests below would show nothing."""
    forked(lambda: fcntl.fcntl(log, fcntl.F_SETFL, 0))
    os.pwrite(log, b"X", 0)
    os.ftruncate(log, 4)
    assert path.read_bytes() == b"X" + BEFORE[1:4]


def test_the_flag_cannot_be_taken_off(path: Path, log: int) -> None:
    def rewrite() -> None:
        fcntl.fcntl(os.dup(log), fcntl.F_SETFL, os.O_NONBLOCK)

    assert bound(rewrite) == errno.EPERM
    assert fcntl.fcntl(log, fcntl.F_GETFL) & os.O_APPEND
    assert bound(lambda: fcntl.fcntl(log, fcntl.F_SETFL, os.O_APPEND | os.O_NONBLOCK)) == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda log, _: os.ftruncate(log, 0),
        lambda _, path: os.truncate(path, 0),
        lambda log, _: os.posix_fallocate(log, 0, 100_000),
        lambda log, _: os.pwrite(log, b"X", 0),
        lambda log, _: os.pwritev(log, [b"X"], 0),
        lambda log, _: pwritev2(log),
        lambda log, _: os.close(os.open(f"/proc/self/fd/{log}", os.O_WRONLY)),
        lambda _, path: os.close(os.open(path, os.O_RDWR)),
        lambda _, path: os.close(os.open(path, os.O_WRONLY | os.O_TRUNC)),
        lambda log, _: mmap.mmap(log, 4, mmap.MAP_SHARED, mmap.PROT_WRITE),
        lambda log, path: os.copy_file_range(os.open(path, os.O_RDONLY), log, 4, 0, 0),
        lambda log, path: os.sendfile(log, os.open(path, os.O_RDONLY), 0, 4),
    ],
)  # fmt: skip
def test_nothing_that_is_there_can_be_changed(path: Path, log: int, change: Callable[[int, Path], object]) -> None:
    assert bound(lambda: change(log, path)) in (errno.EPERM, errno.EACCES, errno.EBADF, errno.EINVAL)
    assert path.read_bytes() == BEFORE


def test_files_can_be_read_and_sockets_used(path: Path) -> None:
    def work() -> None:
        with path.open("rb") as file:
            assert file.read() == BEFORE
        here, there = socket.socketpair()
        here.setblocking(False)
        there.sendall(b"x")
        assert here.recv(1) == b"x"

    assert bound(work) == 0
