"""What a joiner does for a guest, as far as no guest is needed: which program a word leads to, what runsc is not told."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from paddock.boundary import guest as guest_module
from paddock.boundary.guest import Guest
from paddock.frozen import replace
from tests.boundary.plans import PLAN
from tests.boundary.test_gvisor import RUNSC, START
from tests.forked import forked

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def guest() -> Guest:
    return Guest(PLAN, {}, RUNSC)


def refusal(guest: Guest, **changes: object) -> int:
    """The error of a start that becomes no program. Where it would, this process would be another one."""
    with pytest.raises(OSError) as raised:
        guest.become(replace(START, **{"cwd": os.getcwd(), **changes}))
    return raised.value.errno or 0


def test_a_program_that_is_not_there_is_told_before_runsc_is_asked(guest: Guest, tmp_path: Path) -> None:
    above = os.path.dirname(os.path.realpath(__file__))
    path = {"PATH": f"{above}/none:{above}"}
    assert refusal(guest, argv=("nothing",), environment=path) == errno.ENOENT
    assert refusal(guest, argv=("/usr/no/such",)) == errno.ENOENT
    assert refusal(guest, argv=(os.path.basename(__file__),), environment=path) == errno.EACCES
    assert refusal(guest, argv=("/usr",)) == errno.EACCES
    assert refusal(guest, argv=("/etc/passwd/x",)) == errno.ENOTDIR


@pytest.mark.parametrize("changes", [{"argv": ("true", "\udcff")}, {"environment": {"A": "\udcff"}}])
def test_what_is_no_text_is_refused(guest: Guest, changes: dict[str, object]) -> None:
    assert refusal(guest, **changes) == errno.EILSEQ


def test_a_signal_waits_for_the_command_however_long_runsc_takes_to_start_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nobody sends it again. `echo` is runsc here, and says what it was asked."""
    told = tmp_path / "pid"
    guest = Guest(PLAN, {}, replace(RUNSC, program="/bin/echo"))
    program = guest.open()
    monkeypatch.setattr(guest_module, "_PID_TIMEOUT_S", 0)
    monkeypatch.setattr(time, "sleep", lambda _: told.write_text("7\n"))
    with subprocess.Popen(["/usr/bin/sleep", "600"]) as starting:
        try:
            guest._send(signal.SIGTERM, str(told), starting.pid)
        finally:
            starting.kill()
    os.close(program)
    assert capfd.readouterr().out.endswith(" kill --pid 7 guest 15\n")


def test_a_signal_for_a_command_that_never_began_is_sent_to_nobody(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    guest = Guest(PLAN, {}, replace(RUNSC, program="/bin/echo"))
    program = guest.open()
    ended = os.posix_spawn("/bin/true", ["true"], {})
    guest._send(signal.SIGTERM, str(tmp_path / "none"), ended)
    assert os.waitpid(ended, 0) == (ended, 0), "it stays to be waited for"
    os.close(program)
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("on_terminal", [True, False])
def test_runsc_begins_with_a_terminals_signals_held_back(
    guest: Guest, on_terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It passes them on from a moment after the command has begun, and would stop or end alone until then."""

    class BecameError(Exception):
        pass

    def become(*_: object) -> None:
        raise BecameError

    def held() -> set[int]:
        with suppress(BecameError):
            guest._become(0, on_terminal=on_terminal)
        return {int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, ())}

    monkeypatch.setattr(os, "execve", become)
    monkeypatch.setattr(guest, "_program", 0)
    found = forked(held)
    assert {signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGWINCH, signal.SIGHUP} <= found or not on_terminal
    assert signal.SIGCHLD not in found
    assert found == set() or on_terminal


def test_runsc_is_opened_while_the_hosts_files_are_seen(tmp_path: Path) -> None:
    (tmp_path / "runsc").write_bytes(b"x")
    opened = Guest(PLAN, {}, replace(RUNSC, program=str(tmp_path / "runsc"))).open()
    assert os.read(opened, 2) == b"x"
    assert not os.get_inheritable(opened)
    os.close(opened)
    with pytest.raises(FileNotFoundError):
        Guest(PLAN, {}, replace(RUNSC, program="/no/runsc")).open()
