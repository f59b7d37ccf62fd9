from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

import pytest

from paddock.errors import WorkspaceError
from paddock.process import Finished
from paddock.workspace import store
from paddock.workspace.git import bringing, quarantine
from tests.capabilities import needs
from tests.workspace.git.repositories import GitLaboratory, commit, git, leftovers

if TYPE_CHECKING:
    from pathlib import Path

    from tests.workspace.laboratory import Laboratory


pytestmark = needs("overlay", "git", "bubblewrap")


def test_what_was_committed_inside_becomes_a_branch_and_nothing_else_changes(rig: GitLaboratory) -> None:
    rig.run(lambda inside: commit(inside, "from inside", new="new\n"))
    before = rig.untouched()
    report = rig.bring()
    (one,) = report.coming
    assert (one.label, one.branch, one.count, one.old) == ("main", rig.branch, 1, "")
    assert (one.commits[0].subject, one.commits[0].author, one.commits[0].files) == ("from inside", "An Agent", 1)
    assert report.complete
    assert rig.untouched() == before
    assert rig.branches() == {"main": rig.first, rig.branch: one.tip}
    assert git(rig.host, "show", f"{rig.branch}:new") == "new\n"
    assert git(rig.host, "fsck", "--full", "--strict") == ""
    assert list((rig.host / ".git/objects/pack").glob("*.keep")) == []
    assert leftovers(rig.lab.held) == []


def test_looking_writes_nothing_at_all(rig: GitLaboratory) -> None:
    rig.run(lambda inside: commit(inside, new="new\n"))
    objects = sorted(os.listdir(rig.host / ".git/objects"))
    report = rig.look()
    assert [one.branch for one in report.coming] == [rig.branch]
    assert rig.branches() == {"main": rig.first}
    assert sorted(os.listdir(rig.host / ".git/objects")) == objects
    assert leftovers(rig.lab.held) == []


def test_a_second_apply_brings_what_is_new_and_then_nothing(rig: GitLaboratory) -> None:
    rig.run(lambda inside: commit(inside, new="1\n"))
    (one,) = rig.bring().coming
    assert rig.bring() == bringing.Report()
    rig.run(lambda inside: commit(inside, new="2\n"))
    (two,) = rig.bring().coming
    assert (two.old, two.count) == (one.tip, 1)
    assert rig.branches()[rig.branch] == two.tip


def test_an_amended_commit_takes_the_place_of_the_one_that_we_brought(rig: GitLaboratory) -> None:
    rig.run(lambda inside: commit(inside, new="1\n"))
    rig.bring()
    rig.run(lambda inside: git(inside, "commit", "--quiet", "--amend", "--message", "better"))
    (one,) = rig.bring().coming
    assert not one.held
    assert rig.branches()[rig.branch] == one.tip
    assert one.commits[0].subject == "better"


def test_a_branch_on_which_somebody_worked_is_not_moved(rig: GitLaboratory) -> None:
    rig.run(lambda inside: commit(inside, new="1\n"))
    rig.bring()
    branch = rig.branch
    theirs = git(rig.host, "commit-tree", "-p", branch, "-m", "mine", f"{branch}^{{tree}}").strip()
    git(rig.host, "branch", "--force", branch, theirs)
    rig.run(lambda inside: commit(inside, new="2\n"))
    report = rig.bring()
    assert report.coming[0].refusal is not None
    assert report.coming[0].refusal.code == "branch-diverged"
    assert not report.complete
    assert rig.branches()[branch] == theirs
    (elsewhere,) = rig.bring(branch="mine/other").coming
    assert rig.branches()["mine/other"] == elsewhere.tip


def test_a_branch_that_was_merged_may_be_moved(rig: GitLaboratory) -> None:
    git(rig.host, "branch", "topic")
    rig.run(lambda inside: commit(inside, new="1\n"))
    (one,) = rig.bring(branch="topic").coming
    assert (one.old, one.held) == (rig.first, False)
    assert rig.branches()["topic"] == one.tip


def test_a_branch_that_is_checked_out_is_never_moved(rig: GitLaboratory) -> None:
    git(rig.host, "worktree", "add", "--quiet", "-b", "elsewhere", str(rig.lab.base / "elsewhere"))
    rig.run(lambda inside: commit(inside, new="1\n"))
    for branch in ("main", "elsewhere"):
        (one,) = rig.bring(branch=branch).coming
        assert one.refusal is not None
        assert one.refusal.code == "branch-checked-out"
    assert set(rig.branches().values()) == {rig.first}


@pytest.mark.parametrize("name", ["--upload-pack=evil", "a..b", "a b", "a.lock", "/a", "a//b", "@{1}", "HEAD", "-x"])
def test_a_name_that_is_none_is_refused_before_git_hears_of_it(rig: GitLaboratory, name: str) -> None:
    rig.run(lambda inside: commit(inside, new="1\n"))
    (one,) = rig.bring(branch=name).coming
    assert one.refusal is not None
    assert one.refusal.code == "branch-name"


def test_a_branch_in_the_way_is_named(rig: GitLaboratory) -> None:
    git(rig.host, "branch", "paddock")
    rig.run(lambda inside: commit(inside, new="1\n"))
    with pytest.raises(WorkspaceError, match="branches could not be made") as caught:
        rig.bring()
    assert "'refs/heads/paddock' exists" in caught.value.why
    assert "--branch" in caught.value.next_step


def test_several_branches_come_under_names_that_git_can_keep_side_by_side(rig: GitLaboratory) -> None:
    def work(inside: Path) -> None:
        commit(inside, "on main", a="a\n")
        git(inside, "switch", "--quiet", "--create", "topic/one")
        commit(inside, "on topic", b="b\n")

    rig.run(work)
    report = rig.bring()
    assert {one.label: one.branch for one in report.coming} == {"topic/one": rig.branch, "main": f"{rig.branch}+main"}
    assert set(rig.branches()) == {"main", rig.branch, f"{rig.branch}+main"}


def test_one_branch_without_head_on_it_is_the_main_one(rig: GitLaboratory) -> None:
    def work(inside: Path) -> None:
        git(inside, "switch", "--quiet", "--create", "topic")
        commit(inside, b="b\n")
        git(inside, "switch", "--quiet", "main")

    rig.run(work)
    assert [(one.label, one.branch) for one in rig.bring().coming] == [("topic", rig.branch)]


def test_a_branch_without_commits_of_its_own_is_none(rig: GitLaboratory) -> None:
    def work(inside: Path) -> None:
        git(inside, "branch", "same")
        (inside / "kept").write_text("")

    rig.run(work)
    assert rig.bring() == bringing.Report()


def test_a_detached_head_becomes_a_branch(rig: GitLaboratory) -> None:
    def work(inside: Path) -> None:
        git(inside, "checkout", "--quiet", "--detach")
        commit(inside, b="b\n")

    rig.run(work)
    (one,) = rig.bring().coming
    assert (one.label, one.branch) == ("HEAD", rig.branch)


def test_a_stash_is_work_too(rig: GitLaboratory) -> None:
    def work(inside: Path) -> None:
        (inside / "hello").write_text("stashed\n")
        git(inside, "stash", "push", "--quiet")

    rig.run(work)
    (one,) = rig.bring(branch="x").coming
    assert (one.label, one.branch) == ("stash@0", "x")
    assert git(rig.host, "show", "x:hello") == "stashed\n"
    assert git(rig.host, "stash", "list") == ""


def test_a_rebase_in_progress_brings_head_as_it_stands(rig: GitLaboratory) -> None:
    def work(inside: Path) -> None:
        git(inside, "switch", "--quiet", "--create", "topic")
        commit(inside, hello="topic\n")
        git(inside, "switch", "--quiet", "main")
        commit(inside, "other", other="other\n")
        with pytest.raises(AssertionError):
            git(inside, "rebase", "--exec", "false", "topic")

    rig.run(work)
    report = rig.bring()
    assert [one.label for one in report.coming] == ["HEAD", "main", "topic"]
    assert report.complete


def test_a_tag_stays_and_is_named_when_its_commits_are_on_no_branch(rig: GitLaboratory) -> None:
    def work(inside: Path) -> None:
        git(inside, "checkout", "--quiet", "--detach")
        commit(inside, b="b\n")
        git(inside, "tag", "--annotate", "--message", "v1", "v1")
        git(inside, "checkout", "--quiet", "main")

    rig.run(work)
    report = rig.bring()
    assert report.coming == ()
    assert [left.label for left in report.left] == ["v1"]
    assert not report.complete


def test_a_tag_on_a_branch_that_comes_is_no_loss(rig: GitLaboratory) -> None:
    def work(inside: Path) -> None:
        commit(inside, b="b\n")
        git(inside, "tag", "--annotate", "--message", "v1", "v1")

    rig.run(work)
    report = rig.bring()
    assert report.complete
    assert git(rig.host, "tag", "--list") == ""


def test_a_repository_before_its_first_commit(rig: GitLaboratory) -> None:
    git(rig.host, "update-ref", "-d", "refs/heads/main")
    git(rig.host, "reflog", "expire", "--all", "--expire=now")
    git(rig.host, "gc", "--quiet", "--prune=now")
    rig.run(lambda inside: commit(inside, "the first", a="a\n"))
    (one,) = rig.bring().coming
    assert (one.label, one.count) == ("main", 1)
    assert rig.branches() == {rig.branch: one.tip}


def test_gc_and_repacking_inside_make_no_difference(rig: GitLaboratory) -> None:
    def work(inside: Path) -> None:
        commit(inside, b="b\n")
        git(inside, "gc", "--quiet", "--prune=now")
        git(inside, "pack-refs", "--all")

    rig.run(work)
    (one,) = rig.bring().coming
    assert one.count == 1
    assert git(rig.host, "fsck", "--strict") == ""


def test_a_host_that_packed_its_refs_and_objects_and_moved_on(rig: GitLaboratory) -> None:
    rig.run(lambda inside: commit(inside, b="b\n"))
    moved = commit(rig.host, "meanwhile", c="c\n")
    git(rig.host, "gc", "--quiet", "--prune=now")
    (one,) = rig.bring().coming
    assert rig.branches() == {"main": moved, rig.branch: one.tip}


def test_a_shallow_clone_stays_one(rig: GitLaboratory, tmp_path: Path) -> None:
    for number in range(4):
        commit(rig.host, a=f"{number}\n")
    origin = tmp_path / "origin"
    rig.host.rename(origin)
    git(tmp_path, "clone", "--quiet", "--depth=2", f"file://{origin}", str(rig.host))
    rig.run(lambda inside: commit(inside, b="b\n"))
    (one,) = rig.bring().coming
    assert one.count == 1
    assert git(rig.host, "rev-list", "--count", rig.branch).strip() == "3"
    assert git(rig.host, "fsck", "--strict") == ""


def test_a_clone_that_borrows_objects(rig: GitLaboratory, tmp_path: Path) -> None:
    commit(rig.host, a="a\n")
    origin = tmp_path / "the: origin"
    rig.host.rename(origin)
    git(tmp_path, "clone", "--quiet", "--shared", str(origin), str(rig.host))
    rig.run(lambda inside: commit(inside, b="b\n"))
    (one,) = rig.bring().coming
    assert one.count == 1
    assert git(rig.host, "fsck", "--strict") == ""


def partial_clone(rig: GitLaboratory, tmp_path: Path) -> None:
    """The host's repository becomes one of which most objects are elsewhere, and elsewhere is gone."""
    commit(rig.host, deep__in__a="a\n", deep__in__b="b\n")
    origin = tmp_path / "origin"
    rig.host.rename(origin)
    git(origin, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "--quiet", "--sparse", "--filter=blob:none", f"file://{origin}", str(rig.host))
    origin.rename(tmp_path / "gone")


def test_a_partial_clone_asks_nobody_for_what_it_lacks(rig: GitLaboratory, tmp_path: Path) -> None:
    partial_clone(rig, tmp_path)
    rig.run(lambda inside: commit(inside, new="new\n"))
    (one,) = rig.bring().coming
    assert (one.count, one.held) == (1, False)
    assert git(rig.host, "show", f"{rig.branch}:new") == "new\n"


def test_in_a_partial_clone_too_nothing_may_be_missing_that_nobody_promised(rig: GitLaboratory, tmp_path: Path) -> None:
    partial_clone(rig, tmp_path)

    def work(inside: Path) -> None:
        missing = "0123456789" * 4
        tree = git(inside, "mktree", "--missing", stdin=f"100644 blob {missing}\tnew\n").strip()
        made = git(inside, "commit-tree", "-p", "main", "-m", "missing", tree).strip()
        git(inside, "update-ref", "refs/heads/main", made)

    rig.run(work)
    with pytest.raises(WorkspaceError) as caught:
        rig.bring()
    assert caught.value.code in ("git-pack", "git-unsound")


def test_a_repository_with_sha256_ids(lab: Laboratory) -> None:
    rig = GitLaboratory(lab, object_format="sha256")
    rig.run(lambda inside: commit(inside, b="b\n"))
    (one,) = rig.bring().coming
    assert len(one.tip) == 64
    assert rig.branches()[rig.branch] == one.tip


def test_ten_at_once_each_have_their_own_branch(rig: GitLaboratory) -> None:
    for number in range(3):
        rig.run(partial(commit, message=f"{number}"), name=f"agent-{number}")
    for held in store.listing(str(rig.host)):
        with store.held(held.directory) as locked:
            bringing.bring(locked, rig.wanted())
    assert set(rig.branches()) == {"main", *(f"paddock/agent-{number}" for number in range(3))}


def test_a_killed_apply_leaves_nothing_for_long(rig: GitLaboratory) -> None:
    rig.run(lambda inside: commit(inside, b="b\n"))
    os.mkdir(f"{rig.lab.held.path}/.quarantine-0123456789abcdef")
    rig.bring()
    assert leftovers(rig.lab.held) == []


def test_marks_of_a_killed_apply_do_not_keep_packs_for_ever_and_those_of_others_stay(rig: GitLaboratory) -> None:
    rig.run(lambda inside: commit(inside, b="b\n"))
    packs = rig.host / ".git/objects/pack"
    (packs / "pack-1.keep").write_text(f"paddock-{rig.lab.held.name}\n")
    (packs / "pack-2.keep").write_text("mine\n")
    rig.bring()
    assert [path.name for path in packs.glob("*.keep")] == ["pack-2.keep"]


@pytest.mark.user
def test_a_repository_that_cannot_be_written_is_said_and_nothing_is_lost(rig: GitLaboratory) -> None:
    rig.run(lambda inside: commit(inside, b="b\n"))
    places = [path for path in (rig.host / ".git/objects", *(rig.host / ".git/objects").rglob("*")) if path.is_dir()]
    for place in places:
        place.chmod(0o555)
    with pytest.raises(WorkspaceError) as caught:
        rig.bring()
    for place in places:
        place.chmod(0o755)
    assert (caught.value.code, "Permission denied" in caught.value.why) == ("apply-stopped", True)
    assert rig.bring().complete


def test_no_room_for_the_quarantine_is_not_the_commits_fault(
    rig: GitLaboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Finished(128, b"", b"fatal: write error: No space left on device\n")
    monkeypatch.setattr(quarantine, "index", lambda *_, **__: full)
    rig.run(lambda inside: commit(inside, b="b\n"))
    with pytest.raises(WorkspaceError) as caught:
        rig.bring()
    assert caught.value.code == "apply-stopped"
    assert leftovers(rig.lab.held) == []
