from __future__ import annotations

import json
import os

import pytest

from tests.capabilities import needs
from tests.cli.answering import answered
from tests.cli.change_sets import hold, whiteout


@pytest.fixture
def held(monkeypatch, person, repo):
    def work(upper) -> None:
        whiteout(upper / "hello.txt")
        (upper / "new").write_text("new\n")

    return hold(monkeypatch, person, repo, work)


@pytest.fixture
def applied(person, repo, held):
    assert person.call("apply", cwd=repo).returncode == 0
    assert sorted(os.listdir(repo)) == [".git", "new"]
    return held


def test_the_repository_and_the_change_set_are_as_before(person, repo, applied) -> None:
    (repo / "new").touch()
    done = person.call("undo", cwd=repo)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "2 changes undone")
    assert f"held again as '{applied.name}'" in done.stdout
    assert sorted(os.listdir(repo)) == [".git", "hello.txt"]
    assert person.call("diff", "--name-only", cwd=repo).stdout.split() == ["hello.txt", "new"]
    assert person.call("apply", cwd=repo).returncode == 0
    assert sorted(os.listdir(repo)) == [".git", "new"]


def test_it_works_from_a_directory_below(person, repo, applied) -> None:
    (repo / "below").mkdir()
    data = json.loads(person.call("undo", "--json", cwd=repo / "below").stdout)
    assert data == {
        "schema": 1,
        "name": applied.name,
        "repository": str(repo),
        "undone": ["new", "hello.txt"],
        "problems": [],
    }


def test_what_changed_since_stays_is_named_and_ends_with_1(person, repo, applied) -> None:
    (repo / "new").write_text("mine\n")
    done = person.call("undo", cwd=repo)
    assert (done.returncode, "conflict  new: " in done.stdout) == (1, True)
    assert (repo / "new").read_text() == "mine\n"
    assert (repo / "hello.txt").read_text() == "hello\n"


def test_without_an_apply_there_is_nothing_to_undo(person, repo, held) -> None:
    for _ in range(2):
        done = person.call("undo", cwd=repo)
        assert (done.returncode, "no apply to undo" in done.stderr) == (125, True)


def test_what_is_kept_can_be_forgotten_with_a_word(person, repo, applied) -> None:
    assert person.call("undo", "--forget", cwd=repo).returncode == 125
    assert person.call("undo", "--forget", "--yes", cwd=repo).returncode == 0
    assert person.call("undo", cwd=repo).returncode == 125
    assert sorted(os.listdir(repo)) == [".git", "new"]


def test_an_apply_can_keep_nothing(person, repo, held) -> None:
    done = person.call("apply", "--no-undo", cwd=repo)
    assert (done.returncode, done.stdout) == (0, "2 changes applied\n")
    assert person.call("undo", cwd=repo).returncode == 125


def test_on_a_terminal_it_asks(person, repo, applied) -> None:
    assert "nothing was done" in answered(person, repo, "n\n", "undo")
    assert sorted(os.listdir(repo)) == [".git", "new"]
    assert "2 changes undone" in answered(person, repo, "y\n", "undo")
    assert sorted(os.listdir(repo)) == [".git", "hello.txt"]


@needs("bubblewrap", "overlay")
def test_a_branch_that_came_with_the_apply_is_named(person, repo) -> None:
    commit = "git -c user.name=A -c user.email=a@example.test commit -q --allow-empty -m inside && echo > new"
    assert person.call("run", "--name", "work", "--", "sh", "-c", commit, cwd=repo).returncode == 0
    assert person.call("apply", cwd=repo).returncode == 0
    done = person.call("undo", cwd=repo)
    assert "git branch -D paddock/work" in done.stdout
    assert os.path.exists(repo / ".git/refs/heads/paddock/work")
