from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.errors import PolicyError, Refused
from paddock.frozen import as_data, replace
from paddock.plan.hashing import plan_hash
from paddock.plan.model import Network, Rule
from paddock.plan.network import distinct, is_loopback, split, within_list
from paddock.policy.model import Allowed
from paddock.policy.reach import covers, is_covered
from tests.plan.machine import FLAG, allow, plan, policy, written

GOLDEN = Path(__file__).parents[1] / "golden" / "plan-network.json"


def test_off_reaches_nothing() -> None:
    found = plan(rules=policy(network_mode="off", allow=(allow("x.example.test"),)))
    assert (found.network.mode, found.network.rules) == ("off", ())
    assert "not reachable" in found.notes[0]


def test_allow_reaches_exactly_what_is_listed() -> None:
    rules = policy(
        network_mode="allow",
        allow=(allow("b.example.test"), allow("a.example.test", 80, private=True), allow("b.example.test")),
    )
    found = plan(rules=rules)
    assert [(rule.host, rule.port, rule.private) for rule in found.network.rules] == [
        ("a.example.test", 80, True),
        ("b.example.test", 443, False),
    ]
    assert any("198.18.0.1" in file.content for file in found.files if file.target == "/etc/resolv.conf")


def test_the_rule_that_allows_more_wins() -> None:
    found = plan(rules=policy(network_mode="allow", allow=(allow("a.test"), allow("a.test", private=True))))
    assert [rule.private for rule in found.network.rules] == [True]
    assert distinct(list(found.network.rules)) == found.network.rules


EVERYTHING = {
    "mode": "allow",
    "allow": [
        "b.example.test",
        "*.example.test:8443",
        {"host": "api.example.test", "methods": ["POST", "GET"], "paths": ["/v2/*", "/v1/*"], "upload": "10MiB"},
        {"host": "git.corp.example.test", "ports": [22, 443], "private": True, "raw": True},
        "host:5432",
    ],
    "deny": ["x.example.test", "*.y.example.test:443"],
    "publish": [3000, "8080:80"],
    "connections": 64,
    "rate": 20,
}


def network(**settings: Any) -> Network:
    return plan(rules=written(network=settings)).network


def test_everything_that_a_policy_says_is_in_the_golden_network() -> None:
    """PADDOCK_GOLDEN=write makes it anew, to be read before it is committed."""
    text = json.dumps(as_data(network(**EVERYTHING)), indent=1, sort_keys=True) + "\n"
    if os.environ.get("PADDOCK_GOLDEN") == "write":
        GOLDEN.write_text(text)
    assert GOLDEN.read_text() == text


def test_the_order_of_hosts_does_not_matter_to_the_hash() -> None:
    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: turned(value[key]) for key in reversed(value)}
        return [turned(each) for each in reversed(value)] if isinstance(value, list) else value

    one, other = (plan(rules=written(network=settings)) for settings in (EVERYTHING, turned(EVERYTHING)))
    assert one.network == other.network
    assert plan_hash(one) == plan_hash(other)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("deny", ["x.example.test"]), ("publish", [3000]), ("rate", 21), ("connections", 65), ("mode", "off"), ("allow", []),
        ("allow", [{"host": "b.example.test", "methods": ["GET"]}]), ("allow", [{"host": "b.example.test", "upload": 5}]),
    ],
)  # fmt: skip
def test_every_promise_of_the_network_is_in_the_hash(name: str, value: object) -> None:
    def hashed(**settings: Any) -> str:
        return plan_hash(plan(rules=written(network=settings)))

    assert hashed(**{**EVERYTHING, name: value}) != hashed(**EVERYTHING)


def test_denials_and_ports_stand_while_the_network_is_off() -> None:
    """An agent's profile may open it, within them."""
    found = network(**{**EVERYTHING, "mode": "off"})
    assert found == replace(network(**EVERYTHING), mode="off", rules=(), origin=found.origin)


def test_one_port_here_cannot_lead_to_two_inside() -> None:
    with pytest.raises(PolicyError, match="port 8080 of this machine cannot lead to two ports inside") as caught:
        network(publish=["8080:80", "8080:81"])
    assert "--publish 8081:81" in caught.value.next_step
    assert [port.inside for port in network(publish=["8080:80", "8081:80", "8080:80"]).published] == [80, 80]


@pytest.mark.parametrize(
    ("listed", "kept"),
    [
        (["api.test"], {}),
        (["*.test.example.test"], None),
        ([], None),
        (["api.test:80"], None),
        ([{"host": "api.test", "methods": ["GET"], "paths": ["/v1"]}], {"methods": ("GET",), "paths": ("/v1",)}),
        ([{"host": "api.test", "upload": 5}, "other.test"], {"upload": 5}),
    ],
)
def test_a_rule_is_kept_within_a_list_with_its_bounds(listed: list[Any], kept: dict[str, Any] | None) -> None:
    rule = Rule("api.test", 443, FLAG, private=False)
    entries = written(network={"allow": listed}).allow
    assert within_list(rule, entries) == (None if kept is None else replace(rule, **kept))


def test_where_a_rule_leads_is_what_the_list_must_name() -> None:
    led = Rule("127.0.0.1", 8080, FLAG, private=True, upstream="https://api.test:443", loopback=True)
    public, private = ([allow("api.test", private=word)] for word in (False, True))
    assert within_list(led, private) == led
    assert within_list(led, public) is None
    assert within_list(replace(led, private=False), public) == replace(led, private=False)
    assert within_list(led, [allow("127.0.0.1", 8080, private=True)]) is None


hosts = st.sampled_from(("api.test", "*.test", "x.api.test", "*.api.test"))
bounds = st.fixed_dictionaries({}, optional={
    "private": st.booleans(), "methods": st.sampled_from((("GET",), ("GET", "POST"))), "paths": st.sampled_from((("/a",), ("/a", "/*"))),
    "upload": st.sampled_from((1, 9)), "raw": st.booleans(),
})  # fmt: skip
allowances = st.builds(lambda host, more: Allowed(host, 443, more.pop("private", False), FLAG, **more), hosts, bounds)
rules = st.builds(lambda host, more: Rule(host, 443, FLAG, **more), hosts, bounds)


@given(rules, st.lists(allowances, max_size=4, unique_by=lambda entry: entry.host))
def test_what_is_kept_of_a_rule_never_passes_the_lists_bounds(rule: Rule, listed: list[Allowed]) -> None:
    kept = within_list(rule, listed)
    if kept is None:
        assert not is_covered(rule, listed)
    else:
        assert is_covered(kept, listed)
        assert covers(rule, kept)


def test_a_private_rule_loses_that_where_the_list_does_not_say_so() -> None:
    assert within_list(Rule("api.test", 443, FLAG, private=True, raw=True), [allow("api.test")]) == Rule(
        "api.test", 443, FLAG
    )


def test_registries_are_refused_not_ignored() -> None:
    with pytest.raises(Refused, match="not available yet"):
        plan(rules=policy(network_mode="registries"))


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://api.example.test", ("https", "api.example.test", 443, "")),
        ("HTTP://API.example.test:8080/v1?x#y", ("http", "api.example.test", 8080, "/v1?x#y")),
        ("http://127.0.0.1:9/", ("http", "127.0.0.1", 9, "/")),
        ("http://[::1]:9", ("http", "::1", 9, "")),
        ("https://[::1]", ("https", "::1", 443, "")),
        ("http://localhost", ("http", "localhost", 80, "")),
    ],
)
def test_urls_that_can_be_allowed(url: str, parts: tuple[str, str, int, str]) -> None:
    assert split(url, "URL") == parts


@pytest.mark.parametrize(
    "url",
    ["", "api.example.test", "ftp://x.test", "https://", "https://user:hunter2@x.test", "https://x.test:", "https://x.test:0", "https://x.test:65536",
     "https://x.test:\uff18\uff10", "https://x .test", "https://x.test/a b", "https://x.test\n.evil.test", "https://-x.test", "https://x..test", "https://é.test",
     "https://[::1", "https://[::1]x", "https://[x]:1", "https://x_y.test\\@evil.test", "file:///etc", "https:/x.test", "https://a.test:1:2",
     "https://x.test\\.evil.test", "https://" + "a" * 64 + ".test"],
)  # fmt: skip
def test_urls_that_cannot(url: str) -> None:
    with pytest.raises(PolicyError) as caught:
        split(url, "URL")
    assert "hunter2" not in caught.value.what
    assert caught.value.next_step


@given(st.text(max_size=30))
def test_any_text_is_a_url_or_an_error(text: str) -> None:
    for url in (text, f"https://{text}"):
        try:
            scheme, host, port, _ = split(url, "URL")
        except PolicyError:
            continue
        assert scheme in ("http", "https")
        assert host.isascii()
        assert not set(host) & set("/@\\ ?#%")
        assert 0 < port < 65536


def test_loopback() -> None:
    assert all(map(is_loopback, ("localhost", "127.0.0.1", "127.9.9.9", "::1")))
    assert not any(
        map(is_loopback, ("127.evil.test", "localhost.evil.test", "0.0.0.0", "128.0.0.1", "127.0.0.1.test", "127.1"))
    )
