from __future__ import annotations

import json
import os

import pytest

from tests.cli.answering import answered
from tests.cli.change_sets import hold


@pytest.fixture
def held(monkeypatch, person, repo):
    return hold(monkeypatch, person, repo, lambda upper: [(upper / name).write_text("x") for name in ("a", "b")])


def names(person, repo) -> list[str]:
    return str(person.call("diff", "--name-only", cwd=repo).stdout).split()


def test_nobody_to_ask_means_no(person, repo, held) -> None:
    done = person.call("discard", cwd=repo)
    assert (done.returncode, "--yes" in done.stderr) == (125, True)
    assert names(person, repo) == ["a", "b"]


def test_with_yes_it_goes_and_the_host_stays(person, repo, held) -> None:
    assert person.call("discard", "--yes", cwd=repo).stdout == f"discarded everything of '{held.name}'\n"
    assert names(person, repo) == []
    assert sorted(os.listdir(repo)) == [".git", "hello.txt"]
    assert person.call("discard", "--yes", cwd=repo).stdout == "no changes are held\n"


def test_a_part_goes(person, repo, held) -> None:
    data = json.loads(person.call("discard", "--yes", "--json", "a", cwd=repo).stdout)
    assert (data["schema"], data["remaining"]) == (1, True)
    assert names(person, repo) == ["b"]


def test_a_typing_error_discards_nothing(person, repo, held) -> None:
    assert person.call("discard", "--yes", "a", "c", cwd=repo).returncode == 125
    assert names(person, repo) == ["a", "b"]


def test_on_a_terminal_it_asks(person, repo, held) -> None:
    assert "nothing was discarded" in answered(person, repo, "\n", "discard")
    assert names(person, repo) == ["a", "b"]
    assert "discarded everything" in answered(person, repo, "yes\n", "discard")
    assert names(person, repo) == []
