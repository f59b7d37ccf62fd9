"""`--keep`: the sandbox stays when its command has ended, until somebody or its time limit ends it."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING, NoReturn, cast

import pytest

from paddock import keeping
from paddock.session import Kept
from tests.background import one_message, running
from tests.capabilities import needs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from paddock.gateway.server import Gateway
    from tests.conftest import Person

pytestmark = needs("bubblewrap", "git")


@pytest.fixture
def keeper(person: Person, repo: Path) -> Iterator[Person]:
    """The person, whose kept sandboxes are ended with the test."""
    yield person
    for name in names(person):
        person.call("kill", "--now", name, cwd=repo)
    assert names(person) == []


def names(person: Person) -> list[str]:
    directory = person.home / "runtime/paddock/live"
    return sorted(path.name for path in directory.iterdir()) if directory.exists() else []


@pytest.mark.parametrize(("script", "code"), [("exit 7", 7), ("true", 0), ("kill -9 $$", 137)])
def test_the_code_is_the_commands_and_the_sandbox_stays(keeper: Person, repo: Path, script: str, code: int) -> None:
    done = keeper.call("run", "--keep", "--name", "kept", "--", "sh", "-c", f"echo x > made; {script}", cwd=repo)
    assert done.returncode == code
    assert "kept as kept: paddock exec kept" in done.stderr
    done = keeper.call("exec", "kept", "--", "cat", "made", cwd=repo)
    assert (done.returncode, done.stdout) == (0, "x\n")
    assert keeper.call("kill", "kept", cwd=repo).returncode == 0
    assert names(keeper) == []
    assert "made" in keeper.call("diff", cwd=repo).stdout


def test_json_names_what_stays(keeper: Person, repo: Path) -> None:
    done = keeper.call("run", "--json", "--keep", "--", "sh", "-c", "exit 4", cwd=repo)
    data = json.loads(done.stdout)
    assert data == {"schema": 1, "exit_code": 4, "name": data["name"], "kept": True}
    assert names(keeper) == [data["name"]]


def test_the_time_limit_ends_it(keeper: Person, repo: Path) -> None:
    done = keeper.call("run", "--keep", "--name", "kept", "--limit", "wall=5s", "--", "true", cwd=repo)
    assert done.returncode == 0
    deadline = time.monotonic() + 90
    while names(keeper):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert keeper.call("exec", "kept", "--", "true", cwd=repo).returncode == 125


def test_an_error_while_it_starts_is_told_once(keeper: Person, repo: Path) -> None:
    done = keeper.call("run", "--keep", "--", "no-such-program", cwd=repo)
    assert done.returncode == 127
    assert "was not found inside the sandbox" in one_message(done.stderr)
    assert names(keeper) == []


def test_an_error_while_it_starts_is_one_json_object(keeper: Person, repo: Path) -> None:
    done = keeper.call("run", "--keep", "--json", "--", "no-such-program", cwd=repo)
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (127, "command-not-found")


def test_a_name_that_is_kept_already_is_refused(keeper: Person, repo: Path) -> None:
    assert keeper.call("run", "--keep", "--name", "kept", "--", "true", cwd=repo).returncode == 0
    done = keeper.call("run", "--keep", "--name", "kept", "--", "true", cwd=repo)
    assert done.returncode == 125
    one_message(done.stderr)
    assert keeper.call("exec", "kept", "--", "true", cwd=repo).returncode == 0


def test_an_alarm_just_before_it_would_be_waited_for_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway's end is told by a signal, which was not blocked yet and so is nowhere."""

    class Guard:
        def has_alarmed(self) -> bool:
            return True

    def wait(*_: object) -> NoReturn:
        raise AssertionError("it waits")

    monkeypatch.setattr(signal, "sigtimedwait", wait)
    keeping._sleep(Kept(0, "kept", (), None, cast("Gateway", Guard())))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_the_command_runs_reaches_it_and_the_sandbox_can_be_ended(
    keeper: Person, repo: Path, number: signal.Signals
) -> None:
    with running(keeper, repo, "--keep", "--name", "kept") as process:
        process.send_signal(number)
        assert process.wait(90) == 128 + number
    if names(keeper):
        assert keeper.call("kill", "kept", cwd=repo).returncode == 0
    assert names(keeper) == []
