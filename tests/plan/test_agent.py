from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.agents.profile import load
from paddock.plan.agent import flags
from paddock.plan.services import Use
from paddock.policy.model import Origin, Text
from tests.plan.machine import HOME, PERSON, REPOSITORY, STATE, Fake, allow, assign, plan, policy, targets, variables

if TYPE_CHECKING:
    from paddock.plan.model import Plan

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


def test_without_key_and_login_that_is_said_and_with_a_login_it_is_not() -> None:
    first = run()
    assert first.notes[0].startswith("Claude Code has no key and no login here: set ")
    assert first.notes[0].endswith(" out here, or: paddock login claude")
    source = next(mount.source for mount in first.mounts if mount.access == "write")
    assert run(files={f"{source}/.credentials.json": "x"}).notes == ()
    assert "no key and no login" in run(files={f"{source}/.credentials.json": "{}\n"}).notes[0]
    link = {f"{source}/.credentials.json": "-> /etc/ssl/openssl.cnf", "/etc/ssl/openssl.cnf": "x"}
    assert "no key and no login" in run(files=link).notes[0], "a link is no login"
    assert run(environ={"ANTHROPIC_API_KEY": "k"}).notes == ()
    assert run(environ={"ANTHROPIC_API_KEY": "k"}, pass_variables=["ANTHROPIC_API_KEY"]).notes == ()


def test_a_login_may_have_to_hold_a_word() -> None:
    profile = load("copilot")
    source = next(mount.source for mount in as_agent("copilot").mounts if mount.access == "write")
    for text, known in (('{"firstLaunchAt": 1}', False), ('{"copilot_tokens": {}}', True)):
        notes = as_agent("copilot", files={f"{source}/config.json": text}).notes
        assert any("no key and no login" in note for note in notes) is not known
    assert profile.state.login_holds


def as_agent(name: str, *arguments: str, files: dict[str, str] | None = None, **rules: Any) -> Plan:
    installed = {f"{HOME}/.local/bin/{name}": "x", **(files or {})}
    environ = {"PATH": f"{HOME}/.local/bin:/usr/bin"}
    return plan(installed, name, *arguments, environ=environ, rules=policy(**rules), agent=load(name))


ASKS = Text("keep", PERSON)


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("claude", ("--dangerously-skip-permissions",)),
        (
            "codex",
            (
                "--dangerously-bypass-approvals-and-sandbox",
                f'--config=projects={{"{REPOSITORY}"={{trust_level="trusted"}}}}',
            ),
        ),
        ("gemini", ("--yolo",)),
        ("copilot", ("--allow-all",)),
        ("opencode", ()),
        ("pi", ()),
    ],
)
def test_an_agent_is_told_not_to_ask_unless_somebody_wants_it_to(name: str, flags: tuple[str, ...]) -> None:
    profile = load(name)
    found = as_agent(name, "go")
    assert found.command == (name, *profile.flags, *flags, "go")
    kept = as_agent(name, "go", agent_prompts=ASKS)
    assert kept.command == (name, *profile.flags, *profile.attended.flags, "go")
    for setting, _ in profile.unattended.environment:
        assert setting in variables(found)
        assert setting not in variables(kept)
    assert len(kept.seeds) <= len(found.seeds)


@given(st.text(st.characters(exclude_characters="\0"), min_size=1))
def test_the_repository_in_a_flag_is_the_repository_whatever_it_is_called(name: str) -> None:
    import tomllib

    path = f"/{name}"
    used = Use()
    found = flags(load("codex"), used, load("codex").unattended, (), path)
    written = [flag.removeprefix("--config=") for flag in found if flag.startswith("--config=")]
    if name.encode("utf-8", "ignore").decode() == name:
        (setting,) = written
        assert tomllib.loads(setting) == {"projects": {path: {"trust_level": "trusted"}}}
    else:
        assert written == []


def test_opencode_asks_nothing_by_a_variable() -> None:
    assert variables(as_agent("opencode"))["OPENCODE_PERMISSION"] == '{"*": "allow"}'


def test_no_agent_makes_a_sandbox_of_its_own_whether_it_asks_or_not() -> None:
    for prompts in (Text("skip", PERSON), ASKS):
        assert variables(as_agent("gemini", agent_prompts=prompts))["GEMINI_SANDBOX"] == "false"
    assert "danger-full-access" in as_agent("codex", agent_prompts=ASKS).command


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("claude", ("-p", "go", "--dangerously-skip-permissions")),
        ("claude", ("--permission-mode=plan",)),
        ("codex", ("-s", "read-only")),
        ("codex", ("exec", "--sandbox=workspace-write")),
        ("gemini", ("--approval-mode", "plan")),
        ("copilot", ("--allow-tool=shell", "-p", "go")),
    ],
)
def test_what_the_person_says_about_prompts_stands(name: str, arguments: tuple[str, ...]) -> None:
    assert as_agent(name, *arguments).command == (name, *load(name).flags, *arguments)


@pytest.mark.parametrize(
    ("name", "verb"), [("claude", "mcp"), ("codex", "login"), ("pi", "install"), ("copilot", "help")]
)
def test_an_agents_own_verbs_take_no_flags(name: str, verb: str) -> None:
    assert as_agent(name, verb, "x").command == (name, verb, "x")


def test_every_directory_of_the_state_is_mounted_from_a_place_of_its_own() -> None:
    """What is written in one must not decide where another is mounted from."""
    found = [mount for mount in as_agent("opencode").mounts if mount.access == "write"]
    assert [mount.target for mount in found] == [
        f"{HOME}/.config/opencode",
        f"{HOME}/.local/share/opencode",
        f"{HOME}/.local/state/opencode",
    ]
    sources = [mount.source for mount in found]
    assert len(set(sources)) == 3
    assert not [one for one in sources for other in sources if one != other and one.startswith(f"{other}/")]


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
