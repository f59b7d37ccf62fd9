"""A login that is kept makes a credential, and takes away the place that would give new tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paddock.agents.profile import load
from paddock.frozen import replace
from paddock.plan.resolve import Request, resolve
from tests.plan.machine import HOME, REPOSITORY, STATE, SYSTEM, Fake, policy

if TYPE_CHECKING:
    from paddock.plan.model import Plan

KEPT = f"{STATE}/logins"
OWN = f"{KEPT}/claude/{Fake({}).repository_key(REPOSITORY)}/subscription.json"


def plan(agent: str, *files: str, environ: dict[str, str] | None = None) -> Plan:
    host = Fake({**SYSTEM, f"/usr/bin/{agent}": "x", **dict.fromkeys(files, "x")}, environ=environ or {})
    return resolve(policy(), Request((agent,), REPOSITORY, REPOSITORY, False, agent=load(agent)), host)


def reached(made: Plan) -> set[str]:
    return {rule.host for rule in made.network.rules}


def test_nothing_is_kept() -> None:
    made = plan("claude")
    assert not made.credentials
    assert "platform.claude.com" in reached(made)


def test_the_access_token_goes_to_the_agents_own_api_and_no_refresh_is_reached() -> None:
    made = plan("claude", f"{KEPT}/claude/subscription.json")
    (one,) = made.credentials
    assert (one.source, one.shape, one.variables, one.ttl_s > 0) == ("login:claude/subscription", "bearer", (), True)
    assert {(bound.host, bound.port) for bound in one.bound} == {("api.anthropic.com", 443)}
    assert "/v1/messages*" in one.bound[0].paths
    assert not [path for path in one.bound[0].paths if "create_api_key" in path or path in ("/*", "/api/*")]
    assert "platform.claude.com" not in reached(made)
    assert f"{HOME}/.claude/.claude.json" in {seed.target for seed in made.seeds}
    assert "has no key and no login" not in " ".join(made.notes)


def test_the_repositorys_own_goes_before_the_persons() -> None:
    made = plan("claude", f"{KEPT}/claude/subscription.json", OWN)
    assert [one.source for one in made.credentials] == [f"login:{OWN.removeprefix(KEPT + '/').removesuffix('.json')}"]


def test_where_the_persons_base_url_leads_the_login_leads_but_for_a_key() -> None:
    environ = {"ANTHROPIC_BASE_URL": "http://127.0.0.1:4000"}
    (one,) = plan("claude", f"{KEPT}/claude/subscription.json", environ=environ).credentials
    assert ("127.0.0.1", 4000) in {(bound.host, bound.port) for bound in one.bound}
    environ["ANTHROPIC_API_KEY"] = "sk-ant-not-a-secret"
    made = plan("claude", f"{KEPT}/claude/subscription.json", environ=environ)
    assert [each.source for each in made.credentials] == ["env:ANTHROPIC_API_KEY"]


def test_without_a_base_url_a_login_goes_before_a_key() -> None:
    made = plan("claude", f"{KEPT}/claude/subscription.json", environ={"ANTHROPIC_API_KEY": "sk-ant-not-a-secret"})
    assert [each.source for each in made.credentials] == ["login:claude/subscription"]


def test_codex_is_told_of_a_provider_that_needs_the_login() -> None:
    made = plan("codex", f"{KEPT}/codex/chatgpt.json")
    assert [one.source for one in made.credentials] == ["login:codex/chatgpt"]
    assert [word for word in made.command if "requires_openai_auth=true" in word]
    assert {"auth.openai.com"}.isdisjoint(reached(made))
    environ = {"OPENAI_API_KEY": "sk-not-a-secret", "OPENAI_BASE_URL": "http://127.0.0.1:4000/v1"}
    keyed = plan("codex", f"{KEPT}/codex/chatgpt.json", environ=environ)
    assert not [word for word in keyed.command if "requires_openai_auth=true" in word]
    assert [one.source for one in keyed.credentials] == ["env:OPENAI_API_KEY"]


def test_of_two_logins_each_goes_its_own_way() -> None:
    made = plan("pi", f"{KEPT}/pi/anthropic.json", f"{KEPT}/pi/chatgpt.json")
    places = {one.source: {bound.host for bound in one.bound} for one in made.credentials}
    assert places == {"login:pi/anthropic": {"api.anthropic.com"}, "login:pi/chatgpt": {"chatgpt.com"}}
    assert reached(made).isdisjoint({"platform.claude.com", "auth.openai.com"})


def test_a_link_in_their_place_is_none() -> None:
    host = Fake({**SYSTEM, "/usr/bin/claude": "x", f"{KEPT}/claude/subscription.json": "-> /etc/passwd"})
    request = Request(("claude",), REPOSITORY, REPOSITORY, False, agent=load("claude"))
    assert not resolve(policy(), request, host).credentials


def test_a_login_plan_knows_of_none() -> None:
    profile = load("claude")
    bare = replace(profile, login=replace(profile.login, tokens=()))
    host = Fake({**SYSTEM, "/usr/bin/claude": "x", f"{KEPT}/claude/subscription.json": "x"})
    made = resolve(policy(), Request(("claude",), REPOSITORY, REPOSITORY, False, agent=bare), host)
    assert not made.credentials
    assert "platform.claude.com" in reached(made)
