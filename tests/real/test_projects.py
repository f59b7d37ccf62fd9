"""Real projects build and pass their tests inside as they do outside, and the checkout stays as it was."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from paddock.probes.planting.files import fingerprint
from tests.capabilities import needs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Person

    Checkout = Callable[[Path], Path]

pytestmark = [needs("bubblewrap", "git"), pytest.mark.net, pytest.mark.slow]


def outside(person: Person, path: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv,
        cwd=path,
        env=person.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_python_projects_own_tests_have_the_same_result(
    person: Person, checkout: Checkout, python_project: Path
) -> None:
    path = checkout(python_project)
    command = (".venv/bin/python", "-m", "pytest", "-q", "-p", "no:cacheprovider")
    before = fingerprint(path)
    inside = person.call("run", "--", *command, cwd=path)
    assert fingerprint(path) == before
    assert inside.returncode == 0, inside.stdout + inside.stderr
    same = outside(person, path, *command)
    counts = [re.findall(r"\d+ (?:passed|skipped|failed|error)\w*", done.stdout) for done in (inside, same)]
    assert counts[0] == counts[1]
    assert "passed" in counts[0][0]


@needs("npm")
def test_an_npm_projects_own_tests_have_the_same_result(person: Person, checkout: Checkout, npm_project: Path) -> None:
    path = checkout(npm_project)
    before = fingerprint(path)
    inside = person.call("run", "--", "npm", "test", cwd=path)
    assert fingerprint(path) == before
    assert inside.returncode == 0, inside.stdout + inside.stderr
    same = outside(person, path, "npm", "test")
    counts = [re.findall(r"^# (?:tests|pass|fail) .*", done.stdout, re.MULTILINE) for done in (inside, same)]
    assert counts[0] == counts[1]
    assert any(line.startswith("# pass") for line in counts[0])


@needs("npm", "node")
def test_a_native_bundler_builds_and_the_result_is_held_until_apply(
    person: Person, checkout: Checkout, bundler_project: Path
) -> None:
    path = checkout(bundler_project)
    before = fingerprint(path)
    inside = person.call("run", "--", "npm", "run", "build", cwd=path)
    assert inside.returncode == 0, inside.stdout + inside.stderr
    assert fingerprint(path) == before
    assert "dist/out.js" in person.call("diff", cwd=path).stdout
    applied = person.call("apply", cwd=path)
    assert applied.returncode == 0, applied.stderr
    assert outside(person, path, "node", "dist/out.js").stdout == "true\n"
