from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from paddock.errors import WorkspaceError
from paddock.workspace.descent import DIRECTORY
from paddock.workspace.git import neighbours
from paddock.workspace.git.neighbours import Neighbour, Neighbours
from paddock.workspace.git.program import Git
from paddock.workspace.git.quarantine import Quarantine
from tests.capabilities import needs
from tests.workspace.git.repositories import commit, git

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.workspace.git.repositories import GitLaboratory


pytestmark = needs("git", "overlay", "bubblewrap")


def beside(rig: GitLaboratory, have: Sequence[str], *paths: str) -> dict[str, int]:
    """The neighbours of paths in HEAD, by name, with their types."""
    place = Quarantine(-1, "", Git(str(rig.host / ".git")))
    tip = git(rig.host, "rev-parse", "HEAD").strip()
    found = Neighbours(place, tip, have, paths).of(paths)
    return {one.path: stat.S_IFMT(one.mode) for one in found}


def test_only_what_a_hazard_could_need_is_a_neighbour(rig: GitLaboratory) -> None:
    commit(rig.host, a__HEAD="", a__objects__x="", a__other="", a__Name="", HEAD="", hooks__x="", **{".d__plain": ""})
    (rig.host / ".d/link").symlink_to("../a")
    commit(rig.host, "link")
    assert beside(rig, [rig.first], "a/name") == {
        "a/Name": stat.S_IFREG, "a/HEAD": stat.S_IFREG, "a/objects": stat.S_IFDIR, ".d/link": stat.S_IFLNK,
    }  # fmt: skip
    assert "HEAD" in beside(rig, [rig.first], "hooks/pre-commit")
    assert beside(rig, [rig.first]) == {}


def test_the_commit_that_others_are_built_on_counts_too(rig: GitLaboratory) -> None:
    before = commit(rig.host, a__HEAD="")
    git(rig.host, "rm", "-q", "a/HEAD")
    commit(rig.host, a__config="")
    assert beside(rig, [before], "a/config") == {"a/HEAD": stat.S_IFREG}


def test_too_many_are_refused(rig: GitLaboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "TREES_AT_MOST", 0)
    commit(rig.host, a="")
    with pytest.raises(WorkspaceError, match="more than 0 commits"):
        beside(rig, [rig.first], "a")


def test_nothing_is_made_through_a_link_or_over_what_is_there(tmp_path: Path) -> None:
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    tree.mkdir()
    outside.mkdir()
    (tree / "link").symlink_to(outside)
    (tree / "file").write_text("mine")
    root = os.open(tree, DIRECTORY)
    try:
        for path in ("link/HEAD", "link", "file", "file/HEAD", "a/b/c"):
            Neighbour(path, stat.S_IFREG).lay(root)
        Neighbour("a/b/l", stat.S_IFLNK, b"../c").lay(root)
        Neighbour("a/b/d", stat.S_IFDIR).lay(root)
    finally:
        os.close(root)
    assert list(outside.iterdir()) == []
    assert (tree / "file").read_text() == "mine"
    assert (tree / "a/b/c").read_text() == ""
    assert os.readlink(tree / "a/b/l") == "../c"
    assert (tree / "a/b/d").is_dir()
