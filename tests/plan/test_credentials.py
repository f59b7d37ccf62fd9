"""What a policy's credentials make of a plan."""

from __future__ import annotations

import json
from typing import Any

import pytest

from paddock.errors import PolicyError
from paddock.plan import explain, model
from paddock.plan.describe import sections
from paddock.plan.hashing import canonical, plan_hash
from paddock.plan.serial import as_data, from_data
from paddock.policy.layering import merge
from paddock.policy.parsing import parse_toml
from tests.plan.machine import HOME, REPOSITORY, Fake, plan, variables

GITHUB = """
[credentials.github]
source = "env:GITHUB_TOKEN"
hosts = ["api.github.com"]
"""
ALLOW = '[network]\nmode = "allow"\n'
SECRET = "ghp_real"


def planned(text: str, *, files: dict[str, str] | None = None, kind: Any = "person", **environ: str) -> model.Plan:
    rules = merge([parse_toml(text, "policy.toml", kind)], trusted=True)
    host = Fake(files or {}, environ={"GITHUB_TOKEN": SECRET, **environ})
    return plan(host=host, rules=rules)


def places(found: model.Plan) -> list[str]:
    return [f"{rule.host}:{rule.port}" for rule in found.network.rules]


def test_a_binding_lets_its_hosts_be_reached_and_says_which_line_did() -> None:
    found = planned(ALLOW + GITHUB)
    assert places(found) == ["api.github.com:443"]
    assert str(found.network.rules[0].origin) == "person policy.toml:6"
    (credential,) = found.credentials
    assert credential.bound == (model.Bound("api.github.com", 443),)
    assert (credential.source, credential.variables) == ("env:GITHUB_TOKEN", ("GITHUB_TOKEN",))


def test_a_binding_does_not_turn_the_network_on() -> None:
    found = planned(GITHUB)
    assert (found.network.mode, found.network.rules) == ("off", ())
    assert [credential.name for credential in found.credentials] == ["github"]


def test_no_value_of_a_secret_is_in_a_plan() -> None:
    found = planned(ALLOW + GITHUB)
    assert SECRET not in str(as_data(found))
    assert "GITHUB_TOKEN" not in variables(found)


@pytest.mark.parametrize("extra", ['pass = ["GITHUB_TOKEN"]', 'set = { GITHUB_TOKEN = "ghp_real" }'])
def test_what_is_kept_outside_is_never_passed_or_set(extra: str) -> None:
    found = planned(f"{ALLOW}[environment]\n{extra}\n{GITHUB}")
    assert "GITHUB_TOKEN" not in variables(found)
    assert SECRET not in str(as_data(found))
    assert any("keeps it outside" in note and "policy.toml" in note for note in found.notes)
    assert not any("looks like a secret" in note for note in found.notes)


def test_a_pattern_does_not_pass_it_either() -> None:
    text = f'{ALLOW}[environment]\npass = ["MY*"]\n{GITHUB.replace("GITHUB_TOKEN", "MYVALUE")}'
    found = planned(text, MYVALUE=SECRET, MYOTHER="x")
    assert "MYVALUE" not in variables(found)
    assert variables(found)["MYOTHER"] == "x"


def test_two_credentials_in_one_variable_are_refused_with_both_lines() -> None:
    text = GITHUB + GITHUB.replace("credentials.github", "credentials.other")
    with pytest.raises(PolicyError, match="GITHUB_TOKEN cannot hold two credentials") as caught:
        planned(text)
    assert "policy.toml:2" in caught.value.what
    assert "policy.toml:6" in caught.value.what


class TestRules:
    def test_an_entry_of_the_list_decides_about_its_host(self) -> None:
        text = f'{ALLOW}allow = [{{ host = "api.github.com", methods = ["GET"] }}]\n{GITHUB}'
        (rule,) = planned(text).network.rules
        assert rule.methods == ("GET",)

    def test_a_binding_takes_nothing_away_that_a_wider_entry_allows(self) -> None:
        bound = GITHUB.replace('"api.github.com"', '{ host = "api.example.test", methods = ["GET"] }')
        found = planned(f'{ALLOW}allow = ["*.example.test"]\n{bound}')
        assert places(found) == ["*.example.test:443"]

    def test_what_bounds_a_binding_bounds_the_rule(self) -> None:
        bound = GITHUB.replace('"api.github.com"', '{ host = "a.test.example", methods = ["GET"], paths = ["/v1/*"] }')
        (rule,) = planned(ALLOW + bound).network.rules
        assert (rule.methods, rule.paths) == (("GET",), ("/v1/*",))

    def test_two_bindings_of_one_host_open_what_either_needs_and_keep_their_own_bounds(self) -> None:
        first = GITHUB.replace('"api.github.com"', '{ host = "a.example", methods = ["GET"], paths = ["/a"] }')
        second = first.replace("github", "other").replace("GITHUB", "OTHER").replace("GET", "POST").replace("/a", "/b")
        found = planned(ALLOW + first + second)
        assert [(rule.methods, rule.paths) for rule in found.network.rules] == [(("GET", "POST"), ("/a", "/b"))]
        assert [each.bound[0].methods for each in found.credentials] == [("GET",), ("POST",)]

    def test_a_private_host_and_a_service_of_this_machine_can_be_bound(self) -> None:
        bound = GITHUB.replace('"api.github.com"', '"host:8080", { host = "vault.internal.test", private = true }')
        found = planned(ALLOW + bound)
        assert [(rule.host, rule.private, rule.upstream) for rule in found.network.rules] == [
            ("host", True, "127.0.0.1:8080"),
            ("vault.internal.test", True, ""),
        ]

    def test_what_would_pass_unread_is_read_where_a_credential_is_bound(self) -> None:
        bound = GITHUB.replace('"api.github.com"', '"host:8080", "a.example.test"')
        text = f'{ALLOW}allow = ["host:8080", {{ host = "*.example.test", raw = true, private = true }}]\n{bound}'
        found = {rule.host: (rule.raw, rule.private) for rule in planned(text).network.rules}
        assert found == {"host": (False, True), "a.example.test": (False, True), "*.example.test": (True, True)}

    def test_a_denial_stands_and_is_told(self) -> None:
        found = planned(f'{ALLOW}deny = ["*.github.com"]\n{GITHUB}')
        assert "credential github cannot go to api.github.com:443: denied by person policy.toml:3" in found.notes


class TestAgents:
    def agent(self, text: str, **environ: str) -> model.Plan:
        from paddock.agents.profile import load

        files = {f"{HOME}/bin/claude": "x"}
        rules = merge([parse_toml(text, "policy.toml", "person")], trusted=True)
        host = Fake(files, environ={"PATH": f"{HOME}/bin:/usr/bin", **environ})
        return plan(None, "claude", host=host, rules=rules, agent=load("claude"))

    def test_the_policys_credential_takes_the_place_of_the_agents(self) -> None:
        text = '[credentials.mine]\nsource = "command:op read x"\nvariables = ["ANTHROPIC_API_KEY"]\nhosts = ["api.anthropic.com"]\n'
        found = self.agent(text + 'shape = "header:x-api-key"\n', ANTHROPIC_API_KEY="sk-real")
        holders = [each for each in found.credentials if "ANTHROPIC_API_KEY" in each.variables]
        assert [each.name for each in holders] == ["mine"]
        assert "ANTHROPIC_API_KEY" not in variables(found)

    def test_an_agents_network_opens_the_policys_hosts_too(self) -> None:
        found = self.agent(GITHUB, ANTHROPIC_API_KEY="sk-real")
        assert "api.github.com:443" in places(found)
        assert {"github"} < {each.name for each in found.credentials}


class TestShown:
    def test_a_plan_says_where_each_comes_from_and_goes(self) -> None:
        found = dict(sections(planned(ALLOW + GITHUB)))
        assert found["credentials   what stays outside?"] == [
            (
                "github",
                "env:GITHUB_TOKEN as bearer to api.github.com:443; a placeholder in GITHUB_TOKEN",
                "person policy.toml:4",
            )
        ]

    def test_one_that_is_not_used_says_so(self) -> None:
        (row,) = dict(sections(planned(GITHUB)))["credentials   what stays outside?"]
        assert row[1].endswith("; not used: the network is off")

    def test_a_variable_is_explained_with_its_source_and_places(self) -> None:
        host = Fake({}, environ={"GITHUB_TOKEN": SECRET})
        found = explain.variable(planned(ALLOW + GITHUB), host, "GITHUB_TOKEN")
        assert (found.allowed, found.how, found.decided_by) == (True, "a placeholder", "person policy.toml:4")
        assert "env:GITHUB_TOKEN" in found.why
        assert "api.github.com:443" in found.why
        assert SECRET not in str(found)
        assert not explain.variable(planned(GITHUB), host, "GITHUB_TOKEN").allowed


class TestHash:
    def test_the_binding_and_the_source_count(self) -> None:
        before = planned(ALLOW + GITHUB)
        for old, new in (("env:GITHUB_TOKEN", "file:/run/t"), ("api.github.com", "api.example.test")):
            changed = GITHUB.replace(old, new) + 'variables = ["GITHUB_TOKEN"]\n'
            assert plan_hash(planned(ALLOW + changed)) != plan_hash(before)

    def test_the_value_does_not(self) -> None:
        assert canonical(planned(ALLOW + GITHUB)) == canonical(planned(ALLOW + GITHUB, GITHUB_TOKEN="other"))

    def test_it_comes_back_from_json(self) -> None:
        text = f'{ALLOW}{GITHUB}[workspace]\ncanaries = ["aws", "ssh"]\n'
        found = planned(text)
        assert from_data(json.loads(json.dumps(as_data(found)))) == found


class TestCanaries:
    WANTED = '[workspace]\ncanaries = ["env", "aws", "ssh", "aws"]\n'

    def test_they_lie_where_thieves_look(self) -> None:
        found = planned(ALLOW + self.WANTED)
        assert [(each.kind, each.target) for each in found.canaries] == [
            ("aws", f"{HOME}/.aws/credentials"),
            ("ssh", f"{HOME}/.ssh/id_ed25519"),
            ("env", f"{HOME}/.env"),
        ]
        assert {str(each.origin) for each in found.canaries} == {"person policy.toml:4"}

    def test_one_takes_the_place_of_every_masked_env_file(self) -> None:
        files = {
            f"{REPOSITORY}/.env": "A=1",
            f"{REPOSITORY}/.env.local": "A=1",
            f"{REPOSITORY}/.env.d/": "",
            f"{REPOSITORY}/a.pem": "x",
        }
        found = planned(ALLOW + '[workspace]\ncanaries = ["env"]\n', files=files)
        assert [each.target for each in found.canaries] == [f"{REPOSITORY}/.env", f"{REPOSITORY}/.env.local"]

    def test_they_are_shown_and_explained(self) -> None:
        files = {f"{REPOSITORY}/.env": "A=1"}
        found = planned(ALLOW + self.WANTED, files=files)
        rows = dict(sections(found))
        assert ("masked", ".env  (seen as a canary)", "built-in") in rows["1 workspace   what may it read and write?"]
        assert rows["credentials   what stays outside?"][0][:2] == (
            "canary",
            f"aws, in {HOME}/.aws/credentials: sent out, it ends the session",
        )
        for place in (f"{REPOSITORY}/.env", f"{HOME}/.aws/credentials"):
            assert explain.path(found, Fake(files), place, REPOSITORY).how == "a canary"
        assert explain.path(planned(self.WANTED, files=files), Fake(files), ".env", REPOSITORY).how == "masked"

    def test_nobody_asked_for_none(self) -> None:
        assert planned(ALLOW).canaries == ()
