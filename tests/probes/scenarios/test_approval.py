from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paddock.errors import PaddockError
from paddock.frozen import replace
from paddock.probes.scenarios import approval
from paddock.probes.scenarios.scene import NotApplicable
from tests.capabilities import needs
from tests.probes.scenarios.stages import OPEN, PADDOCK, TIGHT, play, stage, wrapped

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs("bubblewrap", "git", "make")


def test_a_yes_that_nobody_gave_is_seen(tmp_path: Path) -> None:
    eager = wrapped('case "$5" in discard) exec "$@" --yes ;; esac; exec "$@"')
    with stage(tmp_path, TIGHT, eager) as scene:
        found = play("AP-09 no-answer-is-no", scene)
    assert found["AP-09 no-answer-is-no"] == ["the held changes were thrown away"]
    assert found["AP-02 no-answer-from-inside"] == []


def test_a_run_that_asks_nothing_shows_nothing(tmp_path: Path) -> None:
    mute = ("/bin/sh", "-c", 'for word; do shift; [ "$word" = --ask ] || set -- "$@" "$word"; done; exec "$@"', "sh")
    with stage(tmp_path, (*mute, *TIGHT), PADDOCK) as scene:
        found = play("AP-02 no-answer-from-inside", scene)
    assert found["AP-02 no-answer-from-inside"] == ["nothing was asked"]


def test_a_question_that_is_late_is_not_one_that_never_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approval, "_LONG_S", 0.1)
    slow = ("/bin/sh", "-c", "sleep 20", "--")
    with stage(tmp_path, slow, PADDOCK) as scene, pytest.raises(PaddockError, match="did not come within"):
        play("AP-02 no-answer-from-inside", scene)


def test_where_nobody_is_asked_there_is_nothing_to_answer(tmp_path: Path) -> None:
    with stage(tmp_path, OPEN) as scene, pytest.raises(NotApplicable):
        play("AP-02 no-answer-from-inside", scene)
    with stage(tmp_path / "live", TIGHT, PADDOCK) as scene:
        assert scene.plan
        scene.plan = replace(scene.plan, workspace=replace(scene.plan.workspace, mode="live"))
        with pytest.raises(NotApplicable, match="live"):
            play("AP-02 no-answer-from-inside", scene)
