"""`paddock clean`: what it removed is said, what lives stays, and what cannot be removed is an error."""

from __future__ import annotations

import argparse
import os
import time
from typing import TYPE_CHECKING

import pytest

from paddock import ending
from paddock.cli import clean
from paddock.errors import PaddockError
from tests.background import cleaned, running
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person


def test_where_nothing_is_left_that_is_said(person: Person, repo: Path) -> None:
    assert cleaned(person, repo) == []
    assert person.call("clean", cwd=repo).stdout.splitlines()[-1] == "nothing is left"


@needs("bubblewrap", "git")
def test_what_a_crash_left_is_removed_and_named(person: Person, repo: Path) -> None:
    with running(person, repo, "--name", "it", command=("sh", "-c", "echo x > made; echo up; exec sleep 600")) as it:
        it.kill()
        it.wait(90)
    directory = person.home / "runtime/paddock/live/it"
    assert directory.is_dir()
    done = person.call("clean", cwd=repo)
    assert done.returncode == 0, done.stderr
    *removed, last = done.stdout.splitlines()
    assert f"removed sandbox directory {directory}" in removed
    assert last == "nothing is left"
    assert not directory.exists()
    assert cleaned(person, repo) == []
    assert "made" in person.call("diff", cwd=repo).stdout, "a held change set is not touched"


@needs("bubblewrap", "git")
def test_a_live_sandbox_stays(person: Person, repo: Path) -> None:
    with running(person, repo, "--name", "it"):
        assert cleaned(person, repo) == []
        assert person.call("exec", "it", "--", "true", cwd=repo).returncode == 0


def test_what_cannot_be_removed_is_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "clean", list)
    monkeypatch.setattr(ending, "left_over", lambda: ["mount /one", "mount /two"])
    with pytest.raises(PaddockError) as caught:
        clean.perform(argparse.Namespace())
    assert (caught.value.code, caught.value.exit_code) == ("not-clean", 125)
    assert caught.value.why == "mount /one\nmount /two"


def test_what_ended_while_it_cleaned_is_cleaned_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sandbox that was killed meanwhile, or a container of root's that nobody has asked for in ten minutes."""
    there = [["group /one"], ["group /two"], []]
    looks = [["group /two", "mount /stays"], ["mount /stays"], []]
    monkeypatch.setattr(ending, "clean", lambda: there.pop(0))
    monkeypatch.setattr(ending, "left_over", lambda: looks.pop(0))
    assert clean.perform(argparse.Namespace()).data == {
        "schema": 1,
        "removed": ["group /one", "group /two"],
        "left": [],
    }


def test_a_name_with_control_characters_is_shown_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "clean", lambda: ["directory \x1b[31m\nx"])
    monkeypatch.setattr(ending, "left_over", list)
    done = clean.perform(argparse.Namespace())
    assert "\x1b" not in done.text
    assert len(done.text.splitlines()) == 2
    assert done.data == {"schema": 1, "removed": ["directory \x1b[31m\nx"], "left": []}


def test_logs_that_are_due_are_removed_and_named(person: Person, repo: Path) -> None:
    folder = person.home / ".local/state/paddock/record"
    folder.mkdir(parents=True, mode=0o700)
    now = time.time()
    for name, days in (("20260101T000000.000Z-old", 100), ("20260201T000000.000Z-young", 80)):
        (folder / f"{name}.jsonl").write_text("")
        os.utime(folder / f"{name}.jsonl", (now, now - days * 86400))
    lines = person.call("clean", cwd=repo).stdout.splitlines()
    assert "removed record 20260101T000000.000Z-old, 100 days old" in lines
    assert not [line for line in lines if "young" in line]
    assert [path.name for path in folder.glob("*.jsonl")] == ["20260201T000000.000Z-young.jsonl"]
