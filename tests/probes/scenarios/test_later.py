"""That the scenarios of traps see what they are for: an apply that takes everything, and a sandbox that holds nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paddock.probes.scenarios.scene import NotApplicable
from tests.capabilities import needs
from tests.probes.scenarios.stages import OPEN, PADDOCK, TIGHT, play, stage, wrapped

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs("bubblewrap", "git", "make")

# What a person would type who takes all that was held.
CARELESS = wrapped('case "$5" in apply) exec "$@" --hazards=all --links ;; esac; exec "$@"')


def test_an_apply_that_takes_hazards_is_seen_and_so_is_what_the_morning_runs_of_it(tmp_path: Path) -> None:
    with stage(tmp_path, TIGHT, CARELESS) as scene:
        found = play("PE-15 makefile", scene)
    assert found["PE-15 makefile"] == ("applied Makefile", "ran Makefile")
    assert found["PE-26 hidden-by-ignore-rules"] == ("applied hidden/Makefile", "ran hidden/Makefile")
    assert found["PE-11 agent-settings"]
    assert found["PE-01 git-hooks"] == (), "git's own data never comes over"
    assert found["PE-17 home-shell-files"] == ()


def test_a_hazard_without_a_name_is_seen(tmp_path: Path) -> None:
    blind = wrapped('case "$5" in diff) "$@" | sed "s/build-make/other/" ;; *) exec "$@" ;; esac')
    with stage(tmp_path, TIGHT, blind) as scene:
        found = play("PE-15 makefile", scene)
    assert found["PE-15 makefile"] == ("held without a warning: Makefile",)


def test_under_another_sandbox_only_what_ran_counts_where_a_morning_runs_it(tmp_path: Path) -> None:
    with stage(tmp_path, OPEN) as scene:
        found = play("PE-01 git-hooks", scene)
    assert found["PE-01 git-hooks"] == ("ran .git/hooks/pre-commit", "ran .git/hooks/post-index-change")
    assert found["PE-09 vscode"]


def test_in_a_workspace_that_is_thrown_away_nothing_has_to_come_over(tmp_path: Path) -> None:
    prefix = (*TIGHT[:-1], "--workspace", "scratch", "--")
    with stage(tmp_path, prefix, PADDOCK) as scene:
        from paddock.frozen import replace

        assert scene.plan
        scene.plan = replace(scene.plan, workspace=replace(scene.plan.workspace, mode="scratch"))
        found = play("PE-27 hidden-in-a-commit", scene)
    assert isinstance(found["OK-07 commits-come-over"], NotApplicable)
    assert found["PE-27 hidden-in-a-commit"] == []


@pytest.mark.parametrize("row", ["PE-04 git-commondir", "PE-06 git-directory-renamed", "PE-27 hidden-in-a-commit"])
def test_what_was_done_to_git_is_seen_where_nothing_holds_it(tmp_path: Path, row: str) -> None:
    with stage(tmp_path, OPEN) as scene:
        assert play(row, scene)[row]
