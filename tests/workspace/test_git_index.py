"""Indexes that git itself wrote, in all versions that it has, with both kinds of ids."""

from __future__ import annotations

import hashlib
import os
import struct
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.workspace.git_index import same
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs("git")
ALONE = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def git(repository: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=repository, env=ALONE, check=True, capture_output=True)


def index(repository: Path) -> bytes:
    return (repository / ".git/index").read_bytes()


def make(repository: Path, version: int = 2, ids: str = "sha1") -> Path:
    repository.mkdir(exist_ok=True)
    git(repository, "init", "-q", f"--object-format={ids}")
    for name in ("a", "b", "with a much longer name", "with a much longer name still", "\u00e9"):
        (repository / name).write_text(name)
    git(repository, "add", ".")
    git(repository, "update-index", "--index-version", str(version))
    if version == 3:
        git(repository, "update-index", "--skip-worktree", "b")
    return repository


def refresh(repository: Path) -> None:
    """What `git status` does after the files got other times."""
    for name in ("a", "with a much longer name"):
        os.utime(repository / name, (1_000_000_000, 1_000_000_000))
    git(repository, "status")


@pytest.fixture(params=[(2, "sha1"), (3, "sha1"), (4, "sha1"), (2, "sha256"), (4, "sha256")])
def repository(tmp_path, request) -> Path:
    return make(tmp_path / "repository", *request.param)


def test_a_refresh_is_no_change(repository) -> None:
    before = index(repository)
    refresh(repository)
    assert index(repository) != before
    assert same(before, index(repository))
    assert same(before, before)


CHANGES = {
    "content": lambda repository: ((repository / "a").write_text("new"), git(repository, "add", "a")),
    "mode": lambda repository: git(repository, "update-index", "--chmod=+x", "a"),
    "another": lambda repository: ((repository / "c").write_text("a"), git(repository, "add", "c")),
    "removed": lambda repository: git(repository, "rm", "-q", "--cached", "a"),
    "renamed": lambda repository: git(repository, "mv", "a", "A"),
    "assumed": lambda repository: git(repository, "update-index", "--assume-unchanged", "a"),
    "skipped": lambda repository: git(repository, "update-index", "--skip-worktree", "a"),
    "intended": lambda repository: ((repository / "z").write_text("z"), git(repository, "add", "-N", "z")),
    "split": lambda repository: git(repository, "update-index", "--split-index"),
    "emptied": lambda repository: git(repository, "read-tree", "--empty"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_anything_that_git_was_told_is_a_change(repository, change) -> None:
    before = index(repository)
    CHANGES[change](repository)
    assert not same(before, index(repository))
    assert not same(index(repository), before)


def signed(body: bytes) -> bytes:
    return body + hashlib.sha1(body).digest()


def test_what_is_no_whole_index_is_never_the_same(tmp_path) -> None:
    whole = index(make(tmp_path / "repository"))
    body = whole[:-20]
    assert same(whole, signed(body))
    for other in (b"", whole[:-1], whole + b"x", body + bytes(20), signed(b""), signed(body[:-1]), signed(body + b"x")):
        assert not same(other, other)
    for version in (0, 1, 5):
        other = signed(body[:4] + struct.pack(">I", version) + body[8:])
        assert not same(other, other)
    endless = signed(body[:8] + b"\xff" * 4 + body[12:])
    assert not same(endless, endless)


@given(st.binary(max_size=400), st.integers(2, 4), st.integers(0, 5))
def test_no_bytes_raise_or_hang(body, version, count) -> None:
    data = signed(b"DIRC" + struct.pack(">II", version, count) + body)
    assert same(data, data) in (True, False)
    assert not same(data, signed(data))
