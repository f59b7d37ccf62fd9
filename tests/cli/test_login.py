from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.capabilities import needs
from tests.conftest import Person

if TYPE_CHECKING:
    from pathlib import Path

AGENT = """\
#!/bin/sh
echo "arguments: $*"
echo token > "$CODEX_HOME/auth.json"
env | grep -E 'OPENAI|not-a-secret'
touch "$PWD/written" 2>/dev/null || echo read-only
exit 0
"""


@pytest.fixture
def installed(person: Person) -> Person:
    """Somebody with a program that calls itself like an agent."""
    program = person.home / ".local/bin/codex"
    program.parent.mkdir(parents=True)
    program.write_text(AGENT)
    program.chmod(0o755)
    return Person(person.home, {"PATH": f"{program.parent}:/usr/bin:/bin", "OPENAI_API_KEY": "not-a-secret-but-long"})


@needs("bubblewrap")
def test_the_agents_own_login_runs_with_its_state_and_without_keys(installed: Person, repo: Path) -> None:
    done = installed.call("login", "codex", "--json", cwd=repo)
    assert done.returncode == 0, done.stdout + done.stderr
    said, _, data = done.stdout.partition("{")
    assert said.splitlines() == ["arguments: login", "read-only"]
    (place,) = json.loads("{" + data)["state"]
    with open(f"{place}/auth.json", encoding="utf-8") as file:
        assert file.read() == "token\n"
    assert place in done.stderr
    assert not (repo / "written").exists()


def test_an_unknown_agent_is_refused_with_those_that_there_are(person: Person, repo: Path) -> None:
    done = person.call("login", "cursor", cwd=repo)
    assert done.returncode == 125
    assert "claude, codex, copilot, gemini, opencode, pi" in done.stderr


@pytest.mark.parametrize("where", ["nowhere", "in the repository", "without a network"])
def test_what_could_only_wait_is_refused(installed: Person, repo: Path, where: str) -> None:
    environ = {}
    if where == "nowhere":
        environ["PATH"] = "/usr/bin:/bin"
    elif where == "in the repository":
        (repo / "bin").mkdir()
        (installed.home / ".local/bin/codex").rename(repo / "bin/codex")
        environ["PATH"] = f"{repo}/bin:/usr/bin:/bin"
    else:
        (installed.home / ".config/paddock").mkdir()
        (installed.home / ".config/paddock/policy.toml").write_text('[network]\nmode = "off"\n')
    done = Person(installed.home, {**installed.extra, **environ}).call("login", "codex", cwd=repo)
    assert done.returncode == 126, done.stdout + done.stderr
    assert "cannot be logged in here" in done.stderr
