from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.probes.scenarios.scene import NotApplicable
from tests.capabilities import needs
from tests.probes.scenarios.stages import PADDOCK, TIGHT, play, stage

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs("bubblewrap", "git", "userns")

# Hides what is outside of the repository where it works; where it does not, the command runs all the same, or not.
BOX = (
    "bwrap --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 --proc /proc"
    ' --dev /dev --bind "$PWD" "$PWD" --unshare-user --die-with-parent'
)
CLOSED = ("/bin/sh", "-c", f'exec {BOX} "$@"', "sh")
FAILS_OPEN = ("/bin/sh", "-c", f'{BOX} /bin/true && exec {BOX} "$@"; exec "$@"', "sh")


@pytest.mark.parametrize("row", ["LC-13 missing-tool", "LC-13 no-user-namespaces"])
@pytest.mark.parametrize(("prefix", "found"), [(FAILS_OPEN, ["ran without a sandbox"]), (CLOSED, [])])
def test_a_sandbox_that_fails_open_is_seen(tmp_path: Path, row: str, prefix: tuple[str, ...], found: list[str]) -> None:
    with stage(tmp_path, prefix) as scene:
        assert play(row, scene)[row] == found


def test_a_gap_that_is_not_named_is_seen(tmp_path: Path) -> None:
    silent = ("/bin/sh", "-c", 'exec "$@" 2>/dev/null', "sh", *TIGHT)
    with stage(tmp_path, silent, PADDOCK) as scene:
        assert play("LC-14 weaker-is-said", scene) == {
            "LC-14 weaker-is-said": ["ended with 126 and did not name the gap"]
        }


def test_a_gap_that_is_passed_over_is_seen_and_one_that_was_accepted_is_none(tmp_path: Path) -> None:
    loose = (*TIGHT[:-1], "--accept", "live-hazards-window", "--accept", "hard-links", "--")
    with stage(tmp_path, loose, PADDOCK) as scene:
        assert play("LC-14 weaker-is-said", scene)["LC-14 weaker-is-said"] == ["ran with a gap that nobody accepted"]
        os.unlink(f"{scene.ground.repo}/ran")
        scene.gaps = ("live-hazards-window",)
        with pytest.raises(NotApplicable):
            play("LC-14 weaker-is-said", scene)


def test_what_a_failed_set_up_leaves_is_seen(tmp_path: Path) -> None:
    leaves = ("/bin/sh", "-c", '(exec sleep 20; : "$@") >/dev/null 2>&1 </dev/null & : > ghost; exit 1', "sh")
    with stage(tmp_path, leaves) as scene:
        found = play("LC-15 failing-set-up", scene)["LC-15 failing-set-up"]
    assert found == ["wrote to the repository"]
