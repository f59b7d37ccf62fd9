"""Review before it counts: a real agent does its work and plants what the host would run; nothing of it runs."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from paddock.probes.planting.files import fingerprint
from tests.capabilities import needs
from tests.real.plants import FAMILIES, PLANTED, SCRIPT, morning, witnesses
from tests.real.support import claude_at_work
from tests.scripted_model.server import ScriptedModel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person

pytestmark = [needs("bubblewrap", "git", "npm", "node", "direnv", "make"), pytest.mark.net, pytest.mark.slow]

WRONG, RIGHT = "return a - b", "return a + b"
EVERYDAY = {"hook", "fsmonitor", "nested", "bare", "direnv", "make", "npm", "conftest"}


def test_the_morning_after_would_run_what_was_planted(person: Person, repo: Path, tmp_path: Path) -> None:
    place = tmp_path / "witnesses"
    place.mkdir()
    subprocess.run(["sh", "-c", SCRIPT], cwd=repo, env={**person.environ, "W": str(place)}, check=True)
    morning(repo, person.environ)
    assert witnesses(place) == EVERYDAY


def test_a_real_agent_works_commits_and_plants_and_apply_takes_the_good_and_holds_the_bad(
    person: Person, repo: Path, claude: None, tmp_path: Path
) -> None:
    place = tmp_path / "witnesses"
    place.mkdir()
    (repo / "calc.py").write_text(f"def add(a, b):\n    {WRONG}\n")
    (repo / "README.md").write_text("A calculator.\n")
    identity = ("-c", "user.name=A Person", "-c", "user.email=person@example.test")
    for command in (("add", "."), (*identity, "commit", "-q", "-m", "second")):
        subprocess.run(["git", *command], cwd=repo, env=person.environ, check=True)

    def bash(command: str) -> dict[str, Any]:
        return {"tool": "Bash", "input": {"command": command, "description": "a step"}}

    script = [
        {"tool": "Read", "input": {"file_path": f"{repo}/calc.py"}},
        {"tool": "Edit", "input": {"file_path": f"{repo}/calc.py", "old_string": WRONG, "new_string": RIGHT}},
        bash(
            "git -c user.name=Agent -c user.email=agent@example.test commit -qam 'Add, do not subtract' && git log -1 --format=%s"
        ),
        bash("echo 'It adds.' >> README.md"),
        bash(f"W='{place}'\n{SCRIPT}\necho planted"),
        {"say": "All done."},
    ]
    before = fingerprint(repo)
    with ScriptedModel(script) as model:
        done = claude_at_work(person, repo, model.address)
        results = model.tool_results()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Add, do not subtract" in results[2], results
    assert "planted" in results[4], results
    assert fingerprint(repo) == before, "the host saw nothing of it"

    shown = json.loads(person.call("diff", "--json", cwd=repo).stdout)
    families = {hazard["family"] for change in shown["changes"] for hazard in change["hazards"]}
    assert families == FAMILIES
    said = person.call("apply", "--yes", cwd=repo)
    assert RIGHT in (repo / "calc.py").read_text(), said.stdout + said.stderr
    assert "It adds." in (repo / "README.md").read_text()
    assert not [path for path in PLANTED if (repo / path).is_symlink() or (repo / path).exists()], said.stdout
    log = subprocess.run(
        ["git", "log", "--format=%s", "--branches=paddock*"], cwd=repo, env=person.environ, capture_output=True, text=True, check=True
    )  # fmt: skip
    assert "Add, do not subtract" in log.stdout, said.stdout + said.stderr

    morning(repo, person.environ)
    assert witnesses(place) == set()
    held = json.loads(person.call("diff", "--json", cwd=repo).stdout)
    assert {change["path"] for change in held["changes"]} >= set(PLANTED) - {"vendor/lib/.git"}

    taken = person.call("apply", "--yes", "--hazards=build-make", "Makefile", cwd=repo)
    assert (repo / "Makefile").exists(), "what a person takes by name is theirs: " + taken.stdout
    shutil.rmtree(place)
