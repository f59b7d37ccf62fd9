from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from paddock.checking.context import Context
from paddock.checking.findings import Hit
from paddock.checking.running import run
from paddock.devcontainer.document import Place
from paddock.devcontainer.source import Source
from tests.checking.made import rule

if TYPE_CHECKING:
    from paddock.checking.findings import Finding
    from paddock.checking.rule import Function
    from paddock.devcontainer.model import Effective

CONTEXT = Context("/repository", "devcontainer.json")
NOTHING = cast("Effective", None)
HERE = Source("file", "f", ("a",), Place("f", 3, 1, 30, 31))
THERE = Source("file", "f", ("b",), Place("f", 2, 1, 20, 21))


def giving(hits: list[Hit]) -> Function:
    return lambda _, __: hits


def found(**hits: list[Hit]) -> list[Finding]:
    rules = [rule("DC901", "low"), rule("DC201", "high", covers=("DC202",)), rule("DC202", "critical")]
    functions = {one.id: (giving(hits.get(one.id, [])),) for one in rules}
    return list(run(rules, functions, NOTHING, CONTEXT))


def test_a_finding_says_what_the_catalogue_says_unless_the_hit_knows_better() -> None:
    plain, other = found(DC201=[Hit("m", HERE), Hit("n", THERE, "info", "do this")])
    assert (plain.rule, plain.slug, plain.severity, plain.fix) == ("DC201", "slug-201", "high", "mend it")
    assert (other.severity, other.fix) == ("info", "do this")


def test_the_worst_comes_first_then_the_rule_then_the_place() -> None:
    hits = {
        "DC901": [Hit("m", THERE)],
        "DC201": [Hit("m", HERE), Hit("m", THERE)],
        "DC202": [Hit("m", Source("label", "i"))],
    }
    ordered = [(one.rule, one.source.where) for one in found(**hits)]
    assert ordered == [("DC202", "label i"), ("DC201", "f:2:1"), ("DC201", "f:3:1"), ("DC901", "f:2:1")]


def test_one_fact_is_one_finding() -> None:
    assert len(found(DC201=[Hit("m", HERE), Hit("m", HERE)])) == 1
    assert len(found(DC201=[Hit("m", HERE), Hit("n", HERE), Hit("m", THERE)])) == 3


def test_a_rule_that_says_more_leaves_no_room_for_one_that_says_less() -> None:
    assert [one.rule for one in found(DC201=[Hit("m", HERE)], DC202=[Hit("n", HERE)])] == ["DC201"]
    assert [one.rule for one in found(DC201=[Hit("m", HERE)], DC202=[Hit("n", THERE)])] == ["DC202", "DC201"]


def test_a_rule_that_fails_is_not_hidden() -> None:
    def fails(*_: object) -> list[Hit]:
        raise KeyError("x")

    with pytest.raises(KeyError):
        run([rule("DC201")], {"DC201": (fails,)}, NOTHING, CONTEXT)
