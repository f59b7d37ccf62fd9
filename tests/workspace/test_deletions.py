from __future__ import annotations

import os

import pytest

from paddock.workspace import removal
from paddock.workspace.deletions import beneath, gone
from tests.workspace.test_descent import make_deep


@pytest.fixture
def place(tmp_path):
    descriptor = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield descriptor
    removal.remove(descriptor, "tree")
    os.close(descriptor)


def test_the_deepest_come_first_and_the_name_itself_last(place, tmp_path) -> None:
    (tmp_path / "tree" / "a" / "b").mkdir(parents=True)
    (tmp_path / "tree" / "a" / "file").write_text("12")
    found = list(gone(place, "tree", "tree"))
    assert [change.path for change in found] == ["tree/a/b", "tree/a/file", "tree/a", "tree"]
    assert found[1].old_size == 2
    assert [change.path for change in beneath(place, "tree", "tree")] == ["tree/a/b", "tree/a/file", "tree/a"]


def test_git_data_and_every_directory_above_it_stay(place, tmp_path) -> None:
    (tmp_path / "tree" / "a" / ".git" / "objects").mkdir(parents=True)
    (tmp_path / "tree" / "b").mkdir()
    held = {change.path: change.held for change in gone(place, "tree", "tree")}
    assert held == {"tree/a/.git": "git", "tree/a": "git", "tree/b": "", "tree": "git"}


def test_a_submodule_may_go_with_its_pointer_but_a_worktree_keeps_its_own(place, tmp_path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / ".git").write_text("gitdir: ../.git/modules/sub\n")
    (tmp_path / ".git").write_text("gitdir: /elsewhere\n")
    assert [change.held for change in gone(place, "sub", "sub")] == ["", ""]
    assert [change.held for change in gone(place, ".git", ".git")] == ["git"]


def test_links_are_not_entered(place, tmp_path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "link").symlink_to("/")
    assert [change.path for change in gone(place, "tree", "tree")] == ["tree/link", "tree"]


def test_mounts_are_not_entered() -> None:
    root = os.open("/", os.O_RDONLY)
    (change,) = gone(root, "proc", "proc")
    assert change.held == "mount"
    os.close(root)


@pytest.mark.user
def test_what_cannot_be_read_is_held(place, tmp_path) -> None:
    (tmp_path / "tree" / "closed").mkdir(parents=True)
    (tmp_path / "tree" / "closed").chmod(0)
    assert {change.path: change.held for change in gone(place, "tree", "tree")} == {
        "tree/closed": "unreadable",
        "tree": "unreadable",
    }


def test_nothing_there_is_nothing_gone(place) -> None:
    assert list(gone(place, "tree", "tree")) == []


def test_it_takes_any_depth(place, tmp_path) -> None:
    (tmp_path / "tree").mkdir()
    root = os.open(tmp_path / "tree", os.O_RDONLY)
    make_deep(root, 20_000)
    os.close(root)
    assert sum(1 for _ in gone(place, "tree", "tree")) == 20_002
