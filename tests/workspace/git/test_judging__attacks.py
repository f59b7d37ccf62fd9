"""Commits that are harmless one by one, and what the host's own tree makes of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from paddock.workspace.hazards import catalogue
from paddock.workspace.hazards.judging import Judge
from tests.capabilities import needs
from tests.workspace.git.repositories import commit, git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.workspace.git.repositories import GitLaboratory

pytestmark = needs("overlay", "git", "bubblewrap")
BARE = "[core]\n\tbare = false\n\tworktree = .\n\tfsmonitor = evil\n"


@pytest.fixture
def judge() -> Callable[[int, int], Judge]:
    return partial(Judge, catalogue.load())


def found(rig: GitLaboratory, judge: Callable[[int, int], Judge]) -> dict[str, set[str]]:
    """The names of the hazards by path."""
    hazards: dict[str, set[str]] = {}
    for one in rig.look(judge=judge).coming:
        for finding in one.findings:
            hazards.setdefault(finding.path, set()).update(hazard.name for hazard in finding.hazards)
    return hazards


def test_a_bare_repository_of_which_the_host_has_one_half(rig, judge):
    commit(rig.host, data__HEAD="ref: refs/heads/main\n", data__refs__heads__x="")
    rig.run(lambda inside: commit(inside, data__objects__x="", data__config=BARE))
    assert "git-bare" in found(rig, judge)["data/config"]


def test_a_bare_repository_that_comes_in_two_applies(rig, judge):
    rig.run(lambda inside: commit(inside, data__HEAD="ref: refs/heads/main\n", data__refs__heads__x=""))
    assert rig.bring(judge=judge).complete
    rig.run(lambda inside: commit(inside, data__objects__x="", data__config=BARE))
    assert "git-bare" in found(rig, judge)["data/config"]


def test_the_target_of_a_link_that_the_host_has(rig, judge):
    (rig.host / ".envrc").symlink_to("env/development")
    commit(rig.host, env__development="export A=1\n")
    rig.run(lambda inside: commit(inside, env__development="export A=2\n"))
    assert found(rig, judge) == {"env/development": {"shell-direnv"}}


def test_a_name_that_is_the_same_as_one_of_the_hosts_elsewhere(rig, judge):
    commit(rig.host, docs__Guide="a\n")
    rig.run(lambda inside: commit(inside, docs__guide="b\n"))
    assert found(rig, judge) == {"docs/guide": {"shape-twin"}}


def test_a_submodule_in_the_place_of_what_holds_something_back(rig, judge):
    commit(rig.host, **{"paddock.toml": '[network]\nmode = "off"\n'})

    def work(inside: Path) -> None:
        git(inside, "rm", "-q", "paddock.toml")
        git(inside, "update-index", "--add", "--cacheinfo", f"160000,{rig.first},paddock.toml")
        git(inside, "commit", "-qm", "x")

    rig.run(work)
    assert found(rig, judge) == {"paddock.toml": {"policy-paddock"}}


def test_a_merge_whose_result_is_in_neither_parent(rig, judge):
    def work(inside: Path) -> None:
        git(inside, "switch", "-qc", "side")
        commit(inside, side="a\n")
        git(inside, "switch", "-q", "main")
        commit(inside, main="a\n")
        git(inside, "merge", "-q", "--no-commit", "side")
        (inside / ".envrc").write_text("evil\n")
        git(inside, "add", ".")
        git(inside, "commit", "-qm", "merge")

    rig.run(work)
    assert ".envrc" in found(rig, judge)


def test_a_replacement_shows_nobody_another_history(rig, judge):
    def work(inside: Path) -> None:
        evil = commit(inside, **{".envrc": "evil\n"})
        git(inside, "reset", "-q", "--hard", rig.first)
        good = commit(inside, a="a\n")
        git(inside, "reset", "-q", "--hard", evil)
        git(inside, "replace", evil, good)

    rig.run(work)
    assert ".envrc" in found(rig, judge)


@pytest.mark.parametrize(
    "sign", ["$(evil)", "`evil`", ";evil", "|evil", "&evil", "x>y", "'", '"', "(", "!x", "=$HOME", "%F{x}", "\u202e"]
)
def test_the_name_of_a_branch_is_no_command_where_a_shell_completes_it(rig, judge, sign):
    def work(inside: Path) -> None:
        commit(inside, a="a\n")
        git(inside, "branch", f"b{sign}")
        git(inside, "switch", "-q", f"b{sign}")
        commit(inside, b="a\n")
        git(inside, "switch", "-q", "main")

    rig.run(work)
    rig.bring(judge=judge)
    assert set(rig.branches()) == {"main", rig.branch}


def test_what_takes_the_place_of_a_submodule(rig, judge):
    git(rig.host, "update-index", "--add", "--cacheinfo", f"160000,{rig.first},vendor")
    git(rig.host, "commit", "-qm", "x")

    def work(inside: Path) -> None:
        git(inside, "rm", "-q", "--cached", "vendor")
        (inside / "vendor").symlink_to(".git/modules")
        git(inside, "add", "vendor")
        git(inside, "commit", "-qm", "x")

    rig.run(work)
    assert found(rig, judge) == {"vendor": {"shape-link-git"}}


def test_the_hosts_links_lead_nobody_out_of_what_is_laid_out(rig, judge, tmp_path):
    """`data` is a link in one commit and a directory in another, and both are neighbours."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (rig.host / "data").symlink_to(outside)
    commit(rig.host, "link")

    def work(inside: Path) -> None:
        (inside / "data").unlink()
        commit(inside, data__HEAD="ref: refs/heads/main\n", data__refs__x="", data__objects__x="")
        commit(inside, data__config=BARE)

    rig.run(work)
    assert "git-bare" in found(rig, judge)["data/config"]
    assert list(outside.iterdir()) == []
