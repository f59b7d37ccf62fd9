from __future__ import annotations

from typing import Any

import pytest

from paddock.errors import PolicyError
from paddock.gateway.rules import split_upstream, table
from paddock.plan.model import Rule
from paddock.policy.model import Origin

ORIGIN = Origin("repository", "paddock.toml:7")


def rule(host: str, port: int = 443, **more: Any) -> Rule:
    return Rule(host, port, ORIGIN, **more)


def test_names_get_addresses_in_their_order_one_each() -> None:
    made = table([rule("b.example.test"), rule("a.example.test"), rule("B.example.test.", 80)])
    assert made.names == {"b.example.test": "198.18.1.1", "a.example.test": "198.18.1.2"}
    assert [(e.name, e.address, e.port) for e in made.endpoints] == [
        ("b.example.test", "198.18.1.1", 443),
        ("a.example.test", "198.18.1.2", 443),
        ("b.example.test", "198.18.1.1", 80),
    ]


def test_a_rule_leads_to_its_own_name_unless_it_has_an_upstream() -> None:
    plain, moved = table([rule("a.example.test"), rule("b.example.test", upstream="c.example.test:8443")]).endpoints
    assert (plain.target, plain.target_port, plain.named, plain.private) == ("a.example.test", 443, False, False)
    assert (moved.target, moved.target_port, moved.named, moved.private) == ("c.example.test", 8443, False, False)


def test_an_endpoint_names_its_rule_for_people() -> None:
    assert table([rule("a.example.test")]).endpoints[0].rule == "a.example.test:443 (repository paddock.toml:7)"


@pytest.mark.parametrize("upstream", ["127.0.0.1:8080", "[::1]:8080", "localhost:8080", "10.1.2.3:8080"])
def test_an_upstream_that_is_an_address_was_named_by_a_person(upstream: str) -> None:
    assert table([rule("a.example.test", upstream=upstream)]).endpoints[0].named


def test_an_upstream_that_is_a_name_may_be_this_host_only_if_it_may_be_private() -> None:
    open_, closed = table(
        [rule("a.example.test", upstream="x.test:1", private=True), rule("b.example.test", upstream="x.test:1")]
    ).endpoints
    assert (open_.named, closed.named) == (True, False)


def test_private_alone_does_not_name_this_host() -> None:
    assert not table([rule("a.example.test", private=True)]).endpoints[0].named
    assert not table([rule("localhost", private=True)]).endpoints[0].named


def test_a_loopback_rule_listens_on_loopback_and_answers_to_its_local_names() -> None:
    made = table([rule("127.0.0.1", 8080, upstream="model.example.test:80", loopback=True)])
    endpoint = made.endpoints[0]
    assert (endpoint.address, endpoint.port, made.names) == ("127.0.0.1", 8080, {})
    assert endpoint.spoken == {"127.0.0.1", "localhost"}
    assert table([rule("127.0.0.1", 8080, loopback=True)]).endpoints[0].named


def test_a_rule_for_an_address_listens_on_it_and_names_it() -> None:
    made = table([rule("192.0.2.7", 5432, private=True)])
    endpoint = made.endpoints[0]
    assert (endpoint.address, endpoint.target, endpoint.spoken) == ("192.0.2.7", "192.0.2.7", frozenset({"192.0.2.7"}))
    assert (endpoint.literal, endpoint.named, endpoint.private, made.names) == (True, True, True, {})


def test_an_address_is_called_by_name_nowhere_else() -> None:
    plain = table([rule("a.example.test", upstream="192.0.2.7:443")]).endpoints[0]
    assert not plain.literal


def test_equal_rules_are_one() -> None:
    assert len(table([rule("a.example.test"), rule("A.example.test")]).endpoints) == 1


@pytest.mark.parametrize(
    "other",
    [
        rule("a.example.test", private=True),
        rule("a.example.test", upstream="127.0.0.1:1"),
        rule("a.example.test", upstream="b.example.test:443"),
    ],
)
def test_rules_that_contradict_each_other_are_refused(other: Rule) -> None:
    with pytest.raises(PolicyError, match="say different things"):
        table([rule("a.example.test"), other])


def test_two_loopback_rules_cannot_share_a_port() -> None:
    with pytest.raises(PolicyError, match="say different things"):
        table([rule("127.0.0.1", 80, loopback=True), rule("localhost", 80, loopback=True)])


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (rule("*.example.test"), "neither a host name"),
        (rule("exa mple.test"), "neither a host name"),
        (rule("evil\0.example.test"), "neither a host name"),
        (rule(""), "neither a host name"),
        (rule("198.18.0.1"), "uses itself"),
        (rule("198.19.255.1", private=True), "uses itself"),
        (rule("2130706433"), "neither a host name"),
        (rule("127.1"), "neither a host name"),
        (rule("::1"), "not available yet"),
        (rule("2001:db8::1", private=True), "not available yet"),
        (rule("a.example.test", 0), "no port"),
        (rule("a.example.test", 65536), "no port"),
        (rule("a.example.test", -1), "no port"),
        (rule("a.example.test", upstream="b.example.test"), "not HOST:PORT"),
    ],
)
def test_a_rule_that_cannot_be_kept_is_refused_with_its_origin(wrong: Rule, why: str) -> None:
    with pytest.raises(PolicyError) as caught:
        table([wrong])
    assert why in caught.value.why
    assert "paddock.toml:7" in caught.value.why


@pytest.mark.parametrize(
    ("text", "split"),
    [
        ("Api.example.test:443", ("api.example.test", 443)),
        ("127.0.0.1:1", ("127.0.0.1", 1)),
        ("[::1]:65535", ("::1", 65535)),
        ("[FD00::1]:80", ("fd00::1", 80)),
    ],
)
def test_upstreams_are_host_and_port(text: str, split: tuple[str, int]) -> None:
    assert split_upstream(text) == split


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            ":",
            "a.test",
            "a.test:",
            "a.test:0",
            "a.test:65536",
            "a.test:http",
            "a.test:\uff11",
            "a.test:-1",
            ":80",
            "::1:80",
        ),
        *("[::1]", "[::1%eth0]:80", "[a.test]:80", "[]:80", "127.1:80", "a.test:80/x", "u@a.test:80", "a.test:000080"),
    ],
)
def test_anything_else_is_no_upstream(text: str) -> None:
    assert split_upstream(text) == ("", 0)
