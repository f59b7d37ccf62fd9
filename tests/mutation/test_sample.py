"""A few mutants, noticed: that the harness itself can tell. The whole is a run of its own, scripts/mutation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.capabilities import needs
from tests.mutation import fields, measuring, scoring
from tests.mutation.known import Equivalent
from tests.mutation.measuring import MISSED, NOTICED, REFUSED, Met
from tests.mutation.mutants import Mutant, split

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = needs("bubblewrap", "git")

# From each family one, with a probe that must be among those that notice.
SAMPLE = {
    "arguments: --hostname paddock left out": "PK-47 hostname",
    "filters: add_key": "PK-19 add_key",
    "hands: the caller's environment for the command": "CR-21 env-canary",
    "statements: paddock.kernel.join _enter_all: not for 'net' in ('net', 'ipc', 'uts', 'cgroup', 'pid')":
        "NW-01 host-loopback-tcp",
    "ceilings: no core of a process": "RS-04 core-off",
}  # fmt: skip

# Of the gateway's checks three, each with the probe whose attack it is for.
OF_THE_GATEWAY = {
    "ranges: 10.0.0.0/8, private": "NW-25 dns-rebind",
    "statements: paddock.gateway.tls.hello *: _Bytes.end: never refused if self.left": "NW-18 malformed-hello",
    "statements: paddock.gateway.secrets.broker *: Broker._identified: "
    "never if scope is not None and proofs.is_signing(one)": "CR-42 signing-key-sent",
}


@pytest.fixture(scope="module")
def measure() -> Iterator[measuring.Measure]:
    with fields.base() as base:
        made = measuring.Measure(base, tuple(SAMPLE.values()))
        assert made.prepare("off") == frozenset()
        yield made


def mutant(name: str) -> Mutant:
    return Mutant(*split(name), "bubblewrap", "off")


@pytest.mark.parametrize("name", SAMPLE)
def test_it_is_noticed(name: str, measure: measuring.Measure) -> None:
    met = measure.meet(mutant(name))
    assert met.how == NOTICED
    assert SAMPLE[name] in met.by


@pytest.mark.parametrize("name", OF_THE_GATEWAY)
def test_a_check_of_the_gateways_is_missed_by_nobody(name: str) -> None:
    probe = OF_THE_GATEWAY[name]
    one = Mutant(*split(name), "gateway", "allow", (probe,), pack=False)
    with fields.base() as base:
        met = measuring.Measure(base, (probe,)).meet(one)
    assert (met.how, met.by) == (NOTICED, (probe,))


def test_a_sandbox_that_does_not_start_is_told_from_one_that_was_not_seen_through(measure: measuring.Measure) -> None:
    assert measure.meet(mutant("arguments: --unshare-user left out")).how == REFUSED


def met(how: str, *by: str, name: str = "filters: a") -> Met:
    return Met(mutant(name), how, by)


def test_the_score_counts_what_is_missed_and_leaves_out_what_is_equivalent() -> None:
    equivalents = [Equivalent(("filters: e",), "another layer")]
    found = scoring.lines([met(NOTICED, "X"), met(MISSED), met(MISSED, name="filters: e")], equivalents)
    assert scoring.scores(found) == {"bubblewrap": 50.0}
    assert scoring.wrong(found, equivalents) == []
    assert scoring.below({"bubblewrap": 50.0}, {"bubblewrap": 60}) == ["bubblewrap: 50 %, and it was 60 %"]


def test_an_equivalent_that_is_noticed_is_none() -> None:
    equivalents = [Equivalent(("filters: *",), "another layer")]
    assert scoring.wrong(scoring.lines([met(NOTICED, "X")], equivalents), equivalents) == [
        "filters: a is no equivalent: X"
    ]


def test_an_equivalent_of_one_boundary_is_none_of_another() -> None:
    found = scoring.lines([met(MISSED)], [Equivalent(("filters: a",), "another layer", on="landlock")])
    assert scoring.scores(found) == {"bubblewrap": 0.0}


def test_what_is_said_to_be_noticed_together_must_be() -> None:
    equivalents = [Equivalent(("filters: *",), "another layer", together=("hands: b",))]
    assert scoring.wrong(scoring.lines([met(NOTICED, "X")], equivalents), equivalents) == []
    assert scoring.wrong(scoring.lines([met(MISSED)], equivalents), equivalents) == [
        "filters: a is not noticed together with hands: b either"
    ]
