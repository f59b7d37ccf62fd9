"""What a process has given up before it becomes the command, asked of the kernel."""

from __future__ import annotations

import fcntl
import json
import os
import signal
from typing import TYPE_CHECKING

import pytest

from paddock.kernel import confine, libc, seccomp
from paddock.kernel.namespaces import CLONE_NEWUSER
from tests.capabilities import needs
from tests.forked import Died, forked

if TYPE_CHECKING:
    from pathlib import Path

OWN_OF_THE_C_LIBRARY = 0b11 << 31  # signals 32 and 33 (nptl(7)); execve(2) resets a handler
SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")


def status() -> dict[str, str]:
    with open("/proc/self/status") as file:
        return {key: value.strip() for key, _, value in (line.partition(":") for line in file)}


@needs("userns")
def test_all_capabilities_are_gone_and_cannot_come_back():
    def task() -> tuple[dict[str, str], dict[str, str]]:
        libc.call("unshare", CLONE_NEWUSER)
        before = status()
        confine.drop_capabilities()
        return before, status()

    before, after = forked(task)
    assert int(before["CapEff"], 16)
    assert int(before["CapBnd"], 16)
    assert {name: int(after[name], 16) for name in SETS} == dict.fromkeys(SETS, 0)
    assert (before["NoNewPrivs"], after["NoNewPrivs"]) == ("0", "1")


def test_who_has_given_up_privileges_and_system_calls_is_bound():
    def task() -> bool:
        confine.drop_capabilities()
        seccomp.install(
            seccomp.program("default", "x86_64" if os.uname().machine == "x86_64" else "aarch64", sockets="all")
        )
        return confine.is_bound()

    now = status()
    assert confine.is_bound() is (now["NoNewPrivs"] == "1" and now["Seccomp"] != "0")
    assert forked(task) is True


def test_without_a_namespace_of_its_own_it_holds_nothing_either():
    def task() -> dict[str, str]:
        confine.drop_capabilities()
        return status()

    after = forked(task)
    assert {int(after[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {0}
    assert after["NoNewPrivs"] == "1"


@pytest.mark.root
def test_ids_are_taken_on_for_good():
    def task() -> tuple[tuple[int, int, int], tuple[int, int, int], int]:
        os.setgroups([])
        confine.become(4242, 4343)
        ids = (os.getresuid(), os.getresgid(), int(status()["CapEff"], 16))
        with pytest.raises(PermissionError):
            os.setuid(0)
        return ids

    assert forked(task) == ((4242,) * 3, (4343,) * 3, 0)


def test_signals_are_default_and_unblocked():
    def task() -> tuple[dict[str, str], dict[str, str]]:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGRTMIN):
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGUSR1, lambda *_: None)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGCHLD])
        before = status()
        confine.default_signals()
        return before, status()

    before, after = forked(task)
    for name in ("SigIgn", "SigBlk", "SigCgt"):
        assert int(before[name], 16)
        assert int(after[name], 16) & ~OWN_OF_THE_C_LIBRARY == 0


@pytest.mark.parametrize("kept", [(), (3,), (900,), (4, 5, 900, 901)])
def test_every_descriptor_is_closed_but_the_kept_ones(kept: tuple[int, ...]):
    here, there = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            answer = fcntl.fcntl(there, fcntl.F_DUPFD, 950)
            null = os.open("/dev/null", os.O_RDONLY)
            for number in (3, 4, 5, 6, 899, 900, 901, 902):
                os.dup2(null, number)
            confine.close_all_but(answer, *kept)
            os.write(answer, json.dumps([n for n in range(3, 1024) if is_open(n) and n != answer]).encode())
        finally:
            os._exit(0)
    os.close(there)
    with open(here) as pipe:
        left = json.load(pipe)
    os.waitpid(pid, 0)
    assert left == list(kept)


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def program(path: Path, code: int, mode: int = 0o755) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'#!/bin/sh\ntest "$GIVEN" = one && exit {code}\n')
    path.chmod(mode)


def become(path: str | None, name: str = "tool", cwd: str = "/") -> None:
    environment = {"GIVEN": "one"} | ({} if path is None else {"PATH": path})

    def task() -> None:
        os.chdir(cwd)
        confine.become_program((name, "argument"), environment)

    forked(task)


def test_the_program_is_found_along_the_path_past_what_is_none(tmp_path: Path):
    program(tmp_path / "locked/tool", 3, mode=0o644)
    program(tmp_path / "good/tool", 7)
    program(tmp_path / "late/tool", 9)
    (tmp_path / "file").write_text("")
    path = ":".join(str(tmp_path / name) for name in ("missing", "file", "locked", "good", "late"))
    with pytest.raises(Died, match=r"ended with 7$"):
        become(path)


def test_an_empty_entry_is_the_working_directory(tmp_path: Path):
    program(tmp_path / "here/tool", 8)
    with pytest.raises(Died, match=r"ended with 8$"):
        become("/nowhere::/usr/bin", cwd=str(tmp_path / "here"))


def test_a_name_with_a_slash_is_not_searched(tmp_path: Path):
    program(tmp_path / "good/tool", 7)
    with pytest.raises(FileNotFoundError):
        become(str(tmp_path), name="./good/tool")
    with pytest.raises(Died, match=r"ended with 7$"):
        become("/nowhere", name="./good/tool", cwd=str(tmp_path))


def test_without_a_path_the_systems_programs_are_found():
    with pytest.raises(Died, match=r"ended with 1$"):
        become(None, name="false")


def test_why_nothing_could_be_started(tmp_path: Path):
    program(tmp_path / "locked/tool", 3, mode=0o644)
    (tmp_path / "file").write_text("")
    with pytest.raises(FileNotFoundError):
        become(f"{tmp_path}/missing:{tmp_path}/file")
    with pytest.raises(PermissionError):
        become(f"{tmp_path}/locked:{tmp_path}/missing")
    with pytest.raises(NotADirectoryError):
        become("/usr/bin", name=f"{tmp_path}/file/tool")
