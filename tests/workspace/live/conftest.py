"""A place of its own for the state of every test of mode live."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.workspace.live.trees import DEFAULT_CONFIG, Run, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "state/paddock"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Files of every standing, and what git makes."""
    place = tmp_path / "a repo"
    for name in (".vscode/settings.json", "src/main.py", ".git/HEAD", ".git/objects/aa/bb", ".git/refs/heads/main"):
        write(place / name)
    write(place / ".git/config", DEFAULT_CONFIG)
    write(place / ".git/hooks/pre-commit.sample")
    write(place / ".git/info/exclude")
    write(place / ".envrc", "old\n")
    write(place / "Makefile", "all:\n\techo old\n")
    return place


@pytest.fixture
def run(repository: Path) -> Iterator[Callable[[], Run]]:
    """Begin a run, once the test has prepared the repository."""
    made: list[Run] = []

    def begin() -> Run:
        made.append(Run(repository))
        return made[-1]

    yield begin
    for one in made:
        one.close()
