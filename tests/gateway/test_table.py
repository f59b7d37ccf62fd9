from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.errors import PolicyError
from paddock.gateway.inside.addresses import INTERNAL, INTERNAL_NAME
from paddock.gateway.table import MOST_UNDER_WILDCARD, Grant, Table
from paddock.plan.model import Bound, Denied, Network, Rule
from paddock.policy.model import Origin

ORIGIN = Origin("repository", "paddock.toml:7")


def rule(host: str, port: int = 443, **more: Any) -> Rule:
    return Rule(host, port, ORIGIN, **more)


def table(*rules: Rule, denied: tuple[Denied, ...] = (), **more: Any) -> Table:
    return Table(Network("allow", rules, ORIGIN, denied), **more)


def grant(what: Rule | Denied, until: float | None = None) -> Grant:
    return Grant(what, "somebody", "for a test", until)


def test_names_get_addresses_in_their_order_one_each() -> None:
    made = table(rule("b.example.test"), rule("a.example.test"), rule("B.example.test.", 80))
    assert set(made.open()) == {
        ("198.18.1.1", 443), ("198.18.1.1", 80), ("198.18.1.2", 443), (INTERNAL, 80),
    }  # fmt: skip
    assert (made.asked("b.example.test").address, made.asked("a.example.test").address) == ("198.18.1.1", "198.18.1.2")


def test_what_is_listened_on_already_is_not_asked_for_again() -> None:
    made = table(rule("a.example.test"))
    made.open()
    assert made.open() == ()
    assert made.asked("a.example.test").new == ()


def test_equal_rules_are_one() -> None:
    assert len(table(rule("a.example.test"), rule("A.example.test")).open()) == 2


@pytest.mark.parametrize(
    "other",
    [
        rule("a.example.test", private=True),
        rule("a.example.test", upstream="127.0.0.1:1"),
        rule("a.example.test", methods=("GET",)),
    ],
)
def test_rules_that_contradict_each_other_are_refused(other: Rule) -> None:
    with pytest.raises(PolicyError, match="say different things"):
        table(rule("a.example.test"), other)


def test_two_loopback_rules_cannot_share_a_port() -> None:
    with pytest.raises(PolicyError, match="say different things"):
        table(rule("127.0.0.1", 80, loopback=True), rule("localhost", 80, loopback=True))


def test_loopback_and_addresses_are_reached_without_a_name() -> None:
    made = table(rule("127.0.0.1", 8080, upstream="m.test:80", loopback=True), rule("192.0.2.7", 5432, private=True))
    assert set(made.open()) == {("127.0.0.1", 8080), ("192.0.2.7", 5432), (INTERNAL, 80)}
    assert made.claimed() == ("192.0.2.7",)
    for place in (("127.0.0.1", 8080), ("192.0.2.7", 5432)):
        arrived = made.arrived(*place)
        assert arrived.endpoint is not None
        assert (arrived.endpoint.address, arrived.reason) == (place[0], "")
    assert made.arrived("127.0.0.1", 443).reason == "no-endpoint"


def test_a_name_under_a_wildcard_gets_its_address_when_it_is_first_asked_for() -> None:
    made = table(rule("*.example.test"), rule("*.example.test", 8443))
    assert made.open() == ((INTERNAL, 80),)
    first = made.asked("api.example.test")
    assert (first.address, first.new) == ("198.18.1.1", (("198.18.1.1", 443), ("198.18.1.1", 8443)))
    assert made.asked("api.example.test").new == ()
    assert made.asked("www.example.test").address == "198.18.1.2"
    endpoint = made.arrived("198.18.1.1", 8443).endpoint
    assert endpoint is not None
    assert endpoint.name == "api.example.test"


@pytest.mark.parametrize("name", ["example.test", "notexample.test", "api.example.test.evil.test", "test"])
def test_a_wildcard_means_strictly_what_is_below_it(name: str) -> None:
    asked = table(rule("*.example.test")).asked(name)
    assert (asked.address, asked.reason) == ("", "not-allowed")


def test_labels_that_look_like_data_are_refused_under_a_wildcard() -> None:
    made = table(rule("*.example.test"), rule("4a6f686e2d536d6974682d6b65793a31.exact.test"))
    assert made.asked("4a6f686e2d536d6974682d6b65793a31323334353637383930.example.test").reason == "name-like-data"
    assert made.asked("4a6f686e2d536d6974682d6b65793a31.exact.test").address


def test_a_wildcard_brings_a_bounded_number_of_names() -> None:
    made = table(rule("*.example.test"), rule("*.other.test"))
    for number in range(MOST_UNDER_WILDCARD):
        assert made.asked(f"host{number}.example.test").address
    assert made.asked("more.example.test").reason == "too-many-under-wildcard"
    assert made.asked("host1.example.test").address
    assert made.asked("host1.other.test").address


def test_what_is_denied_is_denied_whatever_allows_it() -> None:
    denied = (Denied("bad.example.test", 0, ORIGIN), Denied("*.ads.example.test", 443, ORIGIN))
    made = table(rule("*.example.test"), rule("bad.example.test"), rule("x.ads.example.test", 80), denied=denied)
    made.open()
    assert made.asked("bad.example.test").reason == "denied"
    assert made.asked("y.ads.example.test").reason == "denied"
    address = made.asked("x.ads.example.test").address
    assert made.arrived(address, 80).reason == ""
    assert made.arrived(address, 443).reason == "denied"


def test_a_connection_is_judged_again_when_it_arrives() -> None:
    made = table(rule("a.example.test"))
    made.open()
    address = made.asked("a.example.test").address
    made.add(grant(Denied("a.example.test", 443, ORIGIN)))
    arrived = made.arrived(address, 443)
    assert arrived.reason == "denied"
    assert arrived.endpoint is not None
    assert arrived.endpoint.name == "a.example.test"


def test_a_grant_ends_at_its_time() -> None:
    now = [100.0]
    made = table(rule("a.example.test"), clock=lambda: now[0])
    made.add(grant(rule("b.example.test"), until=160.0))
    made.open()
    address = made.asked("b.example.test").address
    assert (made.arrived(address, 443).reason, made.next_end()) == ("", 160.0)
    now[0] = 160.0
    assert made.asked("b.example.test").reason == "not-allowed"
    assert made.arrived(address, 443).reason == "not-allowed"
    assert (made.grants, made.next_end()) == ((), None)
    assert made.asked("a.example.test").address


def test_the_later_word_about_a_place_stands() -> None:
    made = table()
    made.add(grant(rule("a.example.test")))
    made.add(grant(Denied("a.example.test", 443, ORIGIN)))
    assert made.asked("a.example.test").reason == "denied"
    made.add(grant(rule("a.example.test")))
    assert made.asked("a.example.test").address


def test_a_grant_cannot_lift_what_the_policy_denies() -> None:
    made = table(denied=(Denied("a.example.test", 0, ORIGIN),))
    made.add(grant(rule("a.example.test")))
    assert made.asked("a.example.test").reason == "denied"


def test_a_grant_that_cannot_be_kept_changes_nothing() -> None:
    made = table()
    with pytest.raises(PolicyError):
        made.add(grant(rule("127.1")))
    assert made.grants == ()


def test_a_bound_credential_ends_tls_in_the_gateway() -> None:
    made = table(rule("a.example.test"), rule("b.example.test"), bound=[Bound("a.example.test", 443)])
    made.open()
    ends = {}
    for name in ("a.example.test", "b.example.test"):
        endpoint = made.arrived(made.asked(name).address, 443).endpoint
        assert endpoint is not None
        ends[name] = endpoint.terminate
    assert ends == {"a.example.test": True, "b.example.test": False}


def test_the_gateway_itself_has_a_name() -> None:
    made = table()
    assert made.asked(INTERNAL_NAME).address == INTERNAL
    assert made.arrived(INTERNAL, 443).reason == "no-endpoint"
    endpoint = made.arrived(INTERNAL, 80).endpoint
    assert endpoint is not None
    assert endpoint.name == INTERNAL_NAME


LABEL = st.sampled_from(["a", "b", "www", "api", "example", "test", "ads"])
NAME = st.lists(LABEL, min_size=1, max_size=4).map(".".join)
HOST = st.one_of(NAME, NAME.map(lambda name: f"*.{name}"))
PORT = st.sampled_from([80, 443])


@given(
    st.lists(st.tuples(HOST, PORT), max_size=5), st.lists(st.tuples(HOST, st.sampled_from([0, 80, 443])), max_size=3),
    st.lists(NAME, max_size=6),
)  # fmt: skip
def test_only_what_was_answered_can_be_reached_and_never_what_is_denied(
    allowed: list[tuple[str, int]], denied: list[tuple[str, int]], asked: list[str]
) -> None:
    rules = tuple(rule(host, port) for host, port in dict.fromkeys(allowed))
    made = table(*rules, denied=tuple(Denied(host, port, ORIGIN) for host, port in denied))
    made.open()
    addresses: dict[str, str] = {}
    for name in asked:
        answer = made.asked(name)
        assert bool(answer.address) != bool(answer.reason)
        if answer.address:
            assert addresses.setdefault(answer.address, name) == name
    for address, name in addresses.items():
        for port in (80, 443):
            if made.arrived(address, port).reason == "":
                assert any(p == port and _takes(host, name) for host, p in allowed)
                assert not any(p in (0, port) and _takes(host, name) for host, p in denied)


def _takes(host: str, name: str) -> bool:
    return name.endswith(host[1:]) if host.startswith("*.") else host == name


@pytest.mark.parametrize(
    ("what", "denied", "place"),
    [
        (rule("192.0.2.7", 5432, private=True), "192.0.2.7", ("192.0.2.7", 5432)),
        (rule("127.0.0.1", 8080, upstream="https://m.test:443", loopback=True), "m.test", ("127.0.0.1", 8080)),
        (rule("127.0.0.1", 8080, upstream="https://m.test:443", loopback=True), "*.test", ("127.0.0.1", 8080)),
        (rule("127.0.0.1", 8080, upstream="192.0.2.7:80", loopback=True), "192.0.2.7", ("127.0.0.1", 8080)),
    ],
)
def test_a_denial_holds_for_addresses_and_for_what_loopback_leads_to(
    what: Rule, denied: str, place: tuple[str, int]
) -> None:
    made = table(what)
    made.open()
    assert made.arrived(*place).reason == ""
    made.add(grant(Denied(denied, 0, ORIGIN)))
    assert made.arrived(*place).reason == "denied"


def test_what_is_known_of_a_place_is_forgotten_with_every_change() -> None:
    now = [0.0]
    made = table(rule("a.example.test"), clock=lambda: now[0])
    made.open()
    place = (made.asked("a.example.test").address, 443)

    def verdicts() -> set[str]:
        return {made.asked("a.example.test").reason, made.arrived(*place).reason}

    for _ in range(3):
        assert verdicts() == {""}
    made.add(grant(Denied("a.example.test", 0, ORIGIN), until=10.0))
    for _ in range(3):
        assert verdicts() == {"denied"}
    now[0] = 10.0
    assert verdicts() == {""}


def test_a_sandbox_cannot_make_what_is_known_grow() -> None:
    made = table(rule("*.example.test"))
    made.open()
    for number in range(2 * MOST_UNDER_WILDCARD):
        made.asked(f"n{number}.example.test")
        made.asked(f"n{number}.other.test")
        made.arrived(f"198.18.9.{number % 250}", number)
    assert len(made._known_ports) + len(made._known_arrivals) <= 2 * MOST_UNDER_WILDCARD


@pytest.mark.parametrize(
    ("raw", "bound"),
    [
        ("api.example.test", "api.example.test"),
        ("api.example.test", "*.example.test"),
        ("*.example.test", "api.example.test"),
        ("*.example.test", "*.api.example.test"),
    ],
)
def test_what_a_credential_is_bound_to_is_read_also_where_it_is_granted_later(raw: str, bound: str) -> None:
    held = (Bound(bound, 443),)
    with pytest.raises(PolicyError, match="is raw"):
        table(rule(raw, raw=True), bound=held)
    made = table(bound=held)
    with pytest.raises(PolicyError, match="is raw"):
        made.add(grant(rule(raw, raw=True)))
    assert made.grants == ()
    made.add(grant(rule(raw, 8443, raw=True)))


def test_a_raw_wildcard_leaves_a_narrower_rule_to_its_credential() -> None:
    made = table(rule("*.example.test", raw=True), rule("api.example.test"), bound=(Bound("api.example.test", 443),))
    made.open()
    endpoint = made.arrived(made.asked("api.example.test").address, 443).endpoint
    assert endpoint is not None
    assert (endpoint.raw, endpoint.terminate) == (False, True)
