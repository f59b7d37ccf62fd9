from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from paddock.errors import PaddockError
from paddock.frozen import replace
from paddock.probes.attacking import Target, attack
from paddock.probes.catalogue.reading import choose, load
from paddock.probes.scenarios import holds
from paddock.probes.scenarios.scene import NotApplicable, Scene
from tests.boundary.plans import PLAN, changed
from tests.capabilities import IS_ROOT, needs

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.probes.planting.ground import Ground

pytestmark = needs("bubblewrap", "git")

PADDOCK = (sys.executable, "-I", "-m", "paddock")
RUN = (*PADDOCK, "run", "--quiet", "--")
PROBES = [probe for probe in choose(load(), ["PE-06"]) if " live-" in probe.id]


def test_all_of_it_holds_here_and_gives_way_without_a_sandbox(tmp_path: Path) -> None:
    judged = attack(PROBES, str(tmp_path), b"", lambda _: Target(RUN, PADDOCK))
    assert {row.id: (row.verdict, row.evidence, row.controlled) for row in judged.rows} == {
        "PE-06 live-names": ("held", (), True),
        "PE-06 live-contents": ("held", (), True),
        "PE-06 live-mounts": ("works", (), False),
        "PE-06 live-outside": ("held", (), False),
        "PE-06 live-unheld": ("held", (), True),
    }


def test_without_a_sandbox_every_one_gives_way(ground: Ground) -> None:
    found = holds.held(Scene(ground, ()))
    assert isinstance(found, dict)
    assert found["PE-06 live-names"] == [f"moved {name}" for name in holds._NAMED]
    assert found["PE-06 live-contents"] == [f"wrote {name}" for name in (*holds._WRITTEN, *holds._NEW)]
    assert found["PE-06 live-unheld"] == [f"wrote {name}" for name in holds._HELD]


def without(change: str) -> tuple[str, ...]:
    """Paddock, once a line of Python has changed it."""
    script = f"from paddock.boundary import sandbox\nfrom paddock.kernel import mounts\n{change}"
    return (sys.executable, "-I", "-c", f"{script}\nfrom paddock.cli.main import main\nmain()")


@pytest.mark.parametrize(
    ("change", "row", "seen"),
    [
        ("mounts.AT_RECURSIVE = 0", "PE-06 live-mounts", f"{holds._BELOW} is not what is mounted there"),
        ("mounts.RESOLVE_BENEATH = mounts.RESOLVE_NO_SYMLINKS = 0", "PE-06 live-outside", "mounted over the home"),
        # A comment in it is nothing that the watch would put back at once.
        ("sandbox._REPLACED |= {1}", "PE-06 live-unheld", "wrote .git/config"),
    ],
)
def test_what_is_not_held_is_seen(change: str, row: str, seen: str, ground: Ground) -> None:
    paddock = without(change)
    scene = Scene(ground, (*paddock, "run", "--quiet", "--"), paddock)
    try:
        found = holds.held(scene)
    except PaddockError:  # which fails a row of kind work: for an ordinary user the kernel itself uncovers nothing
        assert row == "PE-06 live-mounts"
        assert not IS_ROOT
    else:
        assert isinstance(found, dict)
        assert seen in found[row]


def test_it_means_nothing_to_others_nor_where_copies_are_kept(ground: Ground) -> None:
    with pytest.raises(NotApplicable):
        holds.held(Scene(ground, ("/usr/bin/env",)))
    copies = changed(boundary=replace(PLAN.boundary, use="landlock"))
    with pytest.raises(NotApplicable):
        holds.held(Scene(ground, RUN, PADDOCK, copies))
