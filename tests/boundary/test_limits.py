"""Which mechanism holds which limit, for every combination of limit, origin and controllers."""

from __future__ import annotations

from itertools import chain, combinations

import pytest

from paddock.boundary.limits import divide, kept_by
from paddock.plan.model import Limit
from paddock.policy.model import BUILT_IN, Origin
from tests.boundary.plans import FLAG, changed

CONTROLLER = {"memory": "memory", "processes": "pids", "cpus": "cpu"}
PER_PROCESS = {"memory": 100, "processes": 103, "open_files": 100, "file_size": 100}
ALL = [frozenset(c) for c in chain.from_iterable(combinations(("memory", "pids", "cpu"), n) for n in range(4))]
NAMES = ("memory", "processes", "open_files", "file_size", "cpus", "wall")
LAYERS = [BUILT_IN, *(Origin(kind, "somewhere:1") for kind in ("machine", "floor", "person", "repository", "agent")), FLAG]  # fmt: skip


@pytest.mark.parametrize("controllers", ALL, ids=lambda found: "+".join(sorted(found)) or "none")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("origin", LAYERS, ids=lambda origin: origin.kind)
def test_every_limit_is_held_or_named(name: str, origin: Origin, controllers: frozenset[str]) -> None:
    division = divide(changed(limits=(Limit(name, 100, origin),)), controllers)
    together = CONTROLLER.get(name) in controllers
    total = name in ("memory", "cpus")
    by_group = total and together
    assert division.together == ({name: 100} if together else {})
    expected = {} if by_group or name not in PER_PROCESS else {name: PER_PROCESS[name]}
    if together and name == "processes":  # the kernel asks the rlimit first, and only the group tells
        assert division.per_process["processes"] > 100 + 10
    else:
        assert division.per_process == {"core": 1, **expected}
    missed = total and not together
    assert len(division.notes) == (missed and origin == BUILT_IN)
    assert [gap.name for gap in division.gaps] == ([f"{name[:6].removesuffix('s')}-total"] if missed and origin != BUILT_IN else [])  # fmt: skip


def test_several_limits_are_divided_each_by_itself() -> None:
    limits = (Limit("memory", 1, FLAG), Limit("cpus", 0.5, FLAG), Limit("processes", 3, FLAG), Limit("wall", 9, FLAG))
    division = divide(changed(limits=limits), {"cpu"})
    assert division.together == {"cpus": 0.5}
    assert division.per_process == {"core": 1, "memory": 1, "processes": 6}
    assert [gap.name for gap in division.gaps] == ["memory-total"]


@pytest.mark.parametrize(
    ("name", "effect"), [("memory", "each process, not all together"), ("cpus", "would not bind at all")]
)
def test_a_gap_says_whose_limit_it_is_and_what_would_happen(name: str, effect: str) -> None:
    (gap,) = divide(changed(limits=(Limit(name, 1, FLAG),)), ()).gaps
    assert gap.promise == f"a limit on {name} for the whole sandbox (flag --limit)"
    assert effect in gap.why
    assert "paddock doctor" in gap.instead


def test_core_files_are_never_written_whatever_the_plan_says() -> None:
    assert divide(changed(limits=()), ()).per_process == {"core": 1}


WORDS = {
    "memory": ("control group, version 2: all processes together", "rlimit: each process by itself"),
    "cpus": ("control group, version 2: all processes together", "nothing"),
    "processes": (
        "control group, version 2: all processes together",
        "RLIMIT_NPROC in its own user namespace: all processes together",
    ),
    "open_files": ("rlimit: each process by itself",) * 2,
    "file_size": ("rlimit: each process by itself",) * 2,
    "wall": ("Paddock's own clock: the whole sandbox",) * 2,
}


@pytest.mark.parametrize("name", NAMES)
def test_the_words_follow_the_mechanism(name: str) -> None:
    plan = changed(limits=(Limit(name, 7, BUILT_IN),))
    found = [kept_by(name, divide(plan, controllers), version=2) for controllers in (ALL[-1], ())]
    assert tuple(found) == WORDS[name]


def test_the_version_of_the_control_groups_is_said() -> None:
    division = divide(changed(limits=(Limit("memory", 7, BUILT_IN),)), {"memory"})
    assert "version 1" in kept_by("memory", division, version=1)


def test_a_limit_that_is_not_in_the_plan_is_kept_by_nothing() -> None:
    assert kept_by("memory", divide(changed(limits=()), ALL[-1]), version=2) == "nothing"
    assert kept_by("processes", divide(changed(limits=()), ALL[-1]), version=2) == "nothing"
