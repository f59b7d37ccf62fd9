from __future__ import annotations

import itertools
import os

import pytest

from paddock.workspace import summary
from paddock.workspace.hazard import Hazard
from paddock.workspace.hazards import catalogue
from paddock.workspace.hazards.judging import Judge
from paddock.workspace.summary import Dangerous, summarize
from tests.capabilities import needs

pytestmark = needs("overlay")
HAZARD = Hazard("x", "build", "high", "why")


class Everything:
    """Finds a hazard in every change, and remembers what it was asked about."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def hazards(self, change) -> tuple[Hazard, ...]:
        self.asked.append(change.path)
        return (HAZARD,)

    def written(self, change, content):
        return self.hazards(change)


def work(inside) -> None:
    (inside / "new").write_text("new\n")
    (inside / "changed").write_text("other\n")
    (inside / "gone").unlink()
    (inside / "mode").chmod(0o755)
    (inside / "type").unlink()
    (inside / "type").symlink_to("new")


def host(lab) -> None:
    lab.write(changed="x\n", gone="x\n", mode="x\n", type="x\n")


def test_each_kind_is_counted_in_the_order_in_which_it_is_told(lab) -> None:
    host(lab)
    lab.run(work)
    with lab.trees() as (upper, lower):
        found = summarize(upper, lower, None)
    assert found.kinds == (("added", 1), ("modified", 1), ("deleted", 1), ("replaced", 1), ("mode", 1))
    assert (found.looked, found.complete, found.git, found.dangerous) == (5, True, False, ())


def test_git_s_own_data_is_no_file_of_the_repository(lab) -> None:
    lab.write(**{".git__HEAD": "ref: refs/heads/main\n"})
    lab.run(lambda inside: (inside / ".git" / "HEAD").write_text("ref: refs/heads/other\n"))
    with lab.trees() as (upper, lower):
        found = summarize(upper, lower, None)
    assert (found.looked, found.kinds, found.git) == (1, (), True)


def test_hazards_are_the_judge_s(lab) -> None:
    lab.run(lambda inside: [(inside / name).write_text("all: ; x\n") for name in ("Makefile", "notes")])
    with lab.trees() as (upper, lower):
        found = summarize(upper, lower, Judge(catalogue.load(), upper, lower))
    assert [(one.path, one.hazards[0].family) for one in found.dangerous] == [("Makefile", "build")]


@pytest.mark.parametrize(("most", "looked", "complete"), [(3, 3, False), (5, 5, True), (6, 5, True)])
def test_no_more_are_looked_at_than_a_person_waits_for_and_that_is_said(lab, most, looked, complete) -> None:
    lab.run(lambda inside: [(inside / f"f{number}").touch() for number in range(5)])
    judge = Everything()
    with lab.trees() as (upper, lower):
        found = summarize(upper, lower, judge, most=most)
    assert (found.looked, found.complete, len(judge.asked)) == (looked, complete, looked)
    assert found.dangerous[0] == Dangerous("f0", (HAZARD,))


def test_it_ends_when_the_time_is_over(lab) -> None:
    lab.run(lambda inside: [(inside / f"f{number}").touch() for number in range(5)])
    with lab.trees() as (upper, lower):
        found = summarize(upper, lower, Everything(), longest_s=2, clock=map(float, itertools.count()).__next__)
    assert (found.looked, found.complete) == (2, False)


def test_the_rest_of_a_large_change_set_is_not_even_listed(lab, monkeypatch) -> None:
    lab.run(lambda inside: [(inside / f"d{number}").mkdir() for number in range(50)])
    entered: list[str] = []
    before = os.listdir

    def counted(place):
        entered.append(str(place))
        return before(place)

    monkeypatch.setattr(os, "listdir", counted)
    with lab.trees() as (upper, lower):
        assert not summarize(upper, lower, None, most=3).complete
    assert len(entered) < 10


def test_the_bounds_are_for_people() -> None:
    assert summary.MOST >= 10_000
    assert summary.LONGEST_S <= 3
