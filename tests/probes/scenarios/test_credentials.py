from __future__ import annotations

import hashlib
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from paddock.probes.attacking import Target, attack
from paddock.probes.catalogue.reading import load
from paddock.probes.planting.ground import Ground
from paddock.probes.scenarios import bound, thieves
from paddock.probes.scenarios.scene import NotApplicable, Scene
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.probes.proof import Row

pytestmark = needs("bubblewrap", "git")

PADDOCK = (sys.executable, "-I", "-m", "paddock")
PROBES = [probe for probe in load(["credentials"]) if probe.where == "scenario"]
FACTS = [probe.id for probe in PROBES if probe.kind == "depends"]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    """All of them, each with its control."""
    target = Target((*PADDOCK, "run", "--quiet", "--"), PADDOCK)
    judged = attack(PROBES, str(tmp_path_factory.mktemp("attacked")), b"", lambda _: target)
    return {row.id: row for row in judged.rows}


@pytest.mark.parametrize("name", [probe.id for probe in PROBES if probe.id not in FACTS])
def test_it_is_held_here_and_gets_through_without_a_sandbox(name: str, rows: dict[str, Row]) -> None:
    row = rows[name]
    assert row.verdict in ("held", "works"), row
    assert row.controlled or name == "CR-38 credential-arrives", row


def test_facts_are_facts(rows: dict[str, Row]) -> None:
    assert [rows[name].verdict for name in FACTS] == ["fact"] * len(FACTS)


def test_another_sandbox_is_asked_nothing_of_paddocks(tmp_path: Path) -> None:
    with Ground(str(tmp_path / "ground"), bare=True) as ground:
        asked = bound.Bound(Scene(ground, ("/usr/bin/env",)))
        with pytest.raises(NotApplicable), asked:
            pass


def test_the_search_finds_a_secret_wherever_a_process_or_file_has_it(tmp_path: Path) -> None:
    secret = "canary-" + "0f" * 16
    (tmp_path / "two\nlines").write_text(f"x{secret}")
    argv = [sys.executable, "-c", thieves.SEARCH, "", "", hashlib.sha256(secret.encode()).hexdigest(), str(tmp_path)]
    done = subprocess.run(argv, env={"SECRET": secret}, capture_output=True, text=True, check=True)
    assert "/environ\n" in done.stdout
    assert f"read {tmp_path}/two\nlines" in done.stdout
    other = subprocess.run(argv, env={"SECRET": f"canary-{'1f' * 16}"}, capture_output=True, text=True, check=True)
    assert "/environ" not in other.stdout
