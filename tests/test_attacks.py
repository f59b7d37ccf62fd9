"""Attack the sandbox with one script, from inside, as an agent could; the host judges by effects.

Every row carries the stable id of the catalogue that `paddock prove` will use. The same script attacks the bare
host first: an attack that fails there too would prove nothing about the sandbox.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.attacks import files, kernel, machine, network, talk  # noqa: F401 - they fill the rows
from tests.attacks.effects import ANYONE, ROOT, ROWS
from tests.attacks.world import World
from tests.capabilities import IS_ROOT, needs
from tests.real.support import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = needs("bubblewrap", "git")


WHO = (ANYONE, ROOT) if IS_ROOT else (ANYONE,)
SHOWN = [name for name, row in ROWS.items() if row.control in WHO]


@pytest.fixture(scope="module", params=["network off", "one service allowed"])
def held(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[World]:
    """A world that was attacked from inside a sandbox."""
    with World(tmp_path_factory.mktemp("held")) as world:
        service = f"host:{world.given['ports'][network.ALLOWED]}"
        allow = () if request.param == "network off" else ("--allow", service)
        world.run(world.person.argv("run", "--mask", "conf/*.key", *allow, "--"), list(ROWS))
        # No attack but the proof that something could be reached, so that what was not was held back.
        assert world.found.pop(network.ALLOWED, []) == (["it arrived at the host"] if allow else [])
        world.found[network.ALLOWED] = []
        yield world


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world that was attacked by the same script without one."""
    with World(tmp_path_factory.mktemp("bare")) as world:
        # Mounts that root makes as its control are nobody else's.
        world.run(["/usr/bin/unshare", "--mount"] if IS_ROOT else [], SHOWN)
        yield world


@pytest.mark.parametrize("name", ROWS)
def test_the_sandbox_holds(name: str, held: World) -> None:
    answer = held.answers[name]
    assert "broken" not in answer, "the attack itself is broken and proves nothing"
    assert held.found[name] == [], answer.get("said")


@pytest.mark.parametrize("name", SHOWN)
def test_the_attack_works_without_a_sandbox(name: str, bare: World) -> None:
    assert bare.found[name], bare.answers[name]


def test_the_repository_is_untouched_to_the_last_byte(held: World) -> None:
    assert fingerprint(held.repo) == held.before


def test_no_attack_is_left_out_of_the_answer(held: World) -> None:
    assert set(held.answers) == set(ROWS)
    assert len(ROWS) > 100
