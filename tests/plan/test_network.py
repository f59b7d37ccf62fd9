from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.errors import PolicyError, Refused
from paddock.plan.network import distinct, is_loopback, split
from tests.plan.machine import allow, plan, policy


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
