"""What decides about a name, a port, a request."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.plan.matching import allows_request, decide, denial
from paddock.plan.model import Denied, Network, Rule
from paddock.policy.matching import fits
from paddock.policy.model import BUILT_IN


def network(*entries: Rule | Denied) -> Network:
    rules = tuple(entry for entry in entries if isinstance(entry, Rule))
    denied = tuple(entry for entry in entries if isinstance(entry, Denied))
    return Network("allow", rules, BUILT_IN, denied=denied)


def rule(host: str, port: int = 443, **more) -> Rule:
    return Rule(host, port, BUILT_IN, **more)


def deny(host: str, port: int = 0) -> Denied:
    return Denied(host, port, BUILT_IN)


EXACT, BELOW, WIDE = rule("api.a.example.test"), rule("*.a.example.test"), rule("*.example.test")


@pytest.mark.parametrize(
    ("name", "port", "expected"),
    [
        ("api.a.example.test", 443, EXACT),
        ("www.a.example.test", 443, BELOW),
        ("x.y.a.example.test", 443, BELOW),
        ("a.example.test", 443, WIDE),
        ("example.test", 443, None),
        ("api.a.example.test", 80, None),
        ("api.a.example.test.evil.test", 443, None),
        ("evilexample.test", 443, None),
        ("", 443, None),
    ],
)
def test_the_narrowest_rule_decides_in_any_order(name, port, expected):
    for rules in ((EXACT, BELOW, WIDE), (WIDE, BELOW, EXACT)):
        assert decide(network(*rules), name, port) == expected


@pytest.mark.parametrize(
    ("denied", "stands"),
    [
        (deny("api.example.test"), True),
        (deny("api.example.test", 443), True),
        (deny("api.example.test", 80), False),
        (deny("*.example.test"), True),
        (deny("*.api.example.test"), False),
        (deny("example.test"), False),
    ],
)
def test_a_denial_stands_over_every_rule(denied, stands):
    found = decide(network(rule("api.example.test"), denied), "api.example.test", 443)
    assert (found == denied) is stands


def test_a_denied_upstream_is_denied_under_every_name():
    led = rule("127.0.0.1", 8080, upstream="https://api.example.test:443", loopback=True)
    denied = deny("api.example.test")
    assert decide(network(led, denied), "127.0.0.1", 8080) == denied
    assert decide(network(led, deny("api.example.test", 80)), "127.0.0.1", 8080) == led
    local = rule("host", 5432, upstream="[::1]:5432", raw=True)
    assert decide(network(local, deny("::1")), "host", 5432) == deny("::1")


def test_the_narrowest_denial_is_named():
    found = network(deny("*.test"), deny("*.example.test"), deny("a.example.test"), deny("a.example.test", 443))
    assert denial(found, "a.example.test", 443) == deny("a.example.test", 443)
    assert denial(found, "a.example.test", 80) == deny("a.example.test")
    assert denial(found, "b.example.test", 80) == deny("*.example.test")
    assert denial(found, "test", 80) is None


names = st.lists(st.sampled_from(("a", "b", "test")), min_size=1, max_size=4).map(".".join)
hosts = st.tuples(st.sampled_from(("", "*.")), names).map("".join)
entries = st.lists(
    st.one_of(
        st.builds(rule, hosts, st.sampled_from((80, 443))),
        st.builds(deny, hosts, st.sampled_from((0, 80, 443))),
    ),
    max_size=6,
    unique_by=lambda entry: (type(entry), entry.host, entry.port),
)


@given(entries, names, st.sampled_from((80, 443)), st.randoms(use_true_random=False))
def test_deny_always_wins_and_order_never_matters(given_entries, name, port, dice: random.Random):
    found = decide(network(*given_entries), name, port)
    is_denied = any(
        isinstance(each, Denied) and fits(each.host, name) and each.port in (0, port) for each in given_entries
    )
    assert isinstance(found, Denied) == is_denied
    if isinstance(found, Rule):
        assert fits(found.host, name)
        assert found.port == port
    shuffled = list(given_entries)
    dice.shuffle(shuffled)
    assert decide(network(*shuffled), name, port) == found


@given(entries, hosts, names, st.sampled_from((80, 443)))
def test_one_more_denial_only_takes_away(given_entries, host, name, port):
    before = decide(network(*given_entries), name, port)
    after = decide(network(*given_entries, deny(host)), name, port)
    assert after == before or isinstance(after, Denied)


def test_a_rule_without_bounds_lets_every_request_pass():
    for target in (b"/", b"*", b"/a/../b", b"//x", b"/%2e"):
        assert allows_request(rule("a.test"), b"ANY", target)


@pytest.mark.parametrize(
    ("method", "target", "passes"),
    [
        (b"GET", b"/repos/x/y", True),
        (b"GET", b"/repos/x/y?z=../..", True),
        (b"GET", b"/repos/", True),
        (b"GET", b"/repos", False),
        (b"GET", b"/graphql", True),
        (b"GET", b"/graphql/x", False),
        (b"GET", b"/REPOS/x", False),
        (b"POST", b"/repos/x", False),
        (b"get", b"/repos/x", False),
        (b"GET\xff", b"/repos/x", False),
        (b"OPTIONS", b"*", False),
        (b"GET", b"", False),
    ],
)
def test_methods_and_paths_bound_requests(method, target, passes):
    bound = rule("a.test", methods=("GET", "OPTIONS"), paths=("/repos/*", "/graphql"))
    assert allows_request(bound, method, target) is passes


def test_methods_alone_do_not_judge_the_target():
    assert allows_request(rule("a.test", methods=("OPTIONS",)), b"OPTIONS", b"*")


@pytest.mark.parametrize("path", [b"/a/../b", b"//a", b"/%2e%2e/", b"/a\\b", b"*", b"http://a.test/a"])
def test_a_path_that_servers_read_differently_fits_no_pattern(path):
    assert not allows_request(rule("a.test", paths=("/*", "*")), b"GET", path)
