"""Every scenario of traps, ends, approval, packages and work: it holds under Paddock, and breaches without a sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paddock import planning
from paddock.probes import scenarios
from paddock.probes.attacking import Target, attack
from paddock.probes.catalogue.reading import ANYONE, load
from paddock.probes.scenarios.scene import SCENARIOS
from tests.capabilities import needs
from tests.probes.scenarios.stages import PADDOCK, TIGHT

if TYPE_CHECKING:
    from paddock.probes.catalogue.reading import Probe
    from paddock.probes.planting.ground import Ground
    from paddock.probes.proof import Row

pytestmark = [needs("bubblewrap", "git"), pytest.mark.slow]

OF_ENGINES = ("LC-07 no-containers-left",)  # there is nothing of the kind without one
LAYERS = ("later", "lifecycle", "approval", "supply", "work")
ROWS = [probe for probe in load(LAYERS) if probe.where == "scenario"]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    def aim(ground: Ground) -> Target:
        plan = planning.make_plan(ground.repo, ("/bin/sh",), None, terminal=False, environ=ground.environ, create=False)
        return Target(TIGHT, PADDOCK, plan)

    return {row.id: row for row in attack(ROWS, str(tmp_path_factory.mktemp("grounds")), b"", aim).rows}


@pytest.mark.parametrize("probe", ROWS, ids=lambda probe: probe.id)
def test_the_sandbox_holds_and_work_goes_on(probe: Probe, judged: dict[str, Row]) -> None:
    row = judged[probe.id]
    nothing = bool(probe.absent) or probe.id in OF_ENGINES
    wanted = "not-applicable" if nothing else "works" if probe.kind == "work" else "held"
    if row.verdict == "skipped" and "not installed" in row.reason:
        pytest.skip(row.reason)
    assert (row.verdict, row.evidence) == (wanted, ()), row.reason
    assert row.controlled == (probe.control == ANYONE and probe.kind != "work" and not probe.absent)


def test_the_catalogue_and_the_scenarios_name_the_same_rows() -> None:
    named = {probe.id for probe in ROWS if not probe.absent}
    assert all(scenarios.find(name) for name in named)
    letters = {probe.id[:2] for probe in ROWS}
    assert {name for name in SCENARIOS if name[:2] in letters} <= named
