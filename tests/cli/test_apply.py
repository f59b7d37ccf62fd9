from __future__ import annotations

import fcntl
import json
import os

import pytest

from tests.capabilities import needs
from tests.cli.answering import seen
from tests.cli.change_sets import hold, whiteout


@pytest.fixture
def held(monkeypatch, person, repo):
    def work(upper) -> None:
        whiteout(upper / "hello.txt")
        (upper / "new").write_text("new\n")
        (upper / "other").write_text("other\n")

    return hold(monkeypatch, person, repo, work)


def test_everything_is_taken_over(person, repo, held) -> None:
    done = person.call("apply", cwd=repo)
    assert (done.returncode, done.stdout) == (0, "3 changes applied\nto take it back: paddock undo\n")
    assert sorted(os.listdir(repo)) == [".git", "new", "other"]
    assert person.call("apply", cwd=repo).stdout == "no changes are held\n"


def test_a_part_is_taken_over(person, repo, held) -> None:
    done = person.call("apply", "new", "--yes", cwd=repo)
    assert done.stdout.splitlines()[:2] == [
        "1 change applied",
        f"the rest is held as '{held.name}': paddock diff --name {held.name}",
    ]
    assert sorted(os.listdir(repo)) == [".git", "hello.txt", "new"]


def test_a_typing_error_takes_nothing_over(person, repo, held) -> None:
    done = person.call("apply", "new", "othre", cwd=repo)
    assert (done.returncode, "no change matches 'othre'" in done.stderr) == (125, True)
    assert sorted(os.listdir(repo)) == [".git", "hello.txt"]


def test_a_dry_run_writes_nothing(person, repo, held) -> None:
    assert person.call("apply", "--dry-run", cwd=repo).stdout == "3 changes would be applied\n"
    assert sorted(os.listdir(repo)) == [".git", "hello.txt"]


def test_a_conflict_is_named_not_written_and_ends_with_1(person, repo, held) -> None:
    (repo / "new").write_text("mine\n")
    done = person.call("apply", "--json", cwd=repo)
    data = json.loads(done.stdout)
    assert done.returncode == 1
    assert (data["schema"], data["applied"], data["remaining"]) == (1, ["other", "hello.txt"], True)
    assert [(problem["path"], problem["kind"]) for problem in data["problems"]] == [("new", "conflict")]
    assert (repo / "new").read_text() == "mine\n"
    again = person.call("apply", cwd=repo)
    assert again.returncode == 1
    assert "conflict  new: " in again.stdout
    assert "--force PATH" in again.stdout
    assert person.call("apply", "--force", "new", cwd=repo).returncode == 0
    assert (repo / "new").read_text() == "new\n"


@pytest.mark.parametrize("options", [("--force", "none"), ("--yes", "--force", "none"), ("--yes", "new", "none")])
def test_a_path_that_meets_nothing_is_an_error_before_anything_is_written(person, repo, held, options) -> None:
    done = person.call("apply", *options, cwd=repo)
    assert done.returncode == 125
    assert "no change matches 'none'" in done.stderr
    assert sorted(os.listdir(repo)) == [".git", "hello.txt"]


def test_names_from_inside_are_never_printed_raw(monkeypatch, person, repo) -> None:
    hold(monkeypatch, person, repo, lambda upper: os.mkfifo(upper / "\x1b[31m\n"))
    done = person.call("apply", cwd=repo)
    assert done.returncode == 0
    assert '"\\033[31m\\n"' in done.stdout
    assert "\x1b" not in done.stdout


def test_a_live_sandbox_keeps_its_change_set(person, repo, held) -> None:
    descriptor = os.open(held.path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    done = person.call("apply", cwd=repo)
    os.close(descriptor)
    assert (done.returncode, "in use" in done.stderr) == (125, True)
    assert sorted(os.listdir(repo)) == [".git", "hello.txt"]


def test_on_a_terminal_it_asks(person, repo, held, monkeypatch) -> None:
    from tests.cli.answering import answered

    assert "Apply 3 changes" in answered(person, repo, "n\n", "apply")
    assert sorted(os.listdir(repo)) == [".git", "hello.txt"]
    assert "3 changes applied" in answered(person, repo, "y\n", "apply")
    assert "no changes are held" in seen(person, repo, "apply")


@needs("bubblewrap", "overlay")
def test_others_that_changed_the_same_are_named_at_once(person, repo) -> None:
    for name in ("one", "two", "three"):
        changed = "other.txt" if name == "three" else "hello.txt"
        done = person.call("run", "--name", name, "--", "sh", "-c", f"echo {name} > {changed}", cwd=repo)
        assert done.returncode == 0, done.stderr
    done = person.call("apply", "--json", "--dry-run", "--name", "one", cwd=repo)
    assert json.loads(done.stdout)["overlaps"] == [{"name": "two", "paths": ["hello.txt"], "in_use": False}]
    done = person.call("apply", "--name", "one", cwd=repo)
    assert "'two' changes hello.txt too: paddock diff --conflicts --name two\n" in done.stdout
    assert "three" not in done.stdout
    done = person.call("run", "--name", "four", "--apply", "safe", "--", "sh", "-c", "echo 4 > other.txt", cwd=repo)
    assert "'three' changes other.txt too" in done.stderr
