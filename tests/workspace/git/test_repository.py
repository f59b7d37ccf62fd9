from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.errors import WorkspaceError
from paddock.workspace.git import bare, repository
from tests.capabilities import needs
from tests.workspace.git.repositories import commit, git

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs("git")


def made(tmp_path: Path, *words: str) -> Path:
    git(tmp_path, "init", "--quiet", "--initial-branch=main", *words, "host")
    return tmp_path / "host"


def test_what_an_ordinary_repository_is(tmp_path: Path) -> None:
    host = made(tmp_path)
    tip = commit(host, a="a\n")
    git(host, "tag", "-a", "-m", "x", "v1")
    git(host, "tag", "blob", git(host, "rev-parse", "main:a").strip())
    found = repository.look(f"{host}/.git")
    assert (found.object_format, found.shallow, found.partial) == ("sha1", "", False)
    assert (found.head, found.have) == (tip, (tip,))
    assert found.objects == (f"{host}/.git/objects",)


def test_one_before_its_first_commit_has_nothing(tmp_path: Path) -> None:
    found = repository.look(f"{made(tmp_path, '--object-format=sha256')}/.git")
    assert (found.object_format, found.head, found.have) == ("sha256", "", ())


def test_a_detached_head_is_one_of_the_commits_that_the_host_has(tmp_path: Path) -> None:
    host = made(tmp_path)
    commit(host, a="a\n")
    git(host, "checkout", "--quiet", "--detach")
    tip = commit(host, a="b\n")
    assert tip in repository.look(f"{host}/.git").have


def test_borrowed_objects_are_found_by_their_real_places(tmp_path: Path) -> None:
    host = made(tmp_path)
    commit(host, a="a\n")
    git(tmp_path, "clone", "--quiet", "--shared", str(host), "one")
    git(tmp_path, "clone", "--quiet", "--shared", "one", "two")
    (tmp_path / "link").symlink_to("one")
    (tmp_path / "two/.git/objects/info/alternates").write_text("../../../link/.git/objects\n# a remark\n/nowhere\n")
    found = repository.look(f"{tmp_path}/two/.git").objects
    assert found == tuple(f"{tmp_path}/{name}/.git/objects" for name in ("two", "one", "host"))


def test_borrowed_objects_at_an_odd_place(tmp_path: Path) -> None:
    odd = tmp_path / 'a "quoted"\t\udcff\u00e9'
    odd.mkdir()
    host = made(odd)
    commit(host, a="a\n")
    git(tmp_path, "clone", "--quiet", "--shared", str(host), "one")
    assert repository.look(f"{tmp_path}/one/.git").objects[1] == f"{host}/.git/objects"


@pytest.mark.root
def test_root_borrows_nothing_that_the_owner_of_the_repository_cannot_read(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    base = tmp_path_factory.getbasetemp()
    if base.stat().st_mode & 0o077 == 0:
        base.chmod(0o711)  # pytest lets nobody else in
    tmp_path.chmod(0o755)
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    secret = made(private)
    host = made(tmp_path)
    (host / ".git/objects/info/alternates").write_text(f"{secret}/.git/objects\n")
    for path in (host, *host.rglob("*")):
        os.chown(path, 12345, 23456)
    assert repository.look(f"{host}/.git").objects == (f"{host}/.git/objects",)


def test_borrowing_in_a_circle_ends(tmp_path: Path) -> None:
    host = made(tmp_path)
    (host / ".git/objects/info").mkdir(exist_ok=True)
    (host / ".git/objects/info/alternates").write_text(f"{host}/.git/objects\n")
    assert repository.look(f"{host}/.git").objects == (f"{host}/.git/objects",)


def test_a_worktrees_git_directory_has_its_objects_elsewhere(tmp_path: Path) -> None:
    host = made(tmp_path)
    tip = commit(host, a="a\n")
    git(host, "worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    found = repository.look(f"{host}/.git/worktrees/side")
    assert (found.objects, found.have) == ((f"{host}/.git/objects",), (tip,))


def test_branches_are_found_by_their_whole_names(tmp_path: Path) -> None:
    host = made(tmp_path)
    tip = commit(host, a="a\n")
    git(host, "branch", "a/b")
    git(host, "worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    found = repository.look(f"{host}/.git")
    assert found.branch("a") is None
    assert found.branch("a/b") == repository.Branch("a/b", tip, "")
    assert found.branch("main") == repository.Branch("main", tip, str(host))
    assert found.branch("side") == repository.Branch("side", tip, str(tmp_path / "side"))


def test_what_is_no_repository_is_said(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="git rev-parse failed"):
        repository.look(str(tmp_path))


def test_a_repository_of_our_making_sees_others_objects_whatever_their_path(tmp_path: Path) -> None:
    odd = tmp_path / 'a "quoted"\nname: \udcff'
    odd.mkdir()
    host = made(odd)
    tip = commit(host, a="a\n")
    place = tmp_path / "bare"
    place.mkdir()
    bare.write(str(place), bare.files("sha1", [f"{host}/.git/objects"]))
    assert git(place, "--git-dir=.", "cat-file", "-t", tip) == "commit\n"
    assert git(place, "--git-dir=.", "for-each-ref") == ""
