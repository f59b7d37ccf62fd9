"""That the scenarios of work see what does not work, in surroundings that lack one thing each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paddock.frozen import replace
from paddock.probes.scenarios import terminal
from paddock.probes.scenarios.scene import NotApplicable
from tests.capabilities import needs
from tests.probes.scenarios.stages import PADDOCK, TIGHT, play, stage

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs("git")


def under(script: str) -> tuple[str, ...]:
    return ("/bin/sh", "-c", script, "sh")


@pytest.mark.parametrize(
    ("row", "script"),
    [
        ("LC-04 exit-codes", '"$@"; [ $? = 0 ] || exit 1'),
        ("OK-02 git-commit", 'GIT_DIR=/nowhere exec "$@"'),
        ("OK-02 temporary-files", 'TMPDIR=/nowhere exec "$@"'),
        ("OK-02 home", 'HOME=/proc exec "$@"'),
        ("OK-03 terminal", '"$@" </dev/null | cat'),
        ("OK-03 window-size", 'stty cols 1; trap "" WINCH; "$@" </dev/null'),
        ("OK-04 large-input-and-output", 'head -c 1000000 | "$@"'),
        ("OK-04 names", 'LC_ALL=C "$@" | tr -d "\\200-\\377"'),
        ("LC-17 odd-surroundings", '[ "$LC_ALL" = C ] && exit 1; exec "$@"'),
    ],
)
def test_what_does_not_work_is_seen(tmp_path: Path, row: str, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "LONG_S", 4.0)  # of what never comes
    with stage(tmp_path, under(script)) as scene:
        assert play(row, scene)[row]


def test_a_mask_that_lands_on_another_file_is_seen_and_in_a_sandbox_none_does(tmp_path: Path) -> None:
    with stage(tmp_path, TIGHT, PADDOCK) as scene:
        assert play("OK-06 next-run", scene)["OK-06 next-run"] == []
        # A sandbox that covers what the link leads to, once it is told of masks.
        covers = '[ "$1" = -- ] || : > hello.txt; while [ "$1" != -- ]; do shift; done; shift; exec "$@"'
        scene.prefix = (*under(covers), "--")
        assert play("OK-06 next-run", scene)["OK-06 next-run"] == ["hello.txt is '', and through a link ''"]


def test_in_a_repository_that_is_read_only_tools_work_elsewhere_and_nothing_is_committed(tmp_path: Path) -> None:
    with stage(tmp_path, (*TIGHT[:-1], "--workspace", "readonly", "--"), PADDOCK) as scene:
        assert scene.plan
        scene.plan = replace(scene.plan, workspace=replace(scene.plan.workspace, mode="readonly"))
        found = play("OK-02 git-commit", scene)
        assert isinstance(found["OK-02 git-commit"], NotApplicable)
        assert found["OK-02 processes-and-pipes"] == []
        with pytest.raises(NotApplicable):
            play("LC-17 odd-surroundings", scene)
