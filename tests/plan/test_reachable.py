"""Whether a host can be reached, and who decided."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.frozen import replace
from paddock.plan.matching import decide
from paddock.plan.model import Denied, Rule
from paddock.plan.reachable import reach
from paddock.policy.model import Origin, Text
from tests.plan.machine import FLAG, allow, plan, policy, written

PLAN = plan(rules=policy(network_mode="allow", allow=(allow("api.example.test", 8443),)))


@pytest.mark.parametrize(
    ("subject", "allowed", "why", "advice"),
    [
        ("api.example.test:8443", True, "", ""),
        ("API.example.test.", True, "", ""),
        ("api.example.test:443", False, "only port 8443", ""),
        ("other.test", False, "not in the list", "--allow other.test:443"),
        ("other.test:22", False, "not in the list", "--allow other.test:22"),
        ("localhost:5432", False, "loopback is the sandbox's own", ""),
        ("127.0.0.1", False, "loopback", ""),
        ("[::1]:80", False, "loopback", ""),
        ("169.254.169.254", False, "only names", ""),
        ("[fd00::1]:1", False, "only names", ""),
        ("metadata.google.internal", False, "not in the list", ""),
        ("intranet", False, "not in the list", ""),
    ],
)
def test_a_table_of_hosts(subject: str, allowed: bool, why: str, advice: str) -> None:
    found = reach(PLAN, subject)
    assert found.allowed == allowed
    assert why in found.why
    assert bool(found.next_step) == bool(advice)
    assert advice in found.next_step


def test_an_off_that_somebody_wrote_is_not_argued_with() -> None:
    off = plan(rules=policy(network_mode=Text("off", Origin("floor", "/etc/paddock/policy.toml:1"))))
    found = reach(off, "a.test")
    assert (found.decided_by, found.next_step) == ("floor /etc/paddock/policy.toml:1", "")
    assert reach(plan(), "a.test").next_step


RULES = plan(
    rules=written(
        network={
            "mode": "allow",
            "allow": [
                "*.example.test",
                {"host": "*.a.example.test", "methods": ["GET"], "paths": ["/v1/*"]},
                {"host": "api.a.example.test", "ports": [80, 443], "upload": "1MiB"},
                "denied.test",
                "some.test",
                "some.test:80",
                "host:5432",
            ],
            "deny": ["denied.test", "*.b.example.test", "some.test:80", "nowhere.test", "*.c.test"],
        },
    )
)


@pytest.mark.parametrize(
    ("subject", "allowed", "how", "why"),
    [
        ("www.example.test", True, "port 443", "by *.example.test"),
        ("example.test", False, "not reachable", "not in the list"),
        ("x.a.example.test", True, "port 443", "by *.a.example.test; GET, /v1/*; stands over *.example.test:443"),
        ("api.a.example.test:443", True, "port 443", "uploads up to 1 MiB; stands over *.a.example.test:443"),
        ("api.a.example.test", True, "port 80, 443", "uploads up to 1 MiB"),
        ("api.a.example.test:22", False, "not reachable", "only port 443, 80 is allowed"),
        (
            "x.b.example.test",
            False,
            "not reachable",
            "*.b.example.test (every port) is denied; that stands over *.example",
        ),
        ("denied.test", False, "not reachable", "denied.test (every port) is denied; that stands over denied.test:443"),
        ("denied.test:443", False, "not reachable", "is denied"),
        ("some.test", True, "port 443", "not on port 80, denied by person"),
        ("some.test:80", False, "not reachable", "some.test:80 is denied"),
        ("nowhere.test:22", False, "not reachable", "nowhere.test (every port) is denied"),
        ("nowhere.test", False, "not reachable", "is denied"),
        ("x.c.test", False, "not reachable", "*.c.test (every port) is denied"),
        ("host:5432", True, "port 5432", "leads to 127.0.0.1:5432"),
        ("*.example.test", True, "port 443", ""),
        ("*.q.example.test", True, "port 443", "by *.example.test"),
        ("*.b.example.test", False, "not reachable", "is denied"),
        ("*.other.test", False, "not reachable", "not in the list"),
        ("*", False, "not reachable", "not in the list"),
        ("6f1e2d3c4b5a69788796a5b4c3d2e1f0.example.test", False, "not reachable", "looks like data"),
        ("WWW.EXAMPLE.TEST.:443", True, "port 443", "by *.example.test"),
    ],
)
def test_the_deciding_rule_is_named(subject: str, allowed: bool, how: str, why: str) -> None:
    found = reach(RULES, subject)
    assert (found.allowed, found.kind) == (allowed, "host")
    assert how in found.how
    assert why in found.why


def test_an_agents_model_is_reached_by_its_endpoint() -> None:
    led = Rule("127.0.0.1", 8080, FLAG, upstream="https://model.test:443", loopback=True)
    found = replace(RULES, network=replace(RULES.network, rules=(*RULES.network.rules, led)))
    for subject in ("model.test", "model.test:443"):
        assert reach(found, subject).how == "reachable only as 127.0.0.1:8080 inside"
    assert not reach(found, "model.test:80").allowed
    denied = replace(found, network=replace(found.network, denied=(Denied("model.test", 0, FLAG),)))
    assert not reach(denied, "model.test:443").allowed


@pytest.mark.parametrize("subject", ["denied.test", "nowhere.test", "x.c.test:1", "*.other.test"])
def test_a_denial_gets_no_advice(subject: str) -> None:
    assert reach(RULES, subject).next_step == ""


def test_who_wrote_it_is_said() -> None:
    assert reach(RULES, "www.example.test").decided_by == "person policy.toml:1"
    assert reach(RULES, "denied.test").decided_by == "person policy.toml:1"


names = st.lists(
    st.sampled_from(("www", "a", "b", "c", "api", "example", "some", "denied", "test")), min_size=1, max_size=4
)


@given(names.map(".".join), st.sampled_from((22, 80, 443, 5432)))
def test_it_says_what_the_gateway_is_told(name: str, port: int) -> None:
    assert reach(RULES, f"{name}:{port}").allowed == isinstance(decide(RULES.network, name, port), Rule)


@given(st.text(max_size=20))
def test_any_text_has_an_answer(subject: str) -> None:
    assert reach(RULES, subject).subject == subject
