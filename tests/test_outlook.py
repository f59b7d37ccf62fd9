"""What this machine makes of a plan is looked at without starting anything."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock import outlook
from paddock.errors import BoundaryUnavailable, Refused
from paddock.frozen import replace
from paddock.kernel import cgroups
from paddock.plan.model import Limit
from paddock.policy.model import BUILT_IN, Origin
from tests.boundary.plans import PLAN
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs("bubblewrap")
FLAG = Origin("flag", "--limit")


def limited(origin: Origin) -> tuple[Limit, ...]:
    return (Limit("memory", 1 << 30, origin),)


@pytest.fixture
def without_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "find", lambda: None)


@pytest.mark.usefixtures("without_groups")
def test_a_promised_limit_without_control_groups_is_a_gap() -> None:
    found = outlook.look(replace(PLAN, limits=limited(FLAG)))
    assert [gap.name for gap in found.gaps] == ["memory-total"]


@pytest.mark.usefixtures("without_groups")
def test_a_built_in_limit_binds_each_process_and_says_so() -> None:
    found = outlook.look(replace(PLAN, limits=limited(BUILT_IN)))
    assert found.gaps == ()
    assert found.division.per_process["memory"] == 1 << 30
    assert found.division.notes


def test_a_site_that_does_not_work_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "find", lambda: cgroups.Site(2, {"memory": "/nowhere"}))
    assert outlook.look(PLAN).site is None


def test_mode_live_looks_for_ways_out(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    (tmp_path / "outside").touch()
    os.link(tmp_path / "outside", repository / "inside")
    workspace = replace(PLAN.workspace, source=str(repository), mode="live")
    assert [gap.name for gap in outlook.look(replace(PLAN, workspace=workspace)).gaps] == [
        "live-hazards-window",
        "hard-links",
    ]


def test_a_boundary_that_is_not_there_is_said_before_anything_starts() -> None:
    with pytest.raises(BoundaryUnavailable):
        outlook.look(replace(PLAN, boundary=replace(PLAN.boundary, use="microvm")))
    with pytest.raises(Refused):
        outlook.look(replace(PLAN, boundary=replace(PLAN.boundary, use="landlock")))
