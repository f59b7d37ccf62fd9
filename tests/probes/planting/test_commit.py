from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from paddock.probes.planting.commit import commit
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

pytestmark = needs("git")

_AUTHOR = "A Person <person@example.test>"
_WHEN = 1_700_000_000
_COMMITTING = ("-c", "user.name=A Person", "-c", "user.email=person@example.test", "commit", "-q", "-m", "first")
# Names that sort differently in trees and in paths, and bytes that are no text.
_NAMES = st.sampled_from([b"a", b"a.b", b"a-b", b"ab", b"A", b"\xff", b"two\nlines", b"-x", b"a space", b"b"])


def git(top: Path, *words: str) -> str:
    """What git says there, by nobody's configuration."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(top.parent), "GIT_CONFIG_NOSYSTEM": "1"}
    environ |= dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), f"{_WHEN} +0000")
    done = subprocess.run(["git", *words], cwd=top, env=environ, capture_output=True, check=True)
    return (done.stdout + done.stderr).decode(errors="surrogateescape")


@settings(max_examples=8, deadline=None)
@given(paths=st.sets(st.lists(_NAMES, min_size=1, max_size=3).map(tuple), max_size=6), size=st.integers(0, 5000))
def test_it_is_the_commit_that_git_makes(
    paths: set[tuple[bytes, ...]], size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    ours, theirs = tmp_path_factory.mktemp("ours"), tmp_path_factory.mktemp("theirs")
    for top in (ours, theirs):
        fill(top, paths, size)
    commit(str(ours), _AUTHOR, "first", _WHEN)
    git(theirs, "init", "-q", "-b", "main")
    git(theirs, "add", ".")
    git(theirs, *_COMMITTING)
    assert git(ours, "rev-parse", "HEAD") == git(theirs, "rev-parse", "HEAD")
    assert git(ours, "ls-files", "-s", "-z") == git(theirs, "ls-files", "-s", "-z")
    assert git(ours, "status", "--porcelain") == ""
    assert "error" not in git(ours, "fsck", "--strict")


def fill(top: Path, paths: set[tuple[bytes, ...]], size: int) -> None:
    """Files at these paths, as far as none of them is in another's way; a program and a link among them."""
    (top / "program").write_text("#!/bin/sh\n")
    (top / "program").chmod(0o755)
    (top / "link").symlink_to("program")
    for number, parts in enumerate(sorted(paths)):
        path = os.path.join(os.fsencode(top), *parts)
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "xb") as file:
                file.write(b"%d" % number * size)
        except OSError:  # a file is where a directory would have to be, or the other way round
            continue


def test_what_is_changed_afterwards_shows(tmp_path: Path) -> None:
    fill(tmp_path, {(b"a",)}, 1)
    commit(str(tmp_path), _AUTHOR, "first", _WHEN)
    (tmp_path / "a").write_text("x")  # as long as before
    assert git(tmp_path, "status", "--porcelain") == " M a\n"


def test_work_goes_on_from_it(tmp_path: Path) -> None:
    fill(tmp_path, set(), 0)
    commit(str(tmp_path), _AUTHOR, "first", _WHEN)
    (tmp_path / "more").write_text("more\n")
    git(tmp_path, "add", ".")
    git(tmp_path, *_COMMITTING)
    assert git(tmp_path, "log", "--format=%an %at %s") == f"A Person {_WHEN} first\n" * 2
    assert "error" not in git(tmp_path, "fsck", "--strict")
