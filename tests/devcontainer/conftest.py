"""The reference implementation, `@devcontainers/cli`: what these rooms must agree with."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import capabilities
from tests.conftest import PATIENCE_S
from tests.real.support import fetched, quietly

if TYPE_CHECKING:
    from collections.abc import Callable

# Exact: what agrees with one version may not with another. It is renewed by hand.
REFERENCE = "@devcontainers/cli@0.89.0"
PROGRAM = "node_modules/@devcontainers/cli/devcontainer.js"


@pytest.fixture(scope="session")
def reference_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference CLI, from npm, once per session (or per PADDOCK_TEST_CACHE)."""
    capabilities.require("node", "npm", "registries")
    named = os.environ.get("PADDOCK_TEST_CACHE")

    def build(place: Path) -> None:
        (place / "package.json").write_text('{"name": "example", "version": "1.0.0", "private": true}\n')
        npm = (
            "npm",
            "install",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--no-update-notifier",
            "--loglevel=error",
        )
        quietly(*npm, REFERENCE, cwd=place)

    return fetched(Path(named) if named else tmp_path_factory.mktemp("cache"), "devcontainers-cli", build) / PROGRAM


@pytest.fixture(scope="session")
def reference(reference_program: Path) -> Callable[..., Any]:
    """Runs the reference CLI; its answer as data, or None where it fails."""

    def run(*arguments: str | Path, environ: dict[str, str] | None = None) -> Any:
        done = subprocess.run(
            ["node", reference_program, *arguments, "--log-level", "info"],
            env={**os.environ, **(environ or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        start = done.stdout.find("\n{") + 1 if not done.stdout.startswith("{") else 0
        return json.loads(done.stdout[start:]) if done.returncode == 0 and done.stdout else None

    return run
