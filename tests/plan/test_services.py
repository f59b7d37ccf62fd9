from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from paddock.agents.profile import load, names
from paddock.errors import PolicyError
from paddock.plan.model import Bound, Credential
from paddock.plan.services import FIRST_PORT
from paddock.policy.model import Binding, Origin, Text
from tests.plan.machine import HOME, PERSON, STATE, allow, assign, plan, policy, variables

if TYPE_CHECKING:
    from paddock.plan.model import Plan

FLOOR = Origin("floor", "/etc/paddock/policy.toml:2")
KEYED = {"ANTHROPIC_API_KEY": "sk-ant-k"}


def run(
    name: str = "claude",
    *arguments: str,
    environ: dict[str, str] | None = None,
    files: dict[str, str] | None = None,
    **rules: Any,
) -> Plan:
    environ = {"PATH": f"{HOME}/.local/bin:/usr/bin", **(environ or {})}
    installed = {f"{HOME}/.local/bin/{name}": "x", **(files or {})}
    return plan(installed, name, *arguments, environ=environ, rules=policy(**rules), agent=load(name))


def leads(found: Plan) -> dict[str, str]:
    return {f"{rule.host}:{rule.port}": rule.upstream for rule in found.network.rules}


def test_a_key_in_the_environment_is_enough_and_stays_there() -> None:
    found = run(environ=KEYED)
    assert leads(found) == {f"127.0.0.1:{FIRST_PORT}": "https://api.anthropic.com:443"}
    (rule,) = found.network.rules
    assert rule.loopback
    assert not rule.private
    assert variables(found)["ANTHROPIC_BASE_URL"] == f"http://127.0.0.1:{FIRST_PORT}"
    assert found.credentials == (
        Credential(
            "claude/anthropic",
            "env:ANTHROPIC_API_KEY",
            "header:x-api-key",
            (Bound("api.anthropic.com", 443),),
            ("ANTHROPIC_AUTH_TOKEN",),
            Origin("agent", "claude"),
        ),
    )
    assert "sk-ant-k" not in repr(found)
    assert found.notes == ()


@pytest.mark.parametrize(
    ("url", "inside", "upstream", "bound"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("http://localhost:8080/v1", "http://127.0.0.1:8080/v1", "127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("https://localhost:8443", "http://127.0.0.1:8443", "https://localhost:8443", ("localhost", 8443)),
        ("http://[::1]:8080", "http://127.0.0.1:8080", "[::1]:8080", ("::1", 8080)),
        ("http://127.0.0.9:8080/", "http://127.0.0.1:8080/", "127.0.0.9:8080", ("127.0.0.9", 8080)),
        ("https://LLM.corp.example/x", f"http://127.0.0.1:{FIRST_PORT}/x", "https://llm.corp.example:443", ("llm.corp.example", 443)),
        ("http://llm.corp.example:81", f"http://127.0.0.1:{FIRST_PORT}", "llm.corp.example:81", ("llm.corp.example", 81)),
    ],
)  # fmt: skip
def test_a_base_url_is_where_the_endpoint_leads_and_the_key_goes(
    url: str, inside: str, upstream: str, bound: tuple[str, int]
) -> None:
    found = run(environ={**KEYED, "ANTHROPIC_BASE_URL": url})
    assert variables(found)["ANTHROPIC_BASE_URL"] == inside
    (rule,) = found.network.rules
    assert (rule.host, rule.upstream, rule.loopback, rule.private) == ("127.0.0.1", upstream, True, True)
    assert f"127.0.0.1:{rule.port}" in inside
    assert [(each.host, each.port) for each in found.credentials[0].bound] == [bound]


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1:80", "https://[2001:db8::1]", "ftp://x.test", "https://u:p@x.test", "x", "http://0.0.0.0:1",
        "http://169.254.169.254", "http://127.1:80", "http://2130706433",
    ],
)  # fmt: skip
def test_any_other_base_url_is_an_error(url: str) -> None:
    with pytest.raises(PolicyError) as caught:
        run(environ={"ANTHROPIC_BASE_URL": url})
    assert "ANTHROPIC_BASE_URL" in caught.value.what


def test_a_person_may_set_the_base_url_in_the_policy_and_a_repository_may_not() -> None:
    mine = assign("ANTHROPIC_BASE_URL", "https://a.test", PERSON)
    assert list(leads(run(set_variables=(mine,), environ=KEYED)).values()) == ["https://a.test:443"]
    theirs = assign("ANTHROPIC_BASE_URL", "https://evil.test", Origin("repository", "paddock.toml:9"))
    found = run(set_variables=(theirs,), environ=KEYED)
    assert list(leads(found).values()) == ["https://api.anthropic.com:443"]
    assert "evil" not in variables(found)["ANTHROPIC_BASE_URL"]
    assert [each.host for each in found.credentials[0].bound] == ["api.anthropic.com"]


def test_a_key_that_somebody_puts_inside_is_not_swapped() -> None:
    found = run(environ={**KEYED, "ANTHROPIC_AUTH_TOKEN": "t"}, pass_variables=["ANTHROPIC_API_KEY"])
    assert variables(found)["ANTHROPIC_API_KEY"] == "sk-ant-k"
    assert found.credentials == ()
    assert list(leads(found).values()) == ["https://api.anthropic.com:443"]


def test_a_key_that_the_policy_brokers_is_left_to_it_and_has_its_endpoint() -> None:
    host = allow("api.openai.com")
    binding = Binding("mine", "command:op read x", "bearer", (host,), ("OPENAI_API_KEY",), PERSON)
    found = run("codex", "exec", credentials=(binding,), environ={"OPENAI_API_KEY": "never"})
    assert "env:OPENAI_API_KEY" not in [each.source for each in found.credentials]
    assert "https://api.openai.com:443" in leads(found).values()
    assert any('env_key="OPENAI_API_KEY"' in word for word in found.command)
    assert not [note for note in found.notes if "no key" in note]


def test_of_two_keys_only_the_one_that_the_agent_would_use_is_there() -> None:
    found = run(environ={**KEYED, "ANTHROPIC_AUTH_TOKEN": "t"})
    assert [(each.source, each.shape) for each in found.credentials] == [("env:ANTHROPIC_AUTH_TOKEN", "bearer")]
    assert "ANTHROPIC_API_KEY" not in variables(found)


def test_an_empty_key_is_none() -> None:
    assert run(environ={"ANTHROPIC_API_KEY": ""}).credentials == ()


def test_a_login_inside_goes_before_a_key_but_not_before_a_base_url() -> None:
    source = next(mount.source for mount in run().mounts if mount.access == "write")
    login = {f"{source}/.credentials.json": '{"accessToken": "x"}'}
    found = run(environ=KEYED, files=login)
    assert (found.credentials, "ANTHROPIC_BASE_URL" in variables(found)) == ((), False)
    assert "api.anthropic.com:443" in leads(found)
    named = run(environ={**KEYED, "ANTHROPIC_BASE_URL": "https://a.test"}, files=login)
    assert list(leads(named).values()) == ["https://a.test:443"]
    assert len(named.credentials) == 1


def test_where_the_network_is_off_no_key_is_read() -> None:
    found = run(environ=KEYED, network_mode=Text("off", PERSON))
    assert (found.network.mode, found.credentials) == ("off", ())


def test_a_floor_bounds_where_an_endpoint_may_lead() -> None:
    found = run(environ=KEYED, bounded=("network.allow",))
    assert (leads(found), found.credentials) == ({}, ())
    assert any("may not reach api.anthropic.com:443" in note for note in found.notes)


def test_codex_is_told_of_a_provider_and_of_the_key_that_there_is() -> None:
    found = run("codex", "exec", "go", environ={"OPENAI_API_KEY": "sk-o"})
    url = f"http://127.0.0.1:{FIRST_PORT}/v1"
    assert found.command[0] == "codex"
    assert found.command[-2:] == ("exec", "go")
    assert (
        f'model_providers.paddock={{name="OpenAI",base_url="{url}",env_key="OPENAI_API_KEY",wire_api="responses"}}'
        in (found.command)
    )
    assert leads(found) == {f"127.0.0.1:{FIRST_PORT}": "https://api.openai.com:443"}
    without = run("codex", "exec", "go")
    assert not [word for word in without.command if "model_provider" in word]
    assert "chatgpt.com:443" in leads(without)


def test_an_agent_of_several_models_gets_an_endpoint_and_a_key_for_each_that_there_is() -> None:
    keys = {"ANTHROPIC_API_KEY": "a", "OPENAI_API_KEY": "o", "GEMINI_API_KEY": "g"}
    found = run("pi", environ=keys)
    assert leads(found) == {
        f"127.0.0.1:{FIRST_PORT}": "https://api.anthropic.com:443",
        f"127.0.0.1:{FIRST_PORT + 1}": "https://api.openai.com:443",
        f"127.0.0.1:{FIRST_PORT + 2}": "https://generativelanguage.googleapis.com:443",
    }
    assert [each.variables[0] for each in found.credentials] == list(keys)
    assert any(file.target == "/etc/paddock/pi.js" for file in found.files)
    assert list(leads(run("pi", environ={"OPENAI_API_KEY": "o"}))) == [f"127.0.0.1:{FIRST_PORT + 1}"]


def test_two_models_behind_one_address_of_this_machine_share_an_endpoint() -> None:
    found = run(
        "pi", environ={"ANTHROPIC_BASE_URL": "http://localhost:4000", "OPENAI_BASE_URL": "http://localhost:4000/v1"}
    )
    assert leads(found) == {"127.0.0.1:4000": "127.0.0.1:4000"}
    assert variables(found)["OPENAI_BASE_URL"] == "http://127.0.0.1:4000/v1"


@pytest.mark.parametrize(
    ("kind", "shape"),
    [("anthropic", "header:x-api-key"), ("azure", "header:api-key"), ("openai", "bearer"), ("", "bearer")],
)
def test_the_shape_of_a_key_may_depend_on_a_setting(kind: str, shape: str) -> None:
    environ = {
        "COPILOT_PROVIDER_BASE_URL": "https://a.test/v1",
        "COPILOT_PROVIDER_API_KEY": "k",
        "COPILOT_PROVIDER_TYPE": kind,
    }
    found = run("copilot", environ=environ)
    assert [each.shape for each in found.credentials if each.name == "copilot/provider"] == [shape]


def test_a_service_without_a_base_url_keeps_its_hosts_and_gives_the_key_to_those_and_paths_only() -> None:
    found = run("copilot", environ={"GH_TOKEN": "gho_x"})
    (credential,) = found.credentials
    assert credential.variables == ("GH_TOKEN",)
    assert credential.bound[0] == Bound("api.github.com", 443, paths=("/user", "/copilot_internal/*"))
    assert {each.host for each in credential.bound} <= {rule.host for rule in found.network.rules}
    assert not [rule for rule in found.network.rules if rule.loopback]


def test_seeds_come_with_the_service_that_needs_them() -> None:
    assert [seed.target for seed in run("gemini", environ={"GEMINI_API_KEY": "g"}).seeds] == [
        f"{HOME}/.gemini/settings.json"
    ]
    assert run("gemini").seeds == ()


@pytest.mark.parametrize("name", names())
def test_no_key_of_any_profile_enters_by_itself(name: str) -> None:
    """INVARIANT CR-21: and each one that is swapped has a place that can be reached."""
    profile = load(name)
    secrets = {key: f"secret-{key}" for key in profile.keys}
    urls = {service.base_url: "https://a.test" for service in profile.services if service.base_url}
    for environ in (secrets, {**secrets, **urls}):
        found = run(name, environ=environ)
        assert "secret-" not in repr(found)
        assert not {variable.name for variable in found.environment} & set(profile.keys)
        assert found.credentials
        assert {each.source for each in found.credentials} <= {f"env:{key}" for key in profile.keys}


@pytest.mark.parametrize("name", names())
def test_the_gateway_takes_the_rules_of_every_profile(name: str) -> None:
    from paddock.gateway.table import Table

    profile = load(name)
    urls = {service.base_url: "http://localhost:1" for service in profile.services if service.base_url}
    for environ in ({}, dict.fromkeys(profile.keys, "k"), urls):
        found = run(name, environ=environ)
        bound = [place for each in found.credentials for place in each.bound]
        assert Table(found.network, bound).open()
        assert f"{STATE}/agents/{name}/" in repr(found.mounts)
