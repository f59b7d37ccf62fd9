from __future__ import annotations

import pytest

from paddock.plan import explain
from tests.plan.machine import HOME, REPOSITORY, Fake, allow, plan, policy

R = REPOSITORY
FILES = {
    f"{R}/.env": "x", f"{R}/a": "x", f"{R}/out": f"-> {HOME}/.ssh/id", f"{R}/lib": "-> /usr/lib", f"{HOME}/.ssh/id": "k", f"{HOME}/notes/x": "",
    "/srv/docs/a": "", "/run/docker.sock": "socket", "/srv/s": "socket", f"{HOME}/.claude/x": "",
}  # fmt: skip
HOST = Fake(FILES, environ={"GITHUB_TOKEN": "t", "FOO": "x", "LANG": "C"})
PLAN = plan(
    host=HOST,
    rules=policy(mask=[".env"], read=["/srv/docs"], network_mode="allow", allow=(allow("api.example.test", 8443),)),
)


@pytest.mark.parametrize(
    ("subject", "allowed", "how", "by"),
    [
        ("a", True, "copy-on-write", "built-in"),
        (f"{R}/new/file", True, "copy-on-write", "built-in"),
        (".env", False, "masked", "flag --test"),
        ("./x/../.env", False, "masked", "flag --test"),
        ("/srv/docs/a", True, "read-only", "flag --test"),
        ("/usr/bin/python3", True, "read-only", "built-in"),
        ("/bin/sh", True, "read-only", "built-in"),
        ("/bin", True, "a link", "built-in"),
        ("lib", True, "read-only", "built-in"),
        ("/etc/passwd", True, "written for the sandbox", "built-in"),
        ("/tmp", False, "private", "built-in"),
        ("~", False, "private", "built-in"),
        ("/proc/self", True, "made inside", "built-in"),
        ("~/.ssh/id", False, "not visible", "the credential list"),
        ("out", False, "not visible", "the credential list"),
        ("~/.claude", False, "not visible", "the credential list"),
        ("/etc/shadow", False, "not visible", "the credential list"),
        ("/run/docker.sock", False, "not visible", "the credential list"),
        ("~/notes/x", False, "not visible", "built-in"),
        ("/home", False, "not visible", "the credential list"),
        ("/srv", False, "not visible", "built-in"),
        ("/tmp/x", False, "not visible", "built-in"),
        ("/", False, "not visible", "built-in"),
        ("/dev/shm", False, "private", "built-in"),
        ("/dev/shm/x", False, "not visible", "built-in"),
        ("/dev/null", True, "made inside", "built-in"),
        ("/dev/sda", False, "not visible", "the credential list"),
    ],
)
def test_a_table_of_paths(subject: str, allowed: bool, how: str, by: str) -> None:
    found = explain.path(PLAN, HOST, subject, R)
    assert (found.allowed, found.how, found.decided_by) == (allowed, how, by)


@pytest.mark.parametrize(
    "subject",
    [
        "~/.ssh/id",
        "out",
        "~/.ssh",
        "~/.aws/none",
        "/run/docker.sock",
        "/etc/shadow",
        "/srv/s",
        "~/.config",
        "/",
        "/home",
        "~/.local/state/paddock/x",
    ],
)
def test_no_explanation_of_a_secret_advises_to_grant_it(subject: str) -> None:
    found = explain.path(PLAN, HOST, subject, R)
    assert not found.allowed
    assert found.next_step == ""
    assert found.why


def test_an_ordinary_path_says_how_to_show_it() -> None:
    assert "--read" in explain.path(PLAN, HOST, "~/notes/x", R).next_step
    assert explain.path(PLAN, HOST, "~/none", R).next_step == ""


def test_an_agents_own_state_is_told_from_the_hosts() -> None:
    from paddock.agents.profile import load

    host = Fake({**FILES, "/usr/bin/claude": "x"})
    found = explain.path(plan(None, "claude", host=host, agent=load("claude")), host, "~/.claude/settings.json", R)
    assert found.allowed
    assert "not the host's own" in found.how


@pytest.mark.parametrize(
    ("subject", "allowed", "advice"),
    [
        ("LANG", True, ""),
        ("PATH", True, ""),
        ("FOO", False, "--env FOO"),
        ("BAR", False, ""),
        ("GITHUB_TOKEN", False, ""),
        ("SSH_AUTH_SOCK", False, ""),
    ],
)
def test_a_table_of_variables(subject: str, allowed: bool, advice: str) -> None:
    found = explain.variable(PLAN, HOST, subject)
    assert found.allowed == allowed
    assert advice in found.next_step
    assert bool(found.next_step) == bool(advice)


def test_the_value_of_a_secret_is_never_repeated() -> None:
    secret = plan(host=HOST, rules=policy(pass_variables=["GITHUB_TOKEN"]))
    found = explain.variable(secret, Fake({}, environ={"GITHUB_TOKEN": "hunter2"}), "GITHUB_TOKEN")
    assert (found.allowed, found.decided_by) == (True, "flag --test")
    assert "hunter2" not in repr(found)


def test_the_root_and_the_shared_memory_are_the_insides_own() -> None:
    assert "root inside is the sandbox's own" in explain.path(PLAN, HOST, "/", R).why
    for subject in ("/dev/shm", "/dev/shm/x"):
        found = explain.path(PLAN, HOST, subject, R)
        assert "own" in found.why
        assert found.next_step == ""


TOOLS = {
    **FILES, "/opt/tool/bin/tool": "x", f"{HOME}/.ssh/bin/leak": "x", "/snap/bin/snapped": "x", f"{HOME}/bin/python3": "-> /usr/bin/python3",
    f"{HOME}/.local/bin/script": "x",
}  # fmt: skip
TOOL_PATH = f"{HOME}/.ssh/bin:/snap/bin:/opt/tool/bin:{HOME}/bin:relative:/usr/bin"


@pytest.mark.parametrize(
    ("word", "allowed", "where", "advice"),
    [
        ("tool", True, "/opt/tool/bin/tool", ""),
        ("python3", True, f"{HOME}/bin/python3", ""),
        ("leak", False, f"{HOME}/.ssh/bin/leak", ""),
        ("snapped", False, "/snap/bin/snapped", "paddock run --read /snap/bin -- snapped …"),
    ],
)
def test_a_program_is_looked_for_as_a_run_would(word: str, allowed: bool, where: str, advice: str) -> None:
    host = Fake(TOOLS, environ={"PATH": TOOL_PATH})
    assert explain.is_command(host, word)
    found = explain.command(plan(None, word, host=host), host, word, R)
    assert found
    assert (found.subject, found.allowed) == (word, allowed)
    assert f"{word} is {where} on this machine" in found.why
    assert found.next_step.startswith(advice)
    assert bool(found.next_step) == bool(advice)


@pytest.mark.parametrize("word", ["none", "a/tool", "", ".", "..", "bin"])
def test_what_is_no_program_is_told_as_before(word: str) -> None:
    host = Fake({**TOOLS, "/opt/tool/bin/bin/": ""}, environ={"PATH": TOOL_PATH})
    assert not explain.is_command(host, word)
    assert explain.command(plan(host=host), host, word, R) is None


def test_a_program_whose_directory_is_not_on_path_inside_is_named_by_its_whole_path() -> None:
    host = Fake({**TOOLS, "/srv/docs/run": "x"}, environ={"PATH": "/srv/docs:/usr/bin"})
    found = explain.command(PLAN, host, "run", R)
    assert found
    assert (found.allowed, found.next_step) == (False, "paddock run -- /srv/docs/run …")


@pytest.mark.parametrize(
    ("subject", "kind"),
    [("/x", "path"), ("~/x", "path"), ("a/b", "path"), (".env", "path"), ("HOME", "variable"), ("A_1", "variable"), ("a.test", "host"),
     ("a.test:1", "host"), ("localhost", "host"), ("[::1]:1", "host"), ("src", "path"), ("lower", "path")],
)  # fmt: skip
def test_the_kind_is_guessed(subject: str, kind: str) -> None:
    assert explain.guess(subject, exists=False) == kind


def test_a_file_that_is_here_is_a_path() -> None:
    assert explain.guess("README.md", exists=True) == "path"
