from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from paddock.probes.attacking import Target, attack
from paddock.probes.catalogue.reading import choose, load
from paddock.probes.planting.ground import Ground
from paddock.probes.scenarios import created, masks, own_policy
from paddock.probes.scenarios.scene import NotApplicable, Scene
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.probes.scenarios.scene import Scenario

pytestmark = needs("bubblewrap", "git")

PADDOCK = (sys.executable, "-I", "-m", "paddock")
RUN = (*PADDOCK, "run", "--quiet", "--")
PROBES = choose(load(), ["FS-35", "FS-36 masks-late", "FS-37", "FS-39"])


def test_they_hold_here_and_get_through_without_a_sandbox(tmp_path: Path) -> None:
    judged = attack(PROBES, str(tmp_path), b"", lambda _: Target(RUN, PADDOCK))
    assert {row.id: (row.verdict, row.controlled) for row in judged.rows} == {
        "FS-35 case-fold": ("held", True),
        "FS-36 masks-late": ("fact", False),
        "FS-37 mask-spelling": ("held", True),
        "FS-37 read-spelling": ("held", True),
        "FS-39 deny-late-create": ("held", True),
    }


def test_a_sandbox_that_is_none_is_breached(tmp_path: Path) -> None:
    """It claims to be Paddock's own, so that nothing is left out."""
    nothing = Target(("/usr/bin/env",), PADDOCK)
    judged = attack([it for it in PROBES if it.kind != "depends"], str(tmp_path), b"", lambda _: nothing)
    assert {row.verdict for row in judged.rows} == {"breached"}


def test_what_is_held_without_a_warning_is_found() -> None:
    names = (".claude/settings.json", "harmless/notes.txt", ".git/hooks/x", "other")
    changes: list[dict[str, Any]] = [
        {"path": ".claude/settings.json", "hazards": []},
        {"path": ".git", "hazards": [{"name": "git-hooks"}]},
        {"path": "harmless", "hazards": []},
    ]
    assert created._unnamed(changes, names) == [".claude/settings.json", "harmless/notes.txt"]


@pytest.mark.parametrize("story", [masks.masked, masks.shown])
def test_a_policy_of_the_probes_own_means_nothing_to_others(tmp_path: Path, story: Scenario) -> None:
    with Ground(str(tmp_path / "ground"), bare=True) as ground, pytest.raises(NotApplicable):
        story(Scene(ground, ("/usr/bin/env",)))


def test_it_takes_the_place_of_the_persons_and_of_the_repositorys(tmp_path: Path) -> None:
    with Ground(str(tmp_path / "ground"), b"# the person's", bare=True) as ground:
        policy = tmp_path / "ground/home/.config/paddock/policy.toml"
        for name in ("paddock.toml", ".devcontainer/devcontainer.json"):
            (tmp_path / "ground/work/repo" / name).parent.mkdir(exist_ok=True)
            (tmp_path / "ground/work/repo" / name).write_text("{}")
        own_policy.put(Scene(ground, RUN, PADDOCK), "# the probe's own")
        assert policy.read_text() == "# the probe's own"
        assert not (tmp_path / "ground/work/repo/paddock.toml").exists()
        assert not (tmp_path / "ground/work/repo/.devcontainer/devcontainer.json").exists()
