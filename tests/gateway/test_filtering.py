"""What a process can and cannot do behind the gateway's filter, tried."""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from paddock.gateway import filtering
from paddock.kernel import confine, libc, seccomp
from tests.forked import forked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.gateway.conftest import Allow, Sandbox


def behind(task: Callable[[], object]) -> str:
    """What came of a task behind the filter: its answer, or the kind of its error."""

    def attempt() -> str:
        confine.drop_capabilities()
        filtering.install()
        try:
            return str(task())
        except OSError as error:
            return type(error).__name__

    return forked(attempt)


def test_no_program_and_no_process_is_started() -> None:
    assert behind(lambda: os.execv("/bin/true", ["true"])) == "PermissionError"
    assert behind(os.fork) == "PermissionError"
    assert behind(lambda: os.posix_spawn("/bin/true", ["true"], {})) == "PermissionError"


def test_nobody_is_signalled() -> None:
    parent = os.getpid()
    assert behind(lambda: os.kill(parent, 0)) == "PermissionError"
    assert behind(lambda: signal.pidfd_send_signal(os.pidfd_open(parent), 0)) == "PermissionError"


def test_files_are_read_and_not_written(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    assert behind(file.read_text) == "x"
    assert behind(lambda: file.write_text("y")) == "PermissionError"
    assert behind(lambda: file.open("r+")) == "PermissionError"
    assert behind(lambda: os.truncate(file, 0)) == "PermissionError"
    assert behind(file.unlink) == "PermissionError"
    assert behind(lambda: file.rename(tmp_path / "other")) == "PermissionError"
    assert behind(lambda: file.chmod(0o777)) == "PermissionError"
    assert behind((tmp_path / "new").mkdir) == "PermissionError"
    assert behind(lambda: (tmp_path / "new").symlink_to(file)) == "PermissionError"
    assert behind((tmp_path / "new").touch) == "PermissionError"
    assert behind(lambda: os.open(tmp_path, os.O_TMPFILE | os.O_RDWR)) == "PermissionError"
    assert (file.read_text(), os.listdir(tmp_path)) == ("x", ["file"])


def test_memory_is_not_written_and_executed() -> None:
    both = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
    assert behind(lambda: mmap.mmap(-1, 4096, prot=both)) == "PermissionError"

    def change() -> int:
        memory = mmap.mmap(-1, 4096)
        address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        library = ctypes.CDLL(None, use_errno=True)
        return library.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(4096), both)  # type: ignore[no-any-return]

    assert behind(change) == "-1"


def test_neither_namespaces_nor_raw_sockets_nor_foreign_memory() -> None:
    assert behind(lambda: libc.call("unshare", 0x10000000)) == "PermissionError"
    assert behind(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)) == "PermissionError"
    assert behind(lambda: socket.socket(socket.AF_PACKET)) == "OSError"
    assert behind(lambda: libc.call("ptrace", 0, 0, 0, 0)) == "PermissionError"


def test_sockets_threads_and_names_go_on() -> None:
    def work() -> str:
        found: list[object] = []
        thread = threading.Thread(target=lambda: found.append(socket.getaddrinfo("localhost", 80)[0][4][1]))
        thread.start()
        thread.join()
        with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()):
            return f"{found} {listener.accept()[1][0]}"

    assert behind(work) == "[80] 127.0.0.1"


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_both_machines_have_a_filter(machine: seccomp.Machine) -> None:
    assert len(filtering.program(machine)) % 8 == 0


def test_a_gateway_serves_behind_it(sandbox: Sandbox, allow: Allow) -> None:
    gateway = allow()
    sandbox.python("try: socket.getaddrinfo('evil.test', 80)\nexcept OSError: pass")
    with open(f"/proc/{gateway.pid}/status", encoding="ascii") as file:
        assert "Seccomp:\t2\n" in file.readlines()
