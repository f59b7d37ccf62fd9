from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.preflight.links import HardLinks, leaves

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    (root / "a/b").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (root / "a/down").symlink_to("b")
    (root / "a/b/top").symlink_to("../..")
    (root / "loop").symlink_to("loop")
    return root.resolve()


@pytest.mark.parametrize(
    "target",
    ["b", "./b/", "../x", "nothing/there", "../loop", "/usr/bin/python3", "/dev/null", "down/../b", "../a/../a/b"],
)
def test_stays(root: Path, target: str) -> None:
    assert not leaves(str(root), "a/link", target)


@pytest.mark.parametrize(
    "target", ["../../outside", "/etc/passwd", "/", "../..", "b/top/..", "/home/somebody/.ssh", "x/../../../y"]
)
def test_leaves(root: Path, target: str) -> None:
    (root / "a/link").symlink_to(target)
    assert leaves(str(root), "a/link", target)


def test_an_absolute_link_into_the_repository_stays(root: Path) -> None:
    assert not leaves(str(root), "link", f"{root}/a/b")
    (root / "other").symlink_to(f"{root}-other/a")
    assert leaves(str(root), "other", f"{root}-other/a")


@given(st.lists(st.sampled_from(["..", ".", "a", "b", "down", "x"]), min_size=1, max_size=6))
def test_a_way_out_is_never_missed(tmp_path_factory: pytest.TempPathFactory, parts: list[str]) -> None:
    """Against the kernel's own answer, in a tree whose only inner link leads down."""
    base = tmp_path_factory.mktemp("links", numbered=True)
    (base / "repo/a/b").mkdir(parents=True)
    (base / "repo/a/down").symlink_to("b")
    repository = str((base / "repo").resolve())
    os.symlink("/".join(parts), f"{repository}/a/link")
    inside = os.path.realpath(f"{repository}/a/link")
    really = not (inside == repository or inside.startswith(f"{repository}/"))
    assert leaves(repository, "a/link", "/".join(parts)) == really


def test_a_file_whose_names_are_all_inside_has_none_outside(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("x")
    os.link(tmp_path / "one", tmp_path / "two")
    os.link(tmp_path / "one", tmp_path / "three")
    linked = HardLinks()
    for name in ("one", "two"):
        linked.meet(name, os.lstat(tmp_path / name))
    assert linked.outside() == [("one", 1)]
    linked.meet("three", os.lstat(tmp_path / "three"))
    assert linked.outside() == []
