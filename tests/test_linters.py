"""Linters are tests: what they say is binding, at the desk and in CI alike."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCRIPTS = sorted(path for path in [*(ROOT / "scripts").iterdir(), ROOT / ".ci" / "run"] if path.is_file())


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "--no-cache"),
        ("ruff", "format", "--check", "--no-cache"),
        pytest.param(("mypy",), marks=pytest.mark.slow),
    ],
    ids=" ".join,
)
def test_it_has_nothing_to_say(command: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> None:
    extra = ("--cache-dir", str(tmp_path_factory.mktemp("mypy"))) if command == ("mypy",) else ()
    done = subprocess.run(
        [sys.executable, "-m", *command, *extra], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_parses_runs_strictly_and_is_executable(script: Path) -> None:
    subprocess.run(["bash", "-n", script], check=True)
    assert script.stat().st_mode & 0o111
    text = script.read_text()
    assert text.startswith("#!/usr/bin/env bash\n")
    assert "set -euo pipefail" in text
    assert script.parent.name == ".ci" or len(text.splitlines()) <= 15


@pytest.mark.parametrize("name", ["dev.lock", "runtime.lock"])
def test_a_lock_names_hashes_and_no_address(name: str) -> None:
    """Where packages come from is the machine's business: a mirror just works."""
    text = (ROOT / name).read_text()
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text
    pinned = [line for line in text.splitlines() if line and line[0] not in " #-"]
    assert pinned
    assert all("==" in line and line.endswith("\\") for line in pinned), "every line is pinned and followed by hashes"
    assert text.count("--hash=sha256:") >= len(pinned)


def test_the_development_lock_holds_what_runs_too() -> None:
    def pins(name: str) -> set[str]:
        lines = (ROOT / name).read_text().splitlines()
        return {line.split()[0] for line in lines if line and line[0] not in " #-"}

    assert pins("runtime.lock") <= pins("dev.lock")


def test_the_locks_cover_what_the_project_declares() -> None:
    import re
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for lock, wanted in (
        ("runtime.lock", project["project"]["dependencies"]),
        ("dev.lock", project["dependency-groups"]["dev"]),
    ):
        names = {line.split("==")[0] for line in (ROOT / lock).read_text().splitlines() if "==" in line}
        assert {re.match(r"[\w-]+", entry)[0] for entry in wanted} <= names  # type: ignore[index]
