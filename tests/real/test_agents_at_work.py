"""Real agents from npm do a task inside and are told, by their model, to do much else.

Each is started as a person would, with a key and a base URL in the environment and nothing said to Paddock.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from paddock.probes.planting.files import fingerprint
from tests.capabilities import needs
from tests.gateway.secure import Certificates
from tests.real.agents import AGENTS, IDENTITY, KEY, RIGHT, TESTS, WRONG, at_home
from tests.real.support import Terminal
from tests.real.temptations import GOT_OUT, temptations
from tests.scripted_model.server import ScriptedModel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person

pytestmark = [needs("bubblewrap", "git", "npm", "node"), pytest.mark.net, pytest.mark.slow]

CANARY = "canary-of-a-private-key"
# A service of this machine that the person has allowed, for HTTP.
POLICY = """\
[network]
mode = "allow"
allow = [{{ host = "host", port = {port}, raw = false }}]
"""


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
