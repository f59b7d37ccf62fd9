"""Amounts: bytes to a host, and connections begun."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from paddock.frozen import replace
from paddock.gateway.budget import Pace, Uploads
from paddock.gateway.rules import endpoint
from paddock.plan.model import Rule
from paddock.policy.model import Origin
from tests.gateway.conftest import endpoint_of

ENDPOINT = endpoint_of(Rule("api.example.test", 443, Origin("flag"), upload=100))


@given(st.lists(st.integers(0, 60)))
def test_a_budget_is_never_exceeded_and_what_fits_is_let_through(pieces: list[int]) -> None:
    uploads, sent = Uploads(), 0
    for piece in pieces:
        fits = sent + piece <= 100
        assert uploads.spend(ENDPOINT, piece) is fits
        sent += piece if fits else 0
    assert uploads.sent("api.example.test") == sent


def test_all_ports_of_a_host_count_together_and_each_host_for_itself() -> None:
    uploads = Uploads()
    assert uploads.spend(ENDPOINT, 60)
    assert not uploads.spend(replace(ENDPOINT, port=8443), 60)
    assert uploads.spend(replace(ENDPOINT, name="other.example.test"), 60)


def test_the_names_under_a_wildcard_share_its_budget() -> None:
    """A program inside makes up as many of them as it likes (threat E3)."""
    rule = Rule("*.example.test", 443, Origin("flag"), upload=100)
    one, other = (endpoint(rule, name, "198.18.1.1") for name in ("a.example.test", "b.example.test"))
    uploads = Uploads()
    assert uploads.spend(one, 60)
    assert not uploads.spend(other, 41)
    assert uploads.spend(other, 40)
    assert not uploads.spend(one, 1)
    assert uploads.sent("b.example.test") == 40


def test_without_a_budget_it_is_only_counted() -> None:
    uploads = Uploads()
    assert uploads.spend(replace(ENDPOINT, upload=0), 1 << 40)
    assert uploads.sent("api.example.test") == 1 << 40


class Clock:
    now_s = 5.0

    def __call__(self) -> float:
        return self.now_s


def test_so_many_may_begin_at_once_and_then_so_many_in_a_second() -> None:
    clock = Clock()
    pace = Pace(3, clock)
    assert [pace.allows() for _ in range(5)] == [True, True, True, False, False]
    clock.now_s += 0.5
    assert [pace.allows() for _ in range(2)] == [True, False]
    clock.now_s += 100
    assert [pace.allows() for _ in range(5)] == [True, True, True, False, False]


def test_no_rate_is_no_bound() -> None:
    pace = Pace(0, Clock())
    assert all(pace.allows() for _ in range(1000))


@given(st.integers(1, 20), st.lists(st.floats(0, 2), max_size=100))
def test_in_no_second_more_than_twice_the_rate_begin(rate: int, waits: list[float]) -> None:
    clock = Clock()
    pace = Pace(rate, clock)
    begun: list[float] = []
    for wait in waits:
        clock.now_s += wait
        begun += [clock.now_s for _ in range(3) if pace.allows()]
    for start in begun:
        assert sum(start <= at < start + 1 for at in begun) <= 2 * rate
