from __future__ import annotations

from typing import TYPE_CHECKING

from paddock.workspace.git import places
from tests.capabilities import needs
from tests.workspace.git.repositories import commit, git

if TYPE_CHECKING:
    from pathlib import Path

    from tests.workspace.git.repositories import GitLaboratory

pytestmark = needs("overlay", "git", "bubblewrap")


def with_submodule(rig: GitLaboratory, name: str = "sub") -> None:
    """The host has a submodule."""
    origin = rig.lab.base / "origin"
    origin.mkdir()
    git(origin, "init", "--quiet", "--initial-branch=main")
    commit(origin, "theirs", theirs="theirs\n")
    git(
        rig.host,
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        "--name",
        name,
        str(origin),
        "lib/sub",
    )
    git(rig.host, "commit", "--quiet", "-m", "submodule")


def names(rig: GitLaboratory) -> list[str]:
    return [place.name for place in places.find(rig.lab.held)]


def test_a_change_set_without_git_data_has_no_places(rig: GitLaboratory) -> None:
    rig.run(lambda inside: (inside / "x").write_text(""))
    assert places.find(rig.lab.held) == ()


def test_submodules_are_places_of_their_own(rig: GitLaboratory) -> None:
    with_submodule(rig, "deep/name")

    def work(inside: Path) -> None:
        commit(inside / "lib/sub", "inside", mine="mine\n")

    rig.run(work)
    assert names(rig) == ["", "deep/name"]
    (one,) = rig.bring().coming
    assert (one.place, one.label, one.count) == ("deep/name", "main", 1)
    module = rig.host / ".git/modules/deep/name"
    assert git(module, "--git-dir=.", "rev-parse", f"refs/heads/{rig.branch}").strip() == one.tip
    assert rig.branches().keys() == {"main"}


def test_the_commit_of_a_submodule_and_the_one_that_names_it_come_together(rig: GitLaboratory) -> None:
    with_submodule(rig)

    def work(inside: Path) -> None:
        commit(inside / "lib/sub", "inside", mine="mine\n")
        commit(inside, "bump")

    rig.run(work)
    report = rig.bring()
    assert [(one.place, one.count) for one in report.coming] == [("", 1), ("sub", 1)]
    assert report.complete
    named = git(rig.host, "ls-tree", rig.branch, "lib/sub").split()[2]
    assert named == report.coming[1].tip


def test_a_nested_repository_of_the_hosts_is_a_place(rig: GitLaboratory) -> None:
    nested = rig.host / "vendor/y"
    nested.mkdir(parents=True)
    git(nested, "init", "--quiet", "--initial-branch=main")
    commit(nested, "theirs", theirs="theirs\n")
    rig.run(lambda inside: commit(inside / "vendor/y", mine="mine\n"))
    assert names(rig) == ["vendor/y"]
    (one,) = rig.bring().coming
    assert git(nested, "rev-parse", rig.branch).strip() == one.tip


def test_a_repository_that_only_the_sandbox_has_stays_and_is_told(rig: GitLaboratory) -> None:
    def work(inside: Path) -> None:
        (inside / "fresh").mkdir()
        git(inside / "fresh", "init", "--quiet", "--initial-branch=main")
        commit(inside / "fresh", mine="mine\n")

    rig.run(work)
    assert names(rig) == []
    assert places.unknown(rig.lab.held) == ("fresh",)
    report = rig.bring()
    assert [left.place for left in report.left] == ["fresh"]
    assert not report.complete


def test_a_submodule_that_only_the_sandbox_has_stays_and_is_told(rig: GitLaboratory) -> None:
    origin = rig.lab.base / "origin"
    origin.mkdir()
    git(origin, "init", "--quiet", "--initial-branch=main")
    commit(origin, "theirs", theirs="theirs\n")

    def work(inside: Path) -> None:
        git(
            inside,
            "-c",
            "protocol.file.allow=always",
            "submodule",
            "--quiet",
            "add",
            "--name",
            "new",
            str(origin),
            "new",
        )
        commit(inside, "with a submodule")

    rig.run(work)
    report = rig.bring()
    assert [one.place for one in report.coming] == [""]
    assert [left.place for left in report.left] == ["new"]
