from __future__ import annotations

import tracemalloc

from paddock.cli.diff import Look
from paddock.cli.views import diffstat
from paddock.workspace.change import Change
from paddock.workspace.diff import NEW, FileDiff, Line
from paddock.workspace.hazard import Hazard

PLAIN = Look(color=False, harmless=True)
FILE = 0o100644


def test_names_are_lined_up_and_bars_are_to_scale() -> None:
    found = [
        FileDiff(Change("short", "modified", FILE, FILE), (), 400, 0),
        FileDiff(Change("a/longer/name", "modified", FILE, FILE), (), 1, 100),
    ]
    assert list(diffstat.lines(found, PLAIN)) == [
        f" short         | 400 {'+' * 40}\n",
        f" a/longer/name | 101 +{'-' * 10}\n",
        " 2 changes, 401(+), 100(-)\n",
    ]


def test_families_of_hazards_stand_behind_and_are_counted() -> None:
    hazards = (Hazard("a", "git", "high", "why"), Hazard("b", "git", "low", "why"), Hazard("c", "build", "low", "why"))
    lines = list(diffstat.lines([FileDiff(Change("x", "added", 0, FILE, hazards=hazards), (), 1, 0)], PLAIN))
    assert lines == [" x | 1 +  hazard: git, build\n", " 1 change, 1(+), 0(-), 1 hazard\n"]


def test_names_do_nothing_to_a_terminal() -> None:
    first, _ = diffstat.lines([FileDiff(Change("a\x1b[2J\n\u202e", "added", 0, FILE), (), 1, 0)], PLAIN)
    assert first == ' "a\\033[2J\\n\\342\\200\\256" | 1 +\n'


def test_nothing_is_no_mistake() -> None:
    assert list(diffstat.lines([], PLAIN)) == [" 0 changes, 0(+), 0(-)\n"]


def test_neither_lines_nor_rows_of_a_large_change_set_are_kept() -> None:
    """What a hundred thousand files with a line each would take is some hundred megabytes."""

    def many():
        for number in range(100_000):
            yield FileDiff(Change(f"f{number:06}", "added", 0, FILE), (Line(NEW, "x" * 2000),), 1, 0)

    tracemalloc.start()
    count = sum(1 for _ in diffstat.lines(many(), PLAIN))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 100_001
    assert peak < 64 << 20
