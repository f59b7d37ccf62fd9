"""Root at work in the repository of somebody else: what is made inside is that person's, in every mode."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person

pytestmark = [pytest.mark.root, needs("bubblewrap", "git")]
OWNER = GROUP = 1001
LIVE_TOO = ("--accept", "live-hazards-window")


@pytest.fixture
def theirs(repo: Path) -> Path:
    for directory, _, files in os.walk(repo):
        os.chown(directory, OWNER, GROUP)
        for name in files:
            os.chown(os.path.join(directory, name), OWNER, GROUP)
    return repo


@pytest.mark.root  # also where another file takes it over
@pytest.mark.parametrize("mode", ["review", "scratch", "live"])
def test_the_repository_of_another_user_can_be_written(person: Person, theirs: Path, mode: str) -> None:
    script = "touch new && echo more >> hello.txt && mkdir made && touch made/file .git/new && rm .git/new && ls -A"
    done = person.call("run", *LIVE_TOO, "--workspace", mode, "--", "sh", "-c", script, cwd=theirs)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [".git", "hello.txt", "made", "new"]
    assert (theirs / "new").exists() == (mode == "live")


@pytest.mark.parametrize("mode", ["review", "live"])
def test_what_comes_out_belongs_to_that_user(person: Person, theirs: Path, mode: str) -> None:
    script = "touch new && echo more >> hello.txt && mkdir made && touch made/file"
    done = person.call("run", *LIVE_TOO, "--workspace", mode, "--", "sh", "-c", script, cwd=theirs)
    assert done.returncode == 0, done.stderr
    if mode == "review":
        done = person.call("apply", cwd=theirs)
        assert done.returncode == 0, done.stderr
    for name in ("new", "hello.txt", "made", "made/file"):
        found = os.stat(theirs / name)
        assert (found.st_uid, found.st_gid) == (OWNER, GROUP), name
