"""The GitHub Action and the pre-commit hooks: their commands, run as they are written."""

from __future__ import annotations

import itertools
import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from tests.capabilities import needs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.conftest import Person

ROOT = Path(__file__).parents[2]
ACTION = (ROOT / "action.yml").read_text()
HOOKS = (ROOT / ".pre-commit-hooks.yaml").read_text()


def script(step: str) -> str:
    """The script of one step, as a runner would write it to a file."""
    part = ACTION.split(f"    - name: {step}\n")[1].partition("      run: |\n")[2]
    lines = itertools.takewhile(lambda line: line.startswith(" " * 8), part.splitlines())
    return "".join(f"{line[8:]}\n" for line in lines)


def given(step: str) -> dict[str, str]:
    """Its variables, by the expressions that fill them."""
    part = ACTION.split(f"- name: {step}\n")[1].split("run: |")[0]
    return dict(re.findall(r"(PADDOCK_\w+): \$\{\{ ([\w.]+) \}\}", part))


def run(step: str, cwd: Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    # What `shell: bash` means (GitHub Actions, "workflow syntax": jobs.<job_id>.steps[*].shell).
    argv = ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script(step)]
    return subprocess.run(argv, cwd=cwd, env=dict(environ), capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture
def runner(person: Person, tmp_path: Path) -> dict[str, str]:
    """A runner on which Paddock is installed where the first step puts it."""
    program = tmp_path / "runner/paddock/bin/paddock"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {shlex.join(person.argv())} "$@"\n')
    program.chmod(0o755)
    inputs = {name: re.sub(r"inputs\.", "", expression) for name, expression in given("Prove").items()}
    defaults = dict(re.findall(r'^  (\w+):\n    description: .*\n    default: "?(.*?)"?$', ACTION, re.MULTILINE))
    assert set(inputs.values()) == set(defaults) == {"policy", "boundary", "only", "sarif", "junit"}
    values = {name: defaults[key] for name, key in inputs.items()}
    return {**person.environ, "RUNNER_TEMP": str(tmp_path / "runner"), **values}


@needs("bubblewrap", "git")
def test_the_action_proves_and_writes_its_reports(repo: Path, runner: dict[str, str]) -> None:
    done = run("Prove", repo, {**runner, "PADDOCK_ONLY": "PK-07 CR-21"})
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((repo / "paddock.sarif").read_text())["version"] == "2.1.0"
    names = [case.get("name") for case in ET.parse(repo / "paddock.xml").iter("testcase")]
    assert [name[:5] for name in names if name][:2] == ["PK-07", "CR-21"]


@needs("bubblewrap", "git")
def test_its_inputs_reach_paddock_each_as_one_word(repo: Path, runner: dict[str, str]) -> None:
    (repo / "a policy.toml").write_text("[boundary]\nuse = 7\n")
    asked = {**runner, "PADDOCK_ONLY": "PK-07", "PADDOCK_POLICY": "a policy.toml", "PADDOCK_BOUNDARY": "bubblewrap"}
    done = run("Prove", repo, asked)
    assert (done.returncode, "boundary.use" in done.stderr) == (126, True), done.stderr
    hostile = {**runner, "PADDOCK_ONLY": "$(touch$IFS/tmp/ran) `id` ; *", "PADDOCK_SARIF": "$(touch ran)"}
    assert run("Prove", repo, hostile).returncode == 125
    assert not (repo / "ran").exists()


@needs("registries")
@pytest.mark.net
@pytest.mark.slow
@pytest.mark.root  # once is enough
def test_the_action_installs_paddock_from_its_checkout(tmp_path: Path) -> None:
    """With the machine's own indexes, as a runner would."""
    environ = {**os.environ, "RUNNER_TEMP": str(tmp_path), "PADDOCK_SOURCE": str(ROOT)}
    assert given("Install") == {"PADDOCK_SOURCE": "github.action_path"}
    done = run("Install", tmp_path, environ)
    assert done.returncode == 0, done.stdout + done.stderr
    installed = [str(tmp_path / "paddock/bin/paddock"), "--version"]
    assert subprocess.run(installed, capture_output=True, text=True, check=True).stdout.startswith("paddock ")


def test_the_action_uses_no_other_and_lets_nothing_into_its_scripts() -> None:
    assert "uses:" not in ACTION
    assert "using: composite" in ACTION
    for step in ("Install", "Prove"):
        assert "${{" not in script(step), "what is given would become part of the script"
    assert "--require-hashes" in script("Install")


def entry(name: str) -> list[str]:
    part = HOOKS.split(f"- id: {name}\n")[1].split("\n- id:")[0]
    return shlex.split(re.findall(r"^  entry: paddock (.*)$", part, re.MULTILINE)[0])


@needs("bubblewrap", "git")
def test_the_hooks_commands_pass_where_all_is_well(person: Person, repo: Path) -> None:
    for name in ("paddock-policy", "paddock-prove"):
        done = person.call(*entry(name), cwd=repo)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_hook_for_policies_fails_on_a_wrong_one_and_is_for_each_file_that_holds_one(
    person: Person, repo: Path
) -> None:
    from paddock import sources

    (repo / "paddock.toml").write_text("[network]\nmode = 'on'\n")
    assert person.call(*entry("paddock-policy"), cwd=repo).returncode == 126
    pattern = re.findall(r"^  files: (.*)$", HOOKS, re.MULTILINE)[0]
    for file in (sources.REPOSITORY_FILE, *sources.DEVCONTAINERS):
        assert re.search(pattern, file), file
    assert not re.search(pattern, "src/paddock.toml")
