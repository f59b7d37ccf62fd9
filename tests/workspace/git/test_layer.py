from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from paddock.errors import WorkspaceError
from paddock.workspace.git import layer
from paddock.workspace.git.place import Opened, Place
from tests.capabilities import needs
from tests.workspace.git.repositories import commit, git

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs("git")


@pytest.fixture
def side(tmp_path: Path) -> Path:
    """A worktree of a repository, and a directory for a change set beside it."""
    git(tmp_path, "init", "--quiet", "--initial-branch=main", "host")
    commit(tmp_path / "host", a="a\n")
    git(tmp_path / "host", "worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    (tmp_path / "set").mkdir()
    return tmp_path / "side"


def made(side: Path) -> tuple[str, str]:
    return layer.make(str(side.parent / "set"), str(side.parent / "host/.git"), str(side))


def test_a_layer_is_made_and_says_what_it_is_over(side: Path) -> None:
    upper, work = made(side)
    assert [stat.S_IMODE(os.stat(path).st_mode) for path in (upper, work)] == [0o755, 0o700]
    assert layer.place(f"{side.parent}/set") == Place("", upper, "", f"{side.parent}/host/.git", "worktrees/side/HEAD")
    assert made(side) == (upper, work)


def test_no_layer_is_none(side: Path) -> None:
    assert layer.place(f"{side.parent}/set") is None


def test_a_submodules_head_is_in_its_own_directory(side: Path) -> None:
    (side / ".git").write_text("gitdir: ../host/.git\n")
    made(side)
    found = layer.place(f"{side.parent}/set")
    assert found is not None
    assert found.head == "HEAD"


def test_a_layer_over_another_directory_is_not_mounted(side: Path) -> None:
    made(side)
    (side.parent / "host").rename(side.parent / "moved")
    git(side.parent, "init", "--quiet", "host")
    with pytest.raises(WorkspaceError, match="another git directory"):
        made(side)
    assert layer.place(f"{side.parent}/set") is None
    assert layer.has_work(f"{side.parent}/set"), "nobody can say that nothing would be lost"


def test_work_is_a_ref_that_moved(side: Path) -> None:
    upper, _ = made(side)
    directory = f"{side.parent}/set"
    assert not layer.has_work(directory)
    os.makedirs(f"{upper}/worktrees/side")
    with open(f"{upper}/worktrees/side/index", "w") as file:
        file.write("refreshed")
    assert not layer.has_work(directory)
    os.makedirs(f"{upper}/refs/heads")
    with open(f"{upper}/refs/heads/side", "w") as file:
        file.write("a" * 40)
    assert layer.has_work(directory)


def test_what_cannot_be_read_counts_as_work(side: Path) -> None:
    upper, _ = made(side)
    os.makedirs(f"{upper}/refs")
    os.symlink("/etc", f"{upper}/refs/heads")
    assert layer.has_work(f"{side.parent}/set")


def test_a_place_opens_both_sides_and_closes_them(side: Path) -> None:
    made(side)
    found = layer.place(f"{side.parent}/set")
    assert found is not None
    before = len(os.listdir("/proc/self/fd"))
    with Opened(found) as opened:
        assert (opened.git.read(found.head, 100) or b"").strip() == b"ref: refs/heads/side"
    assert len(os.listdir("/proc/self/fd")) == before
