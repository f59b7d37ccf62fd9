from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.learning.judging import MOST_BELOW_ONE_OWNER, Judged, judge
from paddock.learning.wishes import Wish
from paddock.policy.model import Allowed, Denial, Origin
from paddock.policy.names import canonical
from paddock.policy.tenants import SHARED, shared

ORIGIN = Origin("person", "policy.toml:1")


def wish(name: str, reason: str = "not-allowed", count: int = 1, *, granted: bool = False) -> Wish:
    return Wish(name, 443, reason, count, granted)


def judged(*wishes: Wish, allowed: tuple[str, ...] = (), denied: tuple[str, ...] = ()) -> Judged:
    known = tuple(Allowed(host, 443, private=False, origin=ORIGIN) for host in allowed)
    return judge(wishes, known, tuple(Denial(host, 0, ORIGIN) for host in denied))


def hosts(found: Judged) -> list[str]:
    return [one.host for one in found.proposals]


def test_the_least_risk_comes_first() -> None:
    found = judged(
        wish("github.com", count=90),
        wish("rare.example.org"),
        wish("often.example.net", count=5),
        wish("cdn.example.com"),
        wish("docs.example.dev", granted=True),
        allowed=("api.example.com",),
    )
    assert [(one.host, one.risk) for one in found.proposals] == [
        ("cdn.example.com", "low"), ("docs.example.dev", "low"),
        ("often.example.net", "medium"), ("rare.example.org", "medium"), ("github.com", "high"),
    ]  # fmt: skip
    assert found.left_out == ()
    assert found.proposals[0].why == "asked for once; api.example.com is allowed already"
    assert found.proposals[1].why == "you granted it in that session"
    assert found.proposals[2].why == "asked for 5 times"


@pytest.mark.parametrize("domain", [domain for each in SHARED for domain in each.domains])
def test_hosts_of_strangers_are_marked_or_never_proposed(domain: str) -> None:
    known = shared(domain)
    assert known
    for name in (domain, f"www.{domain}", f"A.{domain.upper()}."):
        found = judged(wish(name))
        if known.sort in ("paste", "tunnel", "catcher", "chat", "resolver"):
            assert found.proposals == ()
            assert found.left_out[0].why == known.why
        else:
            assert [(one.risk, one.warning) for one in found.proposals] == [("high", known.why)]


@pytest.mark.parametrize(
    "domain", ["webhook.site", "pastebin.com", "gist.github.com", "discord.com", "ngrok.io", "dns.google"]
)
def test_not_even_a_grant_makes_a_proposal_of_these(domain: str) -> None:
    assert judged(wish(domain, granted=True), wish(f"*.{domain}", "", granted=True)).proposals == ()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("169.254.169.254", "address"),
        ("10.0.0.1", "address"),
        ("0x7f.1", "no host name"),
        ("2130706433", "no host name"),
        ("::1", "no host name"),
        ("localhost", "your own network"),
        ("printer", "your own network"),
        ("nas.local", "your own network"),
        ("git.corp", "your own network"),
        ("metadata.google.internal", "your own network"),
        ("router.home.arpa", "your own network"),
        ("4f3c2a1b9d8e7f6a5b4c3d2e1f0a9b8c.example.org", "looks like data"),
        ("deadbeef" * 6 + ".example.org", "looks like data"),
        ("a\nb.example.org", "no host name"),
        ("\x1b[2J.example.org", "no host name"),
        ("\udcff.example.org", "no host name"),
        ("", "no host name"),
        ("a" * 300, "no host name"),
    ],
)
def test_what_is_never_proposed(name: str, why: str) -> None:
    found = judged(wish(name))
    assert found.proposals == ()
    assert why in found.left_out[0].why


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        ("address-private", "private address"),
        ("address-metadata", "no rule would allow it"),
        ("tls-other-name", "no rule would allow it"),
        ("canary-used", "no rule would allow it"),
        ("denied", "a rule denies it"),
        ("name-like-data", "looks like data"),
        ("not-tls-or-http", "raw = true"),
        ("too-many-names", "more names"),
    ],
)
def test_only_what_a_rule_would_change_is_proposed(reason: str, why: str) -> None:
    found = judged(wish("api.example.org", reason))
    assert found.proposals == ()
    assert why in found.left_out[0].why


def test_many_names_of_one_owner_are_not_proposed_one_by_one() -> None:
    few = [wish(f"n{number}.x.example.org") for number in range(MOST_BELOW_ONE_OWNER)]
    assert len(judged(*few).proposals) == MOST_BELOW_ONE_OWNER
    more = judged(*few, wish("y.example.org"), wish("api.example.net"))
    assert hosts(more) == ["api.example.net"]
    assert {one.why for one in more.left_out} == {"9 names of example.org were asked for: together they can carry data"}
    strangers = [wish(f"n{number}.co.uk") for number in range(MOST_BELOW_ONE_OWNER + 1)]
    assert len(judged(*strangers).proposals) == len(strangers), "each has an owner of its own"


def test_what_is_allowed_or_denied_already_is_not_proposed() -> None:
    found = judged(
        wish("a.example.org"), wish("b.example.com"), wish("c.example.net"),
        allowed=("*.example.org",), denied=("*.example.com",),
    )  # fmt: skip
    assert hosts(found) == ["c.example.net"]
    assert [(one.name, one.why) for one in found.left_out] == [("b.example.com", "the policy denies it")]


def test_one_name_is_proposed_once_in_its_one_spelling() -> None:
    found = judged(wish("API.example.org."), wish("api.example.org", count=4), wish("Api.example.org", count=2))
    assert [(one.host, one.count) for one in found.proposals] == [("api.example.org", 4)]


@given(st.lists(st.text(max_size=30) | st.sampled_from(["a.test", "*.a.test", "x.github.com"]), max_size=12))
def test_whatever_a_sandbox_asks_for_a_proposal_is_a_plain_name(names: list[str]) -> None:
    for one in judged(*map(wish, names)).proposals:
        assert canonical(one.host.removeprefix("*.")) == one.host.removeprefix("*.")
        assert "." in one.host
