from __future__ import annotations

from typing import TYPE_CHECKING

from paddock.probes.scenarios import morning
from tests.capabilities import needs
from tests.probes.scenarios.stages import stage

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs("git")


def test_where_nothing_was_planted_nothing_is_left(tmp_path: Path) -> None:
    with stage(tmp_path) as scene:
        assert morning.live(scene) == frozenset()


def test_it_runs_what_lies_in_its_way_and_misses_no_program(tmp_path: Path) -> None:
    with stage(tmp_path) as scene:
        with open(f"{scene.ground.repo}/own", "w", encoding="utf-8") as file:
            file.write("")
        scene.host("/bin/sh", "-c", f"printf '#!/bin/sh\\ntouch {scene.witnesses}/ran' > own; chmod +x own")
        assert morning.live(scene, [("no-such-program-here", "x"), ("./own",)]) == {"ran"}
