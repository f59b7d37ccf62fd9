"""The caller's terminal: what can be typed into it without a sandbox cannot be typed from inside one."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from paddock.probes.inside.effects import Skipped
from paddock.probes.scenarios import terminals
from paddock.probes.scenarios.scene import Scene
from tests.capabilities import needs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from paddock.probes.planting.ground import Ground

pytestmark = needs("bubblewrap", "git")
PADDOCK = (sys.executable, "-I", "-m", "paddock")
TYPING = (terminals.typing, terminals.typing_beside)


def found(scenario: Callable[[Scene], Sequence[str]], scene: Scene) -> Sequence[str]:
    """What a scenario finds; on a kernel that refuses it to everybody, that it says so."""
    if scenario in TYPING and not terminals.is_possible():
        with pytest.raises(Skipped):
            scenario(scene)
        return ["refused to everybody"] if scene.bare else []
    return scenario(scene)


@pytest.mark.parametrize("scenario", TYPING)
def test_nothing_is_typed_from_inside(ground: Ground, scenario: Callable[[Scene], Sequence[str]]) -> None:
    assert found(scenario, Scene(ground, (*PADDOCK, "run", "--quiet", "--"), PADDOCK)) == []


@pytest.mark.parametrize("scenario", TYPING)
def test_without_a_sandbox_it_is(ground: Ground, scenario: Callable[[Scene], Sequence[str]]) -> None:
    assert found(scenario, Scene(ground, ()))


def test_no_terminal_but_its_own_is_there_and_what_a_program_shows_is_told_as_a_fact(ground: Ground) -> None:
    found = terminals.showing(Scene(ground, (*PADDOCK, "run", "--quiet", "--"), PADDOCK))
    assert isinstance(found, Mapping)
    shown = found["PK-33 tty-escape-sequences"]
    assert not isinstance(shown, Exception)
    assert len(shown) == 4
    assert found["PK-32 other-terminals"] == []
    assert any("OSC 52" in what for what in shown)
