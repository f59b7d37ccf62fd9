"""The first process of a guest: the same program on this machine's own kernel."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import get_args

import pytest

from paddock import starting
from paddock.boundary import guest_programs
from paddock.kernel.seccomp import Machine
from tests.capabilities import needs


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
        until = time.monotonic() + 10
        while left.read_text() and time.monotonic() < until:
            time.sleep(0.02)
        assert left.read_text() == ""
        assert running.poll() is None
        os.kill(int(first), signal.SIGKILL)


@pytest.mark.parametrize("machine", get_args(Machine.__value__) if hasattr(Machine, "__value__") else get_args(Machine))
def test_it_is_an_executable_for_each_machine(machine: Machine) -> None:
    made = guest_programs.init(machine)
    assert made[:5] == b"\x7fELF\x02"
    assert int.from_bytes(made[0x18:0x20], "little") - 0x10000 == 120  # its entry: the code, behind both headers
    assert made[120:] == made[-{"x86_64": 91, "aarch64": 116}[machine] :]
