"""The guard of a container, with engines that are shell scripts: each writes down that it ran."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from paddock.boundary import guard
from paddock.boundary.guard import Commands, Guard
from tests.boundary.field import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Make = Callable[[str], Guard]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "log").write_text("")
    return tmp_path / "log"


@pytest.fixture
def make(tmp_path: Path, log: Path) -> Make:
    def begin(script: str) -> Guard:
        commands = Commands(
            ("/bin/sh", "-c", f'{script}\necho made >> "$0"', str(log)),
            ("/bin/sh", "-c", 'echo removed >> "$0"', str(log)),
            {"PATH": "/usr/bin:/bin"},
            str(tmp_path / "pid"),
            str(tmp_path / "lock"),
        )
        complaints = os.open(tmp_path / "complaints", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            return Guard(commands, complaints)
        finally:
            os.close(complaints)

    return begin


def kill_whoever(begins: Callable[[], object]) -> None:
    """Somebody begins, and is killed right afterwards, as Paddock may be."""
    pid = os.fork()
    if pid == 0:
        begins()
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)


def ended(made: Guard) -> int:
    status = made.status(90)
    assert status is not None
    return status


@pytest.mark.parametrize("code", [0, 3])
def test_the_end_of_the_engine_is_told(make: Make, code: int) -> None:
    made = make(f"test {code} = 0 || exit {code}")
    assert ended(made) == code
    made.release(gone=code == 0)


def test_an_engine_that_cannot_be_started_has_said_why(tmp_path: Path) -> None:
    with open(tmp_path / "complaints", "wb") as complaints:
        made = Guard(
            Commands(("/no/such/engine",), ("/bin/true",), {}, "", str(tmp_path / "lock")), complaints.fileno()
        )
    assert ended(made) == 127
    made.release(gone=False)
    assert (tmp_path / "complaints").read_text() == "/no/such/engine: No such file or directory"


def test_what_is_gone_by_itself_is_not_removed(make: Make, log: Path) -> None:
    made = make("true")
    assert ended(made) == 0
    made.release(gone=True)
    made.release(gone=True)
    assert log.read_text() == "made\n"


def test_what_is_there_still_is_removed_when_release_returns(make: Make, log: Path) -> None:
    made = make("true")
    assert ended(made) == 0
    made.release(gone=False)
    assert log.read_text() == "made\nremoved\n"


def test_a_short_command_does_not_wait_for_an_engine_that_fails_later(make: Make, log: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "held")
    made = make(f'read line < "{tmp_path}/held"; exit 1')
    made.release(gone=True)
    assert log.read_text() == ""
    (tmp_path / "held").write_text("go on\n")
    wait_for(lambda: log.read_text() == "removed\n")


def test_when_paddock_is_killed_the_engine_finishes_first(make: Make, log: Path, tmp_path: Path) -> None:
    """What a killed engine leaves half-made nothing finds again."""
    os.mkfifo(tmp_path / "held")
    kill_whoever(lambda: make(f'read line < "{tmp_path}/held"'))
    (tmp_path / "held").write_text("go on\n")
    wait_for(lambda: log.read_text() == "made\nremoved\n")


def test_when_paddock_is_killed_the_first_process_is_ended_at_once(make: Make, log: Path, tmp_path: Path) -> None:
    with subprocess.Popen(["/usr/bin/sleep", "600"]) as init:
        (tmp_path / "pid").write_text(str(init.pid))

        def begins() -> None:
            made = make("true")
            ended(made)
            made.is_up()

        kill_whoever(begins)
        assert init.wait(90) == -signal.SIGKILL
    wait_for(lambda: log.read_text() == "made\nremoved\n")


def test_an_engine_that_hangs_is_ended_and_what_it_made_removed(
    make: Make, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "_FINISH_TIMEOUT_S", 0.2)
    made = make('echo begun >> "$0"; exec sleep 600')
    wait_for(lambda: log.read_text() == "begun\n")
    made.release(gone=False)
    assert log.read_text() == "begun\nremoved\n"


def test_a_removal_that_fails_is_tried_again(tmp_path: Path, log: Path) -> None:
    """An engine fails where its own clearing up of a container that has ended is in its middle."""
    commands = Commands(
        ("/bin/true",),
        ("/bin/sh", "-c", 'echo tried >> "$0"; test "$(grep -c tried "$0")" = 2', str(log)),
        {"PATH": "/usr/bin:/bin"},
        str(tmp_path / "pid"),
        str(tmp_path / "lock"),
    )
    with open(tmp_path / "complaints", "wb") as complaints:
        made = Guard(commands, complaints.fileno())
    assert ended(made) == 0
    made.release(gone=False)
    assert not made.stays
    assert log.read_text() == "tried\ntried\n"


def test_a_removal_that_always_fails_is_told(tmp_path: Path) -> None:
    lock = str(tmp_path / "lock")
    with open(tmp_path / "complaints", "wb") as complaints:
        made = Guard(Commands(("/bin/true",), ("/bin/false",), {}, "", lock), complaints.fileno())
    made.release(gone=False)
    assert made.stays


def test_it_can_be_waited_for_when_its_paddock_was_killed(make: Make, log: Path, tmp_path: Path) -> None:
    """What was laid out for the container must not be cleared away under the engine's hands."""
    os.mkfifo(tmp_path / "held")
    kill_whoever(lambda: make(f'read line < "{tmp_path}/held"'))
    writer = os.fork()
    if writer == 0:
        (tmp_path / "held").write_text("go on\n")
        os._exit(0)
    assert guard.wait_for(str(tmp_path / "lock"), guard.latest())
    assert log.read_text() == "made\nremoved\n"
    os.waitpid(writer, 0)


def test_it_is_not_waited_for_without_end(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, pid = _guard_of_a_waiting_engine(make, tmp_path)
    monkeypatch.setattr(guard, "_FINISH_TIMEOUT_S", 0.1)
    monkeypatch.setattr(guard, "_REMOVE_TIMEOUT_S", 0.1)
    assert not guard.wait_for(str(tmp_path / "lock"), guard.latest())
    monkeypatch.undo()
    os.kill(pid, signal.SIGKILL)
    made.release(gone=False)
    (tmp_path / "held").write_text("go on\n")


def test_where_no_engine_was_started_nobody_is_waited_for(tmp_path: Path) -> None:
    assert guard.wait_for(str(tmp_path / "none"), guard.latest())


def test_a_guard_that_was_killed_itself_is_an_engine_that_failed(make: Make, tmp_path: Path) -> None:
    made, pid = _guard_of_a_waiting_engine(make, tmp_path)
    os.kill(pid, signal.SIGKILL)
    assert ended(made) == -signal.SIGKILL
    made.release(gone=False)
    (tmp_path / "held").write_text("go on\n")


def test_a_guard_that_is_killed_just_before_it_is_told_is_no_error(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, pid = _guard_of_a_waiting_engine(make, tmp_path)
    os.kill(pid, signal.SIGKILL)
    assert ended(made) == -signal.SIGKILL
    monkeypatch.setattr(made, "status", lambda _: None)  # asked a moment earlier
    made.release(gone=False)
    (tmp_path / "held").write_text("go on\n")


def _guard_of_a_waiting_engine(make: Make, place: Path) -> tuple[Guard, int]:
    """A guard and its number, which the engine writes down: it is the engine's parent."""
    os.mkfifo(place / "held")
    made = make(f'echo $PPID > "{place}/guard"; read line < "{place}/held"')
    wait_for(lambda: (place / "guard").exists() and (place / "guard").read_text().endswith("\n"))
    return made, int((place / "guard").read_text())


def test_it_holds_nothing_of_its_callers(make: Make) -> None:
    ours, theirs = os.pipe()
    os.set_inheritable(theirs, True)
    made = make("sleep 0.2")
    os.close(theirs)
    assert os.read(ours, 1) == b""
    os.close(ours)
    assert ended(made) == 0
    made.release(gone=True)


def test_an_engine_gets_the_signals_that_a_shell_would_give_it(make: Make, log: Path) -> None:
    """Python ignores SIGPIPE, and whatever is ignored stays so for all programs that follow."""
    made = make('grep SigIgn /proc/self/status >> "$0"')
    assert ended(made) == 0
    made.release(gone=True)
    assert log.read_text() == "SigIgn:\t0000000000000000\nmade\n"
