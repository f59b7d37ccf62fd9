from __future__ import annotations

import os
from pathlib import Path

import pytest

from paddock import overlaying
from paddock.plan.model import Mount
from paddock.policy.model import BUILT_IN
from paddock.unwinding import Unwinding
from tests.boundary.plans import changed, plan_for


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, part in (("XDG_RUNTIME_DIR", "runtime"), ("XDG_STATE_HOME", "state")):
        (tmp_path / part).mkdir(mode=0o700)
        monkeypatch.setenv(name, str(tmp_path / part))
    (tmp_path / "repository").mkdir()
    return tmp_path / "repository"


def test_in_review_the_layers_are_the_change_sets_and_nothing_is_held_while_they_are_empty(repository: Path) -> None:
    with Unwinding() as undo:
        (overlay,), change_set = overlaying.lay(plan_for(str(repository)), "mine", fresh=False, undo=undo)
        assert change_set is not None
        assert (overlay.target, overlay.lowers) == (str(repository), (str(repository),))
        assert (overlay.upper, overlay.work) == (change_set.upper, change_set.work)
        assert overlaying.held(change_set) == ("", 0, ())


def test_what_was_written_is_held_under_the_change_sets_name(repository: Path) -> None:
    with Unwinding() as undo:
        _, change_set = overlaying.lay(plan_for(str(repository)), "mine", fresh=False, undo=undo)
        assert change_set is not None
        Path(change_set.upper, "made").write_text("inside\n")
        assert overlaying.held(change_set) == ("mine", 1, ())


def test_scratch_layers_are_gone_with_the_session(repository: Path) -> None:
    with Unwinding() as undo:
        (overlay,), change_set = overlaying.lay(plan_for(str(repository), "scratch"), "", fresh=False, undo=undo)
        assert change_set is None
        assert overlay.lowers[-1] == str(repository)
        assert os.path.isdir(overlay.upper)
    assert not os.path.exists(overlay.upper)


def test_a_git_directory_elsewhere_has_a_layer_of_its_own(repository: Path) -> None:
    git = repository.parent / "main/.git"
    (git / "worktrees/it").mkdir(parents=True)
    (git / "worktrees/it/HEAD").write_text("ref: refs/heads/main\n")
    (repository / ".git").write_text(f"gitdir: {git}/worktrees/it\n")
    plan = plan_for(str(repository), "scratch")
    elsewhere = Mount(str(git), str(git), "copy", BUILT_IN)
    with Unwinding() as undo:
        overlays, _ = overlaying.lay(
            changed(workspace=plan.workspace, mounts=(*plan.mounts, elsewhere)), "", fresh=False, undo=undo
        )
        assert [overlay.target for overlay in overlays] == [str(repository), str(git)]
        assert overlays[1].lowers == (str(git),)


@pytest.mark.parametrize("mode", ["live", "readonly"])
def test_nothing_lies_over_a_workspace_that_is_mounted_as_it_is(repository: Path, mode: str) -> None:
    with Unwinding() as undo:
        assert overlaying.lay(plan_for(str(repository), mode), "", fresh=False, undo=undo) == ((), None)
    assert overlaying.held(None) == ("", 0, ())
