from __future__ import annotations

import argparse
import fcntl
import json
import os
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from paddock.cli.changes import _age, perform
from paddock.workspace import shelf, store, tally
from tests.cli.change_sets import hold

if TYPE_CHECKING:
    from pathlib import Path


def test_they_are_listed_the_last_used_first(monkeypatch, person, repo) -> None:
    hold(monkeypatch, person, repo, lambda upper: (upper / "file").write_text("x" * 10), name="one")
    hold(monkeypatch, person, repo, lambda upper: (upper / "file").write_text("x" * 3000), name="two")
    lines = person.call("changes", cwd=repo).stdout.splitlines()
    assert [line.split() for line in lines] == [
        ["two", "1", "change", "2.9", "KiB", "just", "now"],
        ["one", "1", "change", "10", "B", "just", "now"],
    ]


def test_of_very_many_a_part_is_counted_and_said_to_be_one(monkeypatch, person, repo) -> None:
    def many(upper: Path) -> None:
        for number in range(tally.MOST + 5):
            (upper / f"file{number}").write_text("x" * 10)

    hold(monkeypatch, person, repo, many, name="one")
    assert re.match(r"one +more than 2000 changes +over 19\.\d KiB ", person.call("changes", cwd=repo).stdout)


def test_json_and_use(monkeypatch, person, repo) -> None:
    held = hold(monkeypatch, person, repo, lambda upper: (upper / "file").write_text("x"), name="one")
    descriptor = os.open(held.path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    data = json.loads(person.call("changes", "--json", cwd=repo).stdout)
    assert "in use" in person.call("changes", cwd=repo).stdout
    os.close(descriptor)
    (row,) = data["changes"]
    assert data["schema"] == 1
    assert (row["name"], row["repository"], row["in_use"]) == ("one", str(repo), True)
    assert (row["changes"], row["size_bytes"], row["problem"]) == (1, 1, "")


def test_those_of_all_repositories_with_lost_ones(monkeypatch, person, repo, tmp_path) -> None:
    other = tmp_path / "other\x1b[31m"
    other.mkdir()
    hold(monkeypatch, person, repo, lambda upper: (upper / "file").write_text("x"), name="one")
    hold(monkeypatch, person, other, lambda upper: (upper / "file").write_text("x"), name="two")
    shutil.rmtree(other)
    assert "two" not in person.call("changes", cwd=repo).stdout
    shown = person.call("changes", "--all", cwd=tmp_path).stdout
    assert "one" in shown
    assert "No such file" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize("moment", ["recover", "count"])
def test_one_that_goes_while_they_are_counted_is_left_out(monkeypatch, person, repo, moment) -> None:
    """Another terminal applies it."""
    for name in ("one", "two"):
        hold(monkeypatch, person, repo, lambda upper: (upper / "file").write_text("x"), name=name)
    where = {"recover": store, "count": tally}[moment]
    real = getattr(where, moment)

    def applied(directory: store.ChangeSetDirectory, *how: object) -> object:
        if directory.name == "one":
            shelf.discard(store.lock(directory))
        return real(directory, *how)

    monkeypatch.setattr(where, moment, applied)
    monkeypatch.chdir(repo)
    outcome = perform(argparse.Namespace(all=False))
    assert [line.split()[0] for line in outcome.text.splitlines()] == ["two"]


def test_none_is_no_failure(person, repo) -> None:
    done = person.call("changes", cwd=repo)
    assert (done.returncode, done.stdout) == (0, "no changes are held\n")


def test_ages_are_for_people(monkeypatch) -> None:
    monkeypatch.setattr("time.time", lambda: 200_000)
    assert [_age(then) for then in (200_001, 199_990, 199_000, 150_000, 0)] == [
        "just now", "just now", "16 min ago", "13 h ago", "2 d ago"
    ]  # fmt: skip
