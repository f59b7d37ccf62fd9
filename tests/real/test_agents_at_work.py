"""Real agents from npm do a task inside and are told, by their model, to do much else.

Each is started as a person would, with a key and a base URL in the environment and nothing said to Paddock.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from paddock.probes.planting.files import fingerprint
from tests.capabilities import needs
from tests.conftest import Person
from tests.gateway.secure import Certificates
from tests.real.support import Terminal
from tests.real.temptations import GOT_OUT, temptations
from tests.scripted_model.server import ScriptedModel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [needs("bubblewrap", "git", "npm", "node"), pytest.mark.net, pytest.mark.slow]

Step = dict[str, Any]
KEY = "sk-proj-Vq7Rt2xWm9Kc4Lz8Hb3Nf6Yd1Gs5Pj0A"  # made up here; what must never be inside
IDENTITY = "-c user.name=Agent -c user.email=agent@example.test"  # Gemini CLI keeps all configuration from git
CANARY = "canary-of-a-private-key"
WRONG, RIGHT = "return a - b", "return a + b"
# A service of this machine that the person has allowed, for HTTP.
POLICY = """\
[network]
mode = "allow"
allow = [{{ host = "host", port = {port}, raw = false }}]
"""
TESTS = """\
import unittest
from calc import add
class Test(unittest.TestCase):
    def test_add(self):
        self.assertEqual(add(2, 3), 5)
"""


@dataclass(frozen=True)
class Agent:
    """How an agent is started, and how a model speaks to its tools."""

    command: tuple[str, ...]
    base_url: tuple[str, str]  # the variable, and what comes after the address in it
    key: str
    inside: str  # the variable that holds the placeholder
    header: tuple[str, str]  # in which the real key must arrive
    shell: Callable[[str], Step]
    look: Callable[[str], Step]
    edit: Callable[[str], Step]
    settings: tuple[tuple[str, str], ...] = ()


def _calls(tool: str, **arguments: str) -> Callable[[str], Step]:
    """A tool whose one free argument is named "…"."""

    def make(free: str) -> Step:
        return {"tool": tool, "input": {name: free if value == "…" else value for name, value in arguments.items()}}

    return make


def _codex_shell(command: str) -> Step:
    call = f"await tools.exec_command({{cmd: {json.dumps(command)}, yield_time_ms: 60000}})"
    return {"tool": "exec", "input": f"text({call});"}


def _codex_edit(path: str) -> Step:
    patch = f"*** Begin Patch\n*** Update File: {path}\n@@\n-    {WRONG}\n+    {RIGHT}\n*** End Patch\n"
    return {"tool": "exec", "input": f"text(await tools.apply_patch({json.dumps(patch)}));"}


def _pi_edit(path: str) -> Step:
    return {"tool": "edit", "input": {"path": path, "edits": [{"oldText": WRONG, "newText": RIGHT}]}}


AGENTS = {
    "claude": Agent(
        ("claude", "-p", "go"),
        ("ANTHROPIC_BASE_URL", ""),
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        ("x-api-key", KEY),
        _calls("Bash", command="…", description="a step"),
        _calls("Read", file_path="…"),
        _calls("Edit", file_path="…", old_string=WRONG, new_string=RIGHT),
    ),
    "codex": Agent(
        ("codex", "exec", "go"),
        ("OPENAI_BASE_URL", "/v1"),
        "OPENAI_API_KEY",
        "OPENAI_API_KEY",
        ("authorization", f"Bearer {KEY}"),
        _codex_shell,
        lambda path: _codex_shell(f"cat '{path}'"),
        _codex_edit,
    ),
    "opencode": Agent(
        ("opencode", "run", "-m", "anthropic/claude-sonnet-4-5", "go"),
        ("ANTHROPIC_BASE_URL", "/v1"),
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_API_KEY",
        ("x-api-key", KEY),
        _calls("bash", command="…", description="a step"),
        _calls("read", filePath="…"),
        _calls("edit", filePath="…", oldString=WRONG, newString=RIGHT),
    ),
    "pi": Agent(
        ("pi", "--model", "openai/gpt-5.4", "-p", "go"),
        ("OPENAI_BASE_URL", "/v1"),
        "OPENAI_API_KEY",
        "OPENAI_API_KEY",
        ("authorization", f"Bearer {KEY}"),
        _calls("bash", command="…"),
        _calls("read", path="…"),
        _pi_edit,
    ),
    "gemini": Agent(
        ("gemini", "-m", "gemini-2.5-flash", "-p", "go"),
        ("GOOGLE_GEMINI_BASE_URL", ""),
        "GEMINI_API_KEY",
        "GEMINI_API_KEY",
        ("x-goog-api-key", KEY),
        _calls("run_shell_command", command="…", description="a step"),
        _calls("read_file", file_path="…"),
        _calls("replace", file_path="…", old_string=WRONG, new_string=RIGHT, instruction="fix the sum"),
    ),
    "copilot": Agent(
        ("copilot", "-p", "go"),
        ("COPILOT_PROVIDER_BASE_URL", "/v1"),
        "COPILOT_PROVIDER_API_KEY",
        "COPILOT_PROVIDER_API_KEY",
        ("authorization", f"Bearer {KEY}"),
        _calls("bash", command="…", description="a step"),
        _calls("view", path="…"),
        _calls("bash", command=f"sed -i 's/{WRONG}/{RIGHT}/' calc.py", description="…"),
        (("COPILOT_MODEL", "gpt-5.4"),),
    ),
}


@pytest.fixture
def task(repo: Path, person: Person) -> Path:
    """A repository with a mistake and a test that finds it; a person with keys that are theirs."""
    (repo / "calc.py").write_text(f"def add(a, b):\n    {WRONG}\n")
    (repo / "test_calc.py").write_text(TESTS)
    (repo / ".gitignore").write_text("__pycache__\n")
    for place in (".ssh/id_rsa", ".aws/credentials"):
        (person.home / place).parent.mkdir()
        (person.home / place).write_text(CANARY + "\n")
    return repo


@pytest.mark.parametrize("name", AGENTS)
def test_it_edits_tests_and_commits_and_carries_no_key_out(
    name: str, agents_home: Path, person: Person, task: Path
) -> None:
    agent = AGENTS[name]
    with ScriptedModel([]) as model, ScriptedModel([]) as other:
        service = f"http://host:{other.server_address[1]}/take"
        (person.home / ".config/paddock").mkdir()
        (person.home / ".config/paddock/policy.toml").write_text(POLICY.format(port=other.server_address[1]))
        temptings = temptations(str(person.home), str(task), agent.inside, agent.base_url[0], service)
        model.script = [
            agent.look(f"{task}/calc.py"),
            agent.edit(f"{task}/calc.py"),
            agent.shell("python3 -B -m unittest 2>&1"),
            agent.shell(f"git add -A && git {IDENTITY} commit -q -m 'Add, not subtract' && git log --oneline"),
            *(agent.shell(each.command) for each in temptings),
            {"say": "All done."},
        ]
        before = fingerprint(task), fingerprint(person.home / ".ssh"), fingerprint(person.home / ".aws")
        done = at_home(person, agents_home, name, model.address).call("run", *agent.command, cwd=task)
        results = model.tool_results()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All done." in done.stdout, done.stdout + done.stderr
    assert len(results) == len(model.script) - 1, results
    assert "OK" in results[2], results
    assert "Add, not subtract" in results[3], results

    told = dict(zip([each.about for each in temptings], results[4:], strict=True))
    assert not [about for about, result in told.items() if GOT_OUT in result], told
    assert not [each.about for each in temptings if each.says not in told[each.about]], told
    assert agent.inside in told["read the environment"], "the placeholder is there to be read"
    seen = json.dumps([entry["body"] for entry in model.requests]) + done.stdout + done.stderr
    assert KEY not in seen
    assert CANARY not in seen
    assert not other.requests, "what was allowed got nothing with a key in it"

    asked = [entry for entry in model.requests if entry["body"]]
    assert {entry["headers"].get(agent.header[0]) for entry in asked} == {agent.header[1]}
    recorded = person.call("log", "show", "--denied", "--json", cwd=task).stdout
    assert not [each.about for each in temptings if each.refused not in recorded], recorded
    assert KEY not in recorded
    assert person.call("log", "verify", cwd=task).returncode == 0

    assert (fingerprint(task), fingerprint(person.home / ".ssh"), fingerprint(person.home / ".aws")) == before
    assert person.call("apply", cwd=task).returncode == 0
    assert RIGHT in (task / "calc.py").read_text()
    log = subprocess.run(
        ["git", "log", "--all", "--format=%s"], cwd=task, env=person.environ, capture_output=True, check=True
    )
    assert b"Add, not subtract" in log.stdout


def at_home(person: Person, agents_home: Path, name: str, address: str, **more: str) -> Person:
    """Somebody with a key and a base URL, who has an agent on their PATH."""
    agent = AGENTS[name]
    variable, tail = agent.base_url
    path = f"{agents_home}/.local/bin:/usr/local/bin:/usr/bin:/bin"
    return Person(person.home, {"PATH": path, variable: address + tail, agent.key: KEY, **dict(agent.settings), **more})


def test_inside_an_endpoint_is_plain_and_outside_it_is_tls(
    agents_home: Path, person: Person, repo: Path, tmp_path: Path
) -> None:
    authority = Certificates(tmp_path)
    with ScriptedModel([{"say": "All done."}], tls=authority.server("localhost")) as model:
        trusting = at_home(person, agents_home, "pi", model.address, SSL_CERT_FILE=str(authority.path))
        done = trusting.call("run", *AGENTS["pi"].command, cwd=repo)
        assert "All done." in done.stdout, done.stdout + done.stderr
        (request,) = model.requests
        assert request["headers"]["authorization"] == f"Bearer {KEY}"
        assert request["headers"]["host"] == model.address.removeprefix("https://")


@pytest.mark.parametrize("name", ["claude", "codex"])
def test_on_a_terminal_it_asks_nothing_before_it_works(
    name: str, agents_home: Path, person: Person, repo: Path
) -> None:
    """No question about trust, about its flag, about the key, about colours."""
    with ScriptedModel([{"say": "Finished-all-of-it."}]) as model:
        one = at_home(person, agents_home, name, model.address)
        argv = one.argv("run", "--quiet", name, "go")
        with Terminal(argv, cwd=repo, environ=one.environ) as terminal:
            terminal.wait_for("Finished-all-of-it")
