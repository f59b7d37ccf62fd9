from __future__ import annotations

from typing import Any

import pytest

from paddock.errors import PolicyError
from paddock.gateway.rules import Endpoint, check, endpoint, split_upstream
from paddock.plan.model import Rule
from paddock.policy.model import Origin

ORIGIN = Origin("repository", "paddock.toml:7")


def rule(host: str, port: int = 443, **more: Any) -> Rule:
    return Rule(host, port, ORIGIN, **more)


def made(host: str, address: str = "198.18.1.1", port: int = 443, **more: Any) -> Endpoint:
    return endpoint(rule(host, port, **more), host, address)


def test_a_rule_leads_to_its_own_name_unless_it_has_an_upstream() -> None:
    plain, moved = made("a.example.test"), made("b.example.test", upstream="c.example.test:8443")
    assert (plain.target, plain.target_port, plain.named, plain.private) == ("a.example.test", 443, False, False)
    assert (moved.target, moved.target_port, moved.named, moved.private) == ("c.example.test", 8443, False, False)


def test_an_upstream_may_speak_tls() -> None:
    secure = made("127.0.0.1", "127.0.0.1", 8080, upstream="https://api.example.test:443", loopback=True)
    assert (secure.target, secure.target_port, secure.tls) == ("api.example.test", 443, True)
    assert (secure.upstream, secure.named) == ("api.example.test:443", False)


def test_a_name_under_a_wildcard_leads_to_itself() -> None:
    below = endpoint(rule("*.example.test"), "a.b.example.test", "198.18.1.1")
    assert (below.target, below.spoken) == ("a.b.example.test", frozenset({"a.b.example.test"}))
    assert below.rule == "*.example.test:443 (repository paddock.toml:7)"


def test_an_endpoint_names_its_rule_for_people() -> None:
    assert made("a.example.test").rule == "a.example.test:443 (repository paddock.toml:7)"


def test_tls_ends_in_the_gateway_where_requests_have_rules() -> None:
    assert not made("a.example.test").terminate
    assert made("a.example.test", methods=("GET",)).terminate
    assert made("a.example.test", paths=("/v1/*",)).terminate
    assert endpoint(rule("a.example.test"), "a.example.test", "198.18.1.1", terminate=True).terminate


def test_on_loopback_there_is_no_tls_to_end() -> None:
    assert not made("127.0.0.1", "127.0.0.1", 80, loopback=True, upstream="a.test:80", paths=("/v1/*",)).terminate


@pytest.mark.parametrize("upstream", ["127.0.0.1:8080", "[::1]:8080", "localhost:8080", "10.1.2.3:8080"])
def test_an_upstream_that_is_an_address_was_named_by_a_person(upstream: str) -> None:
    assert made("a.example.test", upstream=upstream).named


def test_an_upstream_that_is_a_name_may_be_this_host_only_if_it_may_be_private() -> None:
    assert made("a.example.test", upstream="x.test:1", private=True).named
    assert not made("b.example.test", upstream="x.test:1").named


def test_private_alone_does_not_name_this_host() -> None:
    assert not made("a.example.test", private=True).named
    assert not made("localhost", private=True).named


def test_a_loopback_rule_answers_to_its_local_names() -> None:
    local = made("127.0.0.1", "127.0.0.1", 8080, upstream="model.example.test:80", loopback=True)
    assert local.spoken == {"127.0.0.1", "localhost"}
    assert made("127.0.0.1", "127.0.0.1", 8080, loopback=True).named


def test_a_rule_for_an_address_names_it() -> None:
    at = made("192.0.2.7", "192.0.2.7", 5432, private=True)
    assert (at.target, at.spoken) == ("192.0.2.7", frozenset({"192.0.2.7"}))
    assert (at.literal, at.named, at.private) == (True, True, True)


def test_an_address_is_called_by_name_nowhere_else() -> None:
    assert not made("a.example.test", upstream="192.0.2.7:443").literal


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (rule("*.127.0.0.1"), "neither a host name"),
        (rule("*."), "neither a host name"),
        (rule("*.*.example.test"), "neither a host name"),
        (rule("*.example.test", upstream="a.test:1"), "no upstream"),
        (rule("a.example.test", upstream="http://a.test:1"), "not HOST:PORT"),
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
        check(wrong)
    assert why in caught.value.why
    assert "paddock.toml:7" in caught.value.why


@pytest.mark.parametrize(
    ("text", "split"),
    [
        ("https://Api.example.test:443", ("api.example.test", 443)),
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
