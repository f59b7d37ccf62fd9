from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from paddock.frozen import replace
from paddock.probes.attacking import Target, attack
from paddock.probes.catalogue.reading import choose, load
from paddock.probes.scenarios import holds
from paddock.probes.scenarios.scene import NotApplicable, Scene
from tests.boundary.plans import PLAN, changed
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.probes.planting.ground import Ground

pytestmark = needs("bubblewrap", "git")

PADDOCK = (sys.executable, "-I", "-m", "paddock")
RUN = (*PADDOCK, "run", "--quiet", "--")
PROBES = choose(load(), ["PE-06 live-names", "PE-06 live-contents"])


def test_names_and_contents_hold_here_and_give_way_without_a_sandbox(tmp_path: Path) -> None:
    judged = attack(PROBES, str(tmp_path), b"", lambda _: Target(RUN, PADDOCK))
    assert {row.id: (row.verdict, row.evidence, row.controlled) for row in judged.rows} == {
        "PE-06 live-names": ("held", (), True),
        "PE-06 live-contents": ("held", (), True),
    }


def test_without_a_sandbox_every_one_gives_way(ground: Ground) -> None:
    found = holds.held(Scene(ground, ()))
    assert isinstance(found, dict)
    assert found["PE-06 live-names"] == [f"moved {name}" for name in holds._NAMED]
    assert found["PE-06 live-contents"] == [f"wrote {name}" for name in (*holds._WRITTEN, *holds._NEW)]


def test_it_means_nothing_to_others_nor_where_copies_are_kept(ground: Ground) -> None:
    with pytest.raises(NotApplicable):
        holds.held(Scene(ground, ("/usr/bin/env",)))
    copies = changed(boundary=replace(PLAN.boundary, use="landlock"))
    with pytest.raises(NotApplicable):
        holds.held(Scene(ground, RUN, PADDOCK, copies))
