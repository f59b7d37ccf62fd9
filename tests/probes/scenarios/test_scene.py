from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.errors import PaddockError
from paddock.frozen import replace
from paddock.probes.planting.ground import Ground
from paddock.probes.scenarios import scene
from paddock.probes.scenarios.scene import NotApplicable, Scene, scenario
from tests.boundary.plans import PLAN
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs("git")


def test_a_command_runs_under_the_prefix_in_the_repository(ground: Ground) -> None:
    done = Scene(ground, ("/usr/bin/env", "MARK=1")).run("/bin/sh", "-c", "echo $MARK; pwd")
    assert done.stdout.decode().split() == ["1", ground.repo]


def test_what_was_started_ends_with_the_ground(tmp_path: Path) -> None:
    with Ground(str(tmp_path / "ground"), bare=True) as made:
        started = Scene(made, ()).start("/bin/cat")
    assert started.wait(0) is not None


def test_what_is_about_paddock_does_not_apply_to_another_sandbox(ground: Ground) -> None:
    with pytest.raises(NotApplicable):
        Scene(ground, ()).call("diff")


def test_an_id_is_registered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene, "SCENARIOS", {})
    scenario("ZZ-02 twice")(lambda _: ())
    with pytest.raises(ValueError, match="ZZ-02"):
        scenario("ZZ-02 twice")(lambda _: ())


def test_a_script_of_any_length_runs_where_long_words_are_refused(ground: Ground) -> None:
    refusing = ("/bin/sh", "-c", 'for word; do [ ${#word} -lt 4128 ] || exit 9; done; exec "$@"', "sh")
    before = sorted(os.listdir(ground.repo))
    said = Scene(ground, refusing).play(f": {'x' * 10_000}\necho $0 $1", "one")
    assert said.split()[1] == "one"
    assert sorted(os.listdir(ground.repo)) == before


def test_what_an_engine_starts_has_more_time(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene, "_PATIENCE_S", 0.1)
    with pytest.raises(PaddockError, match="did not end within"):
        Scene(ground, (), plan=PLAN).host("/bin/sleep", "1")
    engine = replace(PLAN, boundary=replace(PLAN.boundary, use="podman"))
    assert Scene(ground, (), plan=engine).host("/bin/sleep", "1").status == 0
