from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from paddock.agents.profile import load
from paddock.errors import PolicyError
from paddock.policy.model import Origin, Text
from tests.plan.machine import HOME, PERSON, REPOSITORY, STATE, Fake, allow, assign, plan, policy, targets, variables

if TYPE_CHECKING:
    from paddock.plan.model import Plan, Rule

CLAUDE = load("claude")
INSTALLED = {
    f"{HOME}/.local/bin/claude": f"-> {HOME}/.local/share/claude/versions/1",
    f"{HOME}/.local/share/claude/versions/1": "x",
}
FLOOR = Origin("floor", "/etc/paddock/policy.toml:2")


def run(
    *, environ: dict[str, str] | None = None, files: dict[str, str] | None = None, command: str = "claude", **rules: Any
) -> Plan:
    environ = {"PATH": f"{HOME}/.local/bin:/usr/bin", **(environ or {})}
    return plan(
        {**INSTALLED, **(files or {})}, command, "-p", "go", environ=environ, rules=policy(**rules), agent=CLAUDE
    )


def names(found: Plan) -> list[str]:
    return [f"{rule.host}:{rule.port}" for rule in found.network.rules]


def test_by_default_only_the_agents_names_are_reached() -> None:
    found = run()
    assert found.agent == "claude"
    assert found.network.mode == "allow"
    assert names(found) == ["api.anthropic.com:443", "console.anthropic.com:443", "platform.claude.com:443"]
    assert {rule.origin.kind for rule in found.network.rules} == {"agent"}


def test_its_state_is_its_own_and_per_repository() -> None:
    found = run(files={f"{HOME}/.claude/.credentials.json": "secret"})
    mount = next(mount for mount in found.mounts if mount.access == "write")
    assert mount.source.startswith(f"{STATE}/agents/claude/")
    assert mount.target == f"{HOME}/.claude"
    assert variables(found)["CLAUDE_CONFIG_DIR"] == f"{HOME}/.claude"
    assert not [each for each in found.mounts if each.source.startswith(f"{HOME}/.claude")]
    assert f"{HOME}/.local/share/claude/versions" in targets(found)


def test_its_settings_are_set_and_those_of_the_policy_stand() -> None:
    found = run(
        set_variables=(assign("DISABLE_AUTOUPDATER", "0"), assign("CLAUDE_CONFIG_DIR", "/elsewhere")),
        environ={"ANTHROPIC_MODEL": "m"},
    )
    seen = variables(found)
    assert (seen["DISABLE_AUTOUPDATER"], seen["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"], seen["ANTHROPIC_MODEL"]) == (
        "0",
        "1",
        "m",
    )
    assert seen["CLAUDE_CONFIG_DIR"] == f"{HOME}/.claude"


def test_its_key_enters_only_when_named() -> None:
    environ = {"ANTHROPIC_API_KEY": "k", "CLAUDE_CODE_OAUTH_TOKEN": "t"}
    assert not {"ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN"} & set(variables(run(environ=environ)))
    found = run(environ=environ, pass_variables=["ANTHROPIC_API_KEY"])
    assert variables(found)["ANTHROPIC_API_KEY"] == "k"
    assert "CLAUDE_CODE_OAUTH_TOKEN" not in variables(found)
    assert found.notes == ()


def test_without_key_and_login_that_is_said_and_with_a_login_it_is_not() -> None:
    first = run()
    assert "no key and no login" in first.notes[0]
    source = next(mount.source for mount in first.mounts if mount.access == "write")
    assert run(files={f"{source}/.credentials.json": "x"}).notes == ()


def test_an_explicit_off_stands_and_is_said() -> None:
    for origin in (PERSON, FLOOR, Origin("repository", "paddock.toml:1")):
        found = run(network_mode=Text("off", origin))
        assert (found.network.mode, names(found)) == ("off", [])
        assert any("network mode is off" in note for note in found.notes)


def test_the_policys_names_and_the_agents_add_up() -> None:
    found = run(network_mode=Text("allow", PERSON), allow=(allow("pkg.example.test"),))
    assert "pkg.example.test:443" in names(found)
    assert "api.anthropic.com:443" in names(found)


def test_a_floor_with_an_empty_list_leaves_the_agent_nothing() -> None:
    found = run(bounded=("network.allow",))
    assert names(found) == []


def test_a_floor_that_lists_names_bounds_the_agent() -> None:
    listed = allow("api.anthropic.com", origin=FLOOR)
    found = run(network_mode=Text("allow", PERSON), allow=(listed,), bounded=("network.allow",))
    assert names(found) == ["api.anthropic.com:443"]
    assert any("the floor does not list it" in note for note in found.notes)
    bounded = run(
        network_mode=Text("allow", PERSON),
        allow=(listed,),
        bounded=("network.allow",),
        environ={"ANTHROPIC_BASE_URL": "http://localhost:9"},
    )
    assert names(bounded) == ["api.anthropic.com:443"]


@pytest.mark.parametrize(
    ("url", "inside", "rule"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", ("127.0.0.1", 8080, "127.0.0.1:8080", True)),
        ("http://localhost:8080/v1", "http://127.0.0.1:8080/v1", ("127.0.0.1", 8080, "127.0.0.1:8080", True)),
        ("http://[::1]:8080", "http://127.0.0.1:8080", ("127.0.0.1", 8080, "[::1]:8080", True)),
        ("http://127.0.0.9:8080/", "http://127.0.0.1:8080/", ("127.0.0.1", 8080, "127.0.0.9:8080", True)),
        ("https://llm.corp.example/x", "https://llm.corp.example/x", ("llm.corp.example", 443, "", False)),
        ("http://llm.corp.example:81", "http://llm.corp.example:81", ("llm.corp.example", 81, "", False)),
    ],
)
def test_a_base_url_replaces_the_agents_names(url: str, inside: str, rule: tuple[str, int, str, bool]) -> None:
    found = run(environ={"ANTHROPIC_BASE_URL": url})
    assert variables(found)["ANTHROPIC_BASE_URL"] == inside
    (only,) = found.network.rules
    assert (only.host, only.port, only.upstream, only.loopback) == rule
    assert only.private


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1:80",
        "https://[2001:db8::1]",
        "ftp://x.test",
        "https://u:p@x.test",
        "x",
        "http://0.0.0.0:1",
        "http://169.254.169.254",
        "http://127.1:80",
        "http://2130706433",
    ],
)
def test_any_other_base_url_is_an_error(url: str) -> None:
    with pytest.raises(PolicyError) as caught:
        run(environ={"ANTHROPIC_BASE_URL": url})
    assert "ANTHROPIC_BASE_URL" in caught.value.what


def test_a_person_may_set_the_base_url_in_the_policy_and_a_repository_may_not() -> None:
    assert names(run(set_variables=(assign("ANTHROPIC_BASE_URL", "https://a.test", PERSON),))) == ["a.test:443"]
    repository = assign("ANTHROPIC_BASE_URL", "https://evil.test", Origin("repository", "paddock.toml:9"))
    found = run(set_variables=(repository,))
    assert "evil.test:443" not in names(found)
    assert "api.anthropic.com:443" in names(found)


def test_a_private_model_is_reached_also_where_the_policy_lists_its_name() -> None:
    found = run(
        network_mode=Text("allow", PERSON),
        allow=(allow("llm.test"),),
        environ={"ANTHROPIC_BASE_URL": "https://llm.test"},
    )
    assert [(rule.host, rule.private) for rule in found.network.rules] == [("llm.test", True)]


@pytest.mark.parametrize("command", ["./claude", f"{REPOSITORY}/claude", "node_modules/.bin/claude", "claude"])
def test_a_file_of_the_repository_that_calls_itself_like_the_agent_gets_nothing(command: str) -> None:
    files = {f"{REPOSITORY}/claude": "x", f"{REPOSITORY}/node_modules/.bin/claude": "-> ../../claude"}
    found = run(files=files, command=command, environ={"PATH": f"{REPOSITORY}/node_modules/.bin:{HOME}/.local/bin"})
    assert found.agent == ""
    assert found.network.mode == "off"
    assert not [mount for mount in found.mounts if mount.access == "write"]
    assert "a file of the repository" in found.notes[0]


def test_a_link_from_outside_into_the_repository_does_not_count_as_outside() -> None:
    files = {f"{HOME}/.local/bin/claude": f"-> {REPOSITORY}/claude", f"{REPOSITORY}/claude": "x"}
    assert run(files=files).agent == ""


def test_another_command_has_no_profile() -> None:
    host = Fake({}, environ={"ANTHROPIC_BASE_URL": "https://x.test"})
    found = plan(None, "python3", host=host)
    assert (found.agent, found.network) == ("", plan().network)
    assert "ANTHROPIC_BASE_URL" not in variables(found)


def test_rules_are_what_the_gateway_expects() -> None:
    from paddock.gateway.rules import check

    for url in ("http://localhost:1", "http://[::1]:1", "https://a.test"):
        rules: tuple[Rule, ...] = run(environ={"ANTHROPIC_BASE_URL": url}).network.rules
        assert len(rules) == 1
        check(rules[0])
