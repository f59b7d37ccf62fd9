from __future__ import annotations

import os
import shutil
from functools import partial
from typing import TYPE_CHECKING

from paddock.workspace import store
from paddock.workspace.git import dropping
from paddock.workspace.hazards import catalogue
from paddock.workspace.hazards.judging import Judge
from tests.capabilities import needs
from tests.workspace.git.repositories import commit, git

if TYPE_CHECKING:
    from pathlib import Path

    from tests.workspace.git.repositories import GitLaboratory

pytestmark = needs("overlay", "git", "bubblewrap")


def is_alone(rig: GitLaboratory) -> bool:
    with store.held(rig.lab.held) as locked:
        return dropping.is_alone(locked)


def test_git_data_alone_goes_with_its_change_set(rig: GitLaboratory) -> None:
    rig.run(lambda inside: commit(inside, "empty"))
    assert is_alone(rig)
    assert not rig.drop()
    assert rig.lab.is_empty


def test_files_keep_the_change_set_and_lose_nothing(rig: GitLaboratory) -> None:
    nested = rig.host / "vendor"
    nested.mkdir()
    git(nested, "init", "--quiet", "--initial-branch=main")
    commit(nested, theirs="theirs\n")

    def work(inside: Path) -> None:
        commit(inside, new="new\n")
        commit(inside / "vendor", mine="mine\n")

    rig.run(work)
    assert not is_alone(rig)
    assert rig.drop()
    assert rig.lab.kinds() == {"new": "added", "vendor/mine": "added"}
    assert not os.path.lexists(f"{rig.lab.held.upper}/.git")


def test_a_git_directory_that_was_deleted_inside_is_git_data_too(rig: GitLaboratory) -> None:
    rig.run(lambda inside: shutil.rmtree(inside / ".git"))
    assert is_alone(rig)
    assert not rig.drop()
    assert (rig.host / ".git/HEAD").exists()


def test_a_nested_repository_that_was_deleted_stays_held(rig: GitLaboratory) -> None:
    nested = rig.host / "vendor"
    nested.mkdir()
    git(nested, "init", "--quiet")
    rig.run(lambda inside: shutil.rmtree(inside / "vendor"))
    assert not is_alone(rig)


def test_what_was_tampered_with_is_named(rig: GitLaboratory) -> None:
    def work(inside: Path) -> None:
        git(inside, "config", "core.fsmonitor", "./evil")
        (inside / ".git/hooks").mkdir(exist_ok=True)
        (inside / ".git/hooks/post-checkout").write_text("#!/bin/sh\n")

    rig.run(work)
    with store.held(rig.lab.held) as locked:
        (one,) = dropping.found(locked, partial(Judge, catalogue.load()))
        assert dropping.found(locked, None)[0].hazards == ()
    assert {hazard.name for hazard in one.hazards} >= {"git-config", "git-hooks"}
    assert {hazard.family for hazard in one.hazards} == {"git"}
