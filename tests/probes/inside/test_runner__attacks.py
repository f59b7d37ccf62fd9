"""Attack the sandbox with the pack, from inside, as an agent could; the host judges by effects.

Every row is a promise with a test of its own. The same pack attacks the bare host first: an attack that fails there
too would prove nothing about the sandbox.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from paddock.frozen import replace
from paddock.planning import make_plan
from paddock.policy.flags import flags_layer
from paddock.probes.catalogue.reading import ANYONE, ROOT, load
from paddock.probes.expectations import expect
from paddock.probes.inside import direct, effects, files, kernel, machine, names, network, runner, unix
from paddock.probes.planting.ground import Ground
from paddock.probes.running import Answer, Ran, run
from tests.capabilities import IS_ROOT, needs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.plan.model import Plan
    from paddock.probes.catalogue.reading import Probe

pytestmark = needs("bubblewrap", "git")

INSIDE = [probe for probe in load() if probe.where != "scenario"]
ATTACKS = [probe for probe in INSIDE if probe.kind not in ("work", "depends")]
WHO = (ANYONE, ROOT) if IS_ROOT else (ANYONE,)
SHOWN = [probe.id for probe in ATTACKS if probe.control in WHO]
PADDOCK = (sys.executable, "-I", "-m", "paddock", "run", "--quiet", "--mask", "conf/*.key")


@pytest.fixture(scope="module", params=["network off", "one service allowed"])
def attacked(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[tuple[Ran, Plan]]:
    """A ground that was attacked from inside a sandbox, and the plan of that."""
    with Ground(str(tmp_path_factory.mktemp("held") / "ground")) as ground:
        service = f"host:{ground.given['ports'][network.ALLOWED]}"
        allow = () if request.param == "network off" else ("--allow", service)
        ran = run(ground, (*PADDOCK, *allow, "--"), [probe.id for probe in INSIDE if probe.where == "inside"])
        # No attack but the proof that something could be reached, so that what was not was held back.
        arrived = ran.effects.get(network.ALLOWED, ())
        assert arrived == (("it arrived at the host",) if allow else ())
        layer = flags_layer({"mask": ["conf/*.key"], "allow": allow[1:]})
        plan = make_plan(ground.repo, ("/bin/sh",), layer, terminal=False, environ=ground.environ, create=False)
        yield replace(ran, effects={name: what for name, what in ran.effects.items() if name != network.ALLOWED}), plan


@pytest.fixture(scope="module")
def held(attacked: tuple[Ran, Plan]) -> Ran:
    return attacked[0]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """A ground that was attacked by the same pack without one."""
    with Ground(str(tmp_path_factory.mktemp("bare") / "ground")) as ground:
        # Mounts that root makes as its control are nobody else's.
        names = [probe.id for probe in ATTACKS if probe.where == "inside" and probe.id in SHOWN]
        yield run(ground, ("/usr/bin/unshare", "--mount") if IS_ROOT else (), names)


@pytest.mark.parametrize("probe", ATTACKS, ids=lambda probe: probe.id)
def test_the_sandbox_holds(probe: Probe, attacked: tuple[Ran, Plan]) -> None:
    held, plan = attacked
    answer = held.answers.get(probe.id, Answer())
    assert not answer.broken, "the attack itself is broken and proves nothing"
    if expect(probe, plan).word == "fails":  # of the rest nothing is promised with this plan
        assert (answer.reached, held.effects.get(probe.id, ())) == ((), ()), answer.said


@pytest.mark.parametrize("name", SHOWN)
def test_the_attack_works_without_a_sandbox(name: str, bare: Ran) -> None:
    answer = bare.answers.get(name, Answer())
    # Skipped: the machine has none of what it looks for, which the host itself has said.
    assert answer.reached or answer.skipped or name in bare.effects, answer


def test_the_catalogue_and_the_pack_name_the_same_probes() -> None:
    assert {direct, files, kernel, machine, names, network, unix}
    runner.load([probe.id for probe in INSIDE])
    assert set(effects.ROWS) == {probe.id for probe in INSIDE if probe.where == "inside"}


def test_the_run_can_be_believed(held: Ran) -> None:
    assert held.trouble == ()
    assert set(held.answers) == {probe.id for probe in INSIDE if probe.where == "inside"}
