"""`paddock ps`: nothing, a live sandbox, one that is starting, one that a crash left."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

import pytest

from paddock import live
from paddock.cli import ps
from tests.background import running
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person


def test_where_nothing_lives_that_is_said(person: Person, repo: Path) -> None:
    assert person.call("ps", cwd=repo).stdout == "no live sandboxes\n"
    assert json.loads(person.call("ps", "--json", cwd=repo).stdout) == {"schema": 1, "sandboxes": []}


@needs("bubblewrap", "git")
def test_a_live_sandbox_in_text_and_json_and_what_a_crash_left(person: Person, repo: Path) -> None:
    with running(person, repo, "--name", "it") as process:
        header, line = person.call("ps", cwd=repo).stdout.splitlines()
        assert header.split() == ["NAME", "STATE", "AGE", "REPOSITORY", "COMMAND"]
        assert line.split()[:2] == ["it", "live"]
        assert line.index(str(repo)) == header.index("REPOSITORY")
        assert line.index("sh -c") == header.index("COMMAND")
        assert line.endswith("exec sleep 600")
        (row,) = json.loads(person.call("ps", "--json", cwd="/").stdout)["sandboxes"]
        assert (row["pid"], row["repository"], row["mode"], row["network"]) == (process.pid, str(repo), "review", "off")
        process.kill()
        process.wait(90)
        (row,) = json.loads(person.call("ps", "--json", cwd=repo).stdout)["sandboxes"]
        assert (row["name"], row["state"], row["pid"]) == ("it", "left over", None)
        assert "left over" in person.call("ps", cwd=repo).stdout


@needs("bubblewrap", "git")
def test_a_command_cannot_write_on_the_terminal(person: Person, repo: Path) -> None:
    with running(person, repo, command=("sh", "-c", "echo up; exec sleep 600", "a\x1b[31m\rb\nc")):
        text = person.call("ps", cwd=repo).stdout
    assert "\x1b" not in text
    assert "\r" not in text
    assert len(text.splitlines()) == 2


def test_a_directory_without_a_word_is_starting_or_left_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "paddock/live/broken").mkdir(parents=True, mode=0o700)
    (tmp_path / "paddock/live/broken/session").write_text("no literal")
    starting = live.Entry("early", str(tmp_path / "early"), 7)
    found = (*live.entries(), starting)
    monkeypatch.setattr(live, "entries", lambda: found)
    outcome = ps.perform(argparse.Namespace())
    assert isinstance(outcome.data, dict)
    rows = outcome.data["sandboxes"]
    assert [(row["name"], row["state"], row["age"]) for row in rows] == [
        ("broken", "left over", ""),
        ("early", "starting", ""),
    ]


@pytest.mark.parametrize(
    ("seconds", "age"),
    [(-5, "0s"), (0, "0s"), (59.9, "59s"), (60, "1m"), (3599, "59m"), (3600, "1h"), (86399, "23h"), (86400 * 3, "3d")],
)
def test_an_age_is_in_its_largest_unit(seconds: float, age: str) -> None:
    assert ps._age(seconds) == age
