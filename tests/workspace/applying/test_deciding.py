from __future__ import annotations

from typing import Any

import pytest

from paddock.workspace import shelf
from paddock.workspace.applying import verdicts
from paddock.workspace.applying.consent import Consent
from paddock.workspace.applying.deciding import Decider
from paddock.workspace.applying.wishes import Part, Wishes
from paddock.workspace.bases import Bases
from paddock.workspace.change import Change
from paddock.workspace.selection import Selection
from tests.workspace.applying.test_apply__hazards import Names

OLD, NEW, FILE = 0, 1 << 62, 0o100644


@pytest.fixture
def decide(tmp_path):
    """Decide about a host file of that name; how old the session is, and what is wished."""
    for name in ("set", "upper", "lower"):
        (tmp_path / name).mkdir()

    def decided(path: str, since_ns: int, *, held: str = "", **wishes: Any):
        (tmp_path / "lower" / path).write_text("host")
        with (
            shelf.opened(str(tmp_path / "set")) as directory,
            shelf.opened(str(tmp_path / "upper")) as upper,
            shelf.opened(str(tmp_path / "lower")) as lower,
        ):
            decider = Decider(Wishes(Selection(), **wishes), Bases({}, since_ns), directory, (upper, lower))
            change = Change(path, "modified", old_mode=FILE, new_mode=FILE, held=held)
            return decider.decide(change, verdicts.look(lower, path))

    return decided


def test_what_nothing_speaks_against_is_applied(decide) -> None:
    decision = decide("file", NEW)
    assert (decision.problem, decision.part, decision.base) == (None, None, "")


def test_what_is_never_applied_comes_first_then_hazards_then_conflicts(decide) -> None:
    assert decide("bad", OLD, held="special", judge=Names).problem.kind == "held"
    assert decide("bad", OLD, judge=Names).problem.kind == "hazard"
    assert decide("bad", OLD, judge=Names, consent=Consent(everything=True)).problem.kind == "conflict"
    assert decide("bad", NEW, judge=Names, consent=Consent(everything=True)).problem is None


def test_force_overrides_a_conflict_and_remembers_what_was_in_doubt(decide) -> None:
    decision = decide("file", 7, force=Selection(["file"]))
    assert (decision.problem, decision.base) == (None, "7")
    assert decide("bad", 7, force=Selection(["bad"]), judge=Names).problem.kind == "hazard"


def test_a_part_counts_only_for_the_file_that_was_looked_at(decide, tmp_path) -> None:
    (tmp_path / "lower" / "file").write_text("host")
    seen = (tmp_path / "lower" / "file").stat()
    part = Part(b"text", 0o644, seen)
    assert decide("file", NEW, parts={"file": part}).problem.reason == verdicts.CHANGED, "it was written to since"
