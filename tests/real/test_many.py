"""Ten sandboxes at once, in one repository, each with a change set of its own."""

from __future__ import annotations

import json
import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from paddock.probes.planting.files import fingerprint
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person

pytestmark = [needs("bubblewrap"), pytest.mark.slow]
NAMES = [f"worker-{number}" for number in range(10)]


def listed(person: Person, repo: Path) -> list[str]:
    found = json.loads(person.call("ps", "--json", cwd=repo).stdout)
    return sorted(entry["name"] for entry in found["sandboxes"])


def test_ten_sandboxes_run_side_by_side_and_see_only_their_own_changes(person: Person, repo: Path) -> None:
    before = fingerprint(repo)
    script = 'echo "$1" > mine; echo up; read line; ls; cat mine'
    with ExitStack() as stack:
        running = {
            name: stack.enter_context(
                subprocess.Popen(
                    person.argv("run", "--quiet", "--name", name, "--", "sh", "-c", script, "sh", name),
                    cwd=repo, env=person.environ, text=True,
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                )
            )
            for name in NAMES
        }  # fmt: skip
        for process in running.values():
            assert process.stdout
            assert process.stdout.readline() == "up\n", process.stderr and process.stderr.read()
        assert listed(person, repo) == NAMES
        for name, process in running.items():
            out, err = process.communicate("go\n", timeout=60)
            assert (process.returncode, out) == (0, f"hello.txt\nmine\n{name}\n"), err
    assert listed(person, repo) == []
    assert fingerprint(repo) == before
