from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from paddock.boundary import registry
from paddock.boundary.base import Availability
from paddock.cli.views import proof_boundaries
from paddock.errors import PaddockError
from paddock.frozen import replace
from tests.probes.proofs import SUBJECT, proof, row

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.probes.proof import Proof, Row


@pytest.fixture(autouse=True)
def works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every boundary that this version has works here."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(registry.Entry, "trial", lambda self, base: Availability(ok=True))


def of(boundary: str, *rows: Row) -> Proof:
    return proof(*rows, subject=replace(SUBJECT, boundary=boundary))


def test_planned_ones_are_named_and_not_attacked() -> None:
    found = proof_boundaries.attack(lambda name: of(name, row("FS-02")))
    assert [one.subject.boundary for one in found.proofs] == ["landlock", "bubblewrap", "podman", "gvisor"]
    assert set(found.unavailable) == {"microvm", "kubernetes"}
    assert "bubblewrap lets through nothing that landlock holds" in proof_boundaries.text(found)
    assert found.in_order


def test_a_stronger_boundary_that_lets_more_through_is_told() -> None:
    found = proof_boundaries.attack(lambda name: of(name, row("FS-02", "held" if name == "landlock" else "breached")))
    told = [(it.weaker, it.stronger, [one.id for one in it.rows]) for it in found.weaknesses if it.rows]
    assert told == [("landlock", stronger, ["FS-02"]) for stronger in ("bubblewrap", "podman", "gvisor")]
    assert "bubblewrap lets through what landlock holds: FS-02" in proof_boundaries.text(found)
    assert not found.in_order
    data: Any = found.as_data()
    assert [it["rows"][0]["id"] for it in data["weaknesses"] if it["rows"]] == ["FS-02"] * 3


def test_a_run_that_was_disturbed_is_compared_with_nothing() -> None:
    found = proof_boundaries.attack(lambda name: replace(of(name, row("FS-02")), complete=name == "bubblewrap"))
    assert found.weaknesses == ()
    assert "lets through" not in proof_boundaries.text(found)


def test_one_that_refuses_is_named_with_its_reason_and_the_others_go_on() -> None:
    def attack(name: str) -> Proof:
        if name == "landlock":
            raise PaddockError("refused by the floor", why="/etc says so", next_step="ask for more")
        return of(name, row("FS-02"))

    found = proof_boundaries.attack(attack)
    assert [one.subject.boundary for one in found.proofs] == ["bubblewrap", "podman", "gvisor"]
    assert "landlock    refused by the floor (/etc says so); fix: ask for more" in proof_boundaries.text(found)


@pytest.mark.parametrize("error", [PaddockError("broken\x1b[2J"), OSError("broken\x1b[2J")], ids=repr)
def test_a_trial_that_breaks_is_a_reason(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def trial(self: registry.Entry, base: str) -> Availability:
        raise error

    monkeypatch.setattr(registry.Entry, "trial", trial)
    found = proof_boundaries.attack(of)
    assert found.proofs == ()
    assert "landlock    broken\\x1b[2J" in proof_boundaries.text(found)
