from __future__ import annotations

import pytest

from paddock.cli.views import applied
from paddock.workspace.applying.wishes import Problem, Report
from paddock.workspace.hazard import Hazard
from paddock.workspace.store import ChangeSetDirectory

HAZARD = Hazard("git-hooks", "git", "high", "git runs it", ("+evil",))


def report(*problems: Problem) -> Report:
    return Report(("a", "b"), problems, bool(problems), ("b",))


@pytest.mark.parametrize(
    ("problems", "code"),
    [
        ((), 0),
        ((Problem("x", "held", "git"),), 0),
        ((Problem("x", "held", "link"),), 2),
        ((Problem("x", "hazard", "why", (HAZARD,)),), 2),
        ((Problem("x", "hazard", "why", (HAZARD,)), Problem("y", "conflict", "changed")), 1),
        ((Problem("x", "failed", "no"),), 1),
    ],
)
def test_the_exit_code_tells_failures_from_what_waits_for_a_word(problems, code) -> None:
    assert applied.exit_code(report(*problems)) == code


def test_every_problem_comes_with_what_to_type_next() -> None:
    directory = ChangeSetDirectory("work", "/state/work", "/repo")
    problems = (Problem("x\x1b", "hazard", "why", (HAZARD,)), Problem("y", "conflict", "changed", mergeable=True))
    text = applied.text(directory, report(*problems), dry=False, undo=True)
    for part in (
        'hazard  "x\\033"\n    git (git-hooks): git runs it\n      | +evil\n',
        "2 changes applied, 1 of them merged with yours",
        "paddock apply --hazards=git",
        "paddock diff --conflicts",
        "1 of them merges cleanly: paddock apply --merge",
        "held as 'work'",
        "paddock undo",
    ):
        assert part in text
    dry = applied.text(directory, report(), dry=True, undo=True)
    assert (dry, "undo" in dry) == ("2 changes would be applied, 1 of them merged with yours\n", False)


def test_programs_get_every_hazard_whole() -> None:
    directory = ChangeSetDirectory("work", "/state/work", "/repo")
    found = applied.data(directory, report(Problem("x", "hazard", "why", (HAZARD,))), dry=False)
    assert found["problems"] == [
        {
            "path": "x",
            "kind": "hazard",
            "reason": "why",
            "mergeable": False,
            "hazards": [
                {
                    "name": "git-hooks",
                    "family": "git",
                    "severity": "high",
                    "why": "git runs it",
                    "evidence": ["+evil"],
                    "reference": "",
                }
            ],
        }
    ]
