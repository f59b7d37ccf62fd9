"""Ways to run a program that its name does not tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paddock.probes.inside import programs
from paddock.probes.inside.effects import Given

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def given(home: Path) -> Given:
    return Given({"hashes": [], "home": str(home), "repo": str(home), "numbers": {}})


@pytest.mark.parametrize(
    "way", [programs.by_the_linker, programs.from_memory, programs.renamed, programs.interpreted, programs.from_tmp]
)
def test_each_way_runs_a_program_and_leaves_nothing(
    way: Callable[[Given], list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert way(given(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_cannot_run_has_not_run() -> None:
    assert programs.said_by("/nonexistent", "ran") == b""
    assert programs.said_by("/bin/echo", "ran") == b"ran"
