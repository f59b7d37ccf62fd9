"""The programs of ours in a guest: the same program on this machine's own kernel."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paddock import starting
from paddock.boundary import guest_programs
from paddock.kernel import seccomp
from tests.capabilities import needs

if TYPE_CHECKING:
    from paddock.kernel.seccomp import Machine


@pytest.fixture
def program(tmp_path: Path) -> str:
    path = tmp_path / "init"
    path.write_bytes(guest_programs.init(starting.machine()))
    path.chmod(0o755)
    return str(path)


def test_it_says_which_kernel_it_meets_and_waits(program: str) -> None:
    with subprocess.Popen([program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env={}) as running:
        assert running.stdout is not None
        said = running.stdout.read()  # to its end: the program has closed it, and runs on
        assert len(said) == guest_programs.RELEASE_BYTES
        assert said.rstrip(b"\0").decode() == os.uname().release
        assert running.poll() is None
        running.send_signal(signal.SIGCONT)
        assert running.poll() is None
        running.kill()


@needs("userns", "unshare")
def test_nothing_that_is_left_to_it_stays_a_zombie(program: str, tmp_path: Path) -> None:
    """Its own children by fork, in a PID namespace of which it becomes the first process."""
    script = f"(sleep 0.2; exit 7) & echo $! > {tmp_path}/child; exec {program}"
    own = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    argv = ["unshare", *own, "--pid", "--fork", "--kill-child", "sh", "-c", script]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stdout.read(guest_programs.RELEASE_BYTES)
        children = Path(f"/proc/{running.pid}/task/{running.pid}/children")
        first = children.read_text().split()[0]
        left = Path(f"/proc/{first}/task/{first}/children")
        until = time.monotonic() + 60
        while left.read_text() and time.monotonic() < until:
            time.sleep(0.02)
        assert left.read_text() == ""
        assert running.poll() is None
        os.kill(int(first), signal.SIGKILL)


@pytest.fixture
def enter(tmp_path: Path) -> str:
    path = tmp_path / "enter"
    path.write_bytes(guest_programs.enter(starting.machine(), seccomp.program("default", starting.machine()), 0o027))
    path.chmod(0o755)
    return str(path)


def test_a_command_starts_bound_with_its_own_words(enter: str) -> None:
    script = 'echo $0 $1 "$A"; umask; grep -E "NoNewPrivs|Seccomp:" /proc/self/status'
    argv = [enter, "/bin/sh", "sh", "-c", script, "name", "one two"]
    done = subprocess.run(argv, env={"A": "b  c", "PATH": "/usr/bin"}, capture_output=True, text=True, check=True)
    assert done.stdout == "name one two b  c\n0027\nNoNewPrivs:\t1\nSeccomp:\t2\n"


def test_its_filter_is_in_force(enter: str) -> None:
    script = "import ctypes; print(ctypes.CDLL(None, use_errno=True).unshare(0x10000000), ctypes.get_errno())"
    done = subprocess.run([enter, sys.executable, "python", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "-1 0\n" or done.stdout.startswith("-1 ")


@pytest.mark.parametrize(("path", "code"), [("/no/such/program", 127), ("/etc/passwd", 126), ("/", 126)])
def test_what_cannot_be_started_is_said_as_a_shell_does(enter: str, path: str, code: int) -> None:
    assert subprocess.run([enter, path, "x"], check=False).returncode == code


def test_the_beginning_of_a_file_is_shown_and_of_none_nothing(tmp_path: Path) -> None:
    program = tmp_path / "show"
    program.write_bytes(guest_programs.show(starting.machine()))
    program.chmod(0o755)
    (tmp_path / "file").write_bytes(b"0123456789" * 60)
    for path, said in (("/proc/1/comm", Path("/proc/1/comm").read_bytes()), (f"{tmp_path}/file", b"0123456789" * 51 + b"01"),
                       ("/no/such", b""), ("/", b"")):  # fmt: skip
        assert subprocess.run([program, path], capture_output=True, check=True).stdout == said


@pytest.mark.parametrize(("machine", "number"), [("x86_64", 62), ("aarch64", 183)])
def test_each_machine_gets_an_executable_of_its_own(machine: Machine, number: int) -> None:
    for made in (
        guest_programs.init(machine),
        guest_programs.show(machine),
        guest_programs.enter(machine, b"12345678" * 3, 0o022),
    ):
        assert made[:5] == b"\x7fELF\x02"
        assert int.from_bytes(made[0x12:0x14], "little") == number
        assert int.from_bytes(made[0x60:0x68], "little") == len(made)  # elf(5), p_filesz
    assert made.endswith(b"12345678" * 3)
    assert made[-24 - 16 : -24 - 14] == b"\x03\0"  # so many instructions
