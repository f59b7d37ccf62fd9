"""The GitHub Action and the pre-commit hook of `paddock check`: their commands, run as they are written."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Person

ROOT = Path(__file__).parents[2]
ACTION = (ROOT / "check/action.yml").read_text()
HOOKS = (ROOT / ".pre-commit-hooks.yaml").read_text()
CONFIGURATION = ".devcontainer/devcontainer.json"


def script(step: str) -> str:
    """The script of one step, as a runner would write it to a file."""
    part = ACTION.split(f"    - name: {step}\n")[1].partition("      run: |\n")[2]
    lines = itertools.takewhile(lambda line: line.startswith(" " * 8), part.splitlines())
    return "".join(f"{line[8:]}\n" for line in lines)


@pytest.fixture
def runner(person: Person, tmp_path: Path) -> dict[str, str]:
    """A runner on which Paddock is installed where the first step puts it, with the inputs' defaults."""
    program = tmp_path / "runner/paddock/bin/paddock"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {shlex.join(person.argv())} "$@"\n')
    program.chmod(0o755)
    defaults = dict(re.findall(r'^  ([\w-]+):\n    description: .*\n    default: "?(.*?)"?$', ACTION, re.MULTILINE))
    given = dict(re.findall(r"(PADDOCK_\w+): \$\{\{ inputs\.([\w-]+) \}\}", ACTION))
    assert set(given.values()) == set(defaults) == {"path", "fail-on", "baseline", "only", "skip", "sarif"}
    values = {name: defaults[key] for name, key in given.items()}
    return {**person.environ, "RUNNER_TEMP": str(tmp_path / "runner"), **values}


def run(cwd: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    # What `shell: bash` means (GitHub Actions, "workflow syntax": jobs.<job_id>.steps[*].shell).
    argv = ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script("Check")]
    return subprocess.run(argv, cwd=cwd, env=environ, capture_output=True, text=True, check=False, timeout=300)


def put(folder: Path, text: str) -> None:
    (folder / ".devcontainer").mkdir(exist_ok=True)
    (folder / CONFIGURATION).write_text(text)


def test_the_action_annotates_writes_sarif_and_fails(repo: Path, runner: dict[str, str]) -> None:
    put(repo, '{\n  "build": {},\n  "privileged": true\n}')
    done = run(repo, runner)
    assert done.returncode == 1, done.stderr
    assert f"::error file={CONFIGURATION},line=3," in done.stdout
    results = json.loads((repo / "paddock-check.sarif").read_text())["runs"][0]["results"]
    assert "DC201" in {result["ruleId"] for result in results}
    assert run(repo, {**runner, "PADDOCK_FAIL_ON": "none"}).returncode == 0
    assert run(repo, {**runner, "PADDOCK_ONLY": "DC7"}).returncode == 0


def test_its_inputs_reach_paddock_each_as_one_word(repo: Path, runner: dict[str, str]) -> None:
    put(repo, "{}")
    hostile = {"PADDOCK_PATH": "-x $(touch ran)", "PADDOCK_ONLY": "$(touch ran) `touch ran`", "PADDOCK_SARIF": "a b"}
    for name, value in hostile.items():
        done = run(repo, {**runner, name: value})
        assert done.returncode == (1 if name == "PADDOCK_SARIF" else 125), done.stderr
    assert (repo / "a b").exists()
    assert not (repo / "ran").exists()


def test_the_action_uses_no_other_and_lets_nothing_into_its_scripts() -> None:
    assert "uses:" not in ACTION
    for step in ("Install", "Check"):
        assert "${{" not in script(step), "what is given would become part of the script"
    assert "--require-hashes" in script("Install")
    assert (ROOT / "check/../runtime.lock").exists()


def test_the_hook_fails_where_isolation_is_void_and_is_for_each_file_that_can_void_it(
    person: Person, repo: Path
) -> None:
    part = HOOKS.split("- id: paddock-check\n")[1].split("\n- id:")[0]
    entry = shlex.split(re.findall(r"^  entry: paddock (.*)$", part, re.MULTILINE)[0])
    put(repo, '{"build": {}, "privileged": true}')
    assert person.call(*entry, cwd=repo).returncode == 1
    pattern = re.findall(r"^  files: (.*)$", part, re.MULTILINE)[0]
    for name in (CONFIGURATION, "a/.devcontainer.json", "docker-compose.yml", "a/compose.yaml", "dev.Dockerfile"):
        assert re.search(pattern, name), name
    for name in ("src/devcontainer.py", "README.md", "composer.json"):
        assert not re.search(pattern, name), name
