"""`run --apply` and `run --ask`: take a change set over as soon as the command has ended."""

from __future__ import annotations

import sys

from paddock.cli import held
from paddock.errors import Refused, Usage
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from paddock.commits import Taken
    from paddock.plan.model import Plan
    from paddock.session import Ended
    from paddock.workspace.shelf import ChangeSetDirectory
    from paddock.workspace.wishes import Problem, Report

SAFE, ALL, NONE = "safe", "all", "none"
HELD = 123  # exit code: the command ended well, and something of what it changed waits for a person
_ORDER = ("hazard", "conflict", "failed", "held")


@frozen
class Done:
    """What came of it. `lines` are for people, with names from a sandbox; `data` is for `--json`."""

    lines: tuple[str, ...]
    data: dict[str, object]
    exit_code: int
    held: bool


def is_wanted(options: argparse.Namespace) -> bool:
    """Whether anything is to be taken at the end. Raises Usage for what makes no sense, before anything starts."""
    if options.apply not in (None, SAFE, ALL, NONE):
        raise Usage(
            f"--apply {options.apply!a} is not known", why="expected safe, all or none", next_step="--apply safe"
        )
    wanted = [name for name, on in (("--ask", options.ask), ("--apply", options.apply not in (None, NONE))) if on]
    if not wanted:
        return False
    if options.keep:
        raise Usage(
            f"{wanted[0]} and --keep cannot stand together",
            why="a sandbox that stays goes on changing what would be applied",
            next_step="paddock run --keep -- …   and, after paddock kill: paddock apply",
        )
    if len(wanted) > 1:
        raise Usage(
            "--ask and --apply cannot stand together",
            why="one asks you, the other does not",
            next_step="one of the two",
        )
    if options.ask and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Usage(
            "--ask needs a terminal",
            why="there is nobody to ask",
            next_step="--apply safe   or, later: paddock apply -p",
        )
    return True


def refuse_other_modes(plan: Plan) -> None:
    """Raises Refused where a run of this plan holds nothing for review."""
    mode, origin = plan.workspace.mode, plan.workspace.origin
    if mode != "review":
        raise Refused(
            "--apply and --ask are for workspace mode review",
            why=f"the mode is {mode} ({origin}): there is nothing to apply at the end",
            next_step="--workspace review",
        )


def take(ended: Ended, plan: Plan, options: argparse.Namespace) -> Done:
    """Take what was asked for, now that the command has ended. Raises PaddockError as `apply` does."""
    if not ended.held:
        return Done((), _data(None, None), ended.exit_code, held=False)
    if not options.ask and ended.exit_code:
        return Done((), {**_data(None, None), "remaining": True}, ended.exit_code, held=True)
    from paddock.workspace import store

    directory = store.find(plan.workspace.source, ended.held)
    if options.ask:
        return _asked(directory, ended)
    taken = _taken(directory, everything=options.apply == ALL)
    code = HELD if taken.remaining else 0
    lines = tuple(_lines(taken.files, taken, ended.held))
    return Done(lines, _data(taken.files, taken), code, held=taken.remaining)


def _taken(directory: ChangeSetDirectory, *, everything: bool) -> Taken:
    from paddock import commits
    from paddock.cli import judged
    from paddock.workspace.consent import Consent
    from paddock.workspace.selection import Selection
    from paddock.workspace.wishes import Wishes

    if everything:
        return commits.take(directory, Wishes(Selection(), links=True, consent=Consent(everything=True)))
    return commits.take(directory, Wishes(Selection(), judge=judged.Judging(directory.repository)))


def _asked(directory: ChangeSetDirectory, ended: Ended) -> Done:
    from paddock.cli import judged, review
    from paddock.workspace.selection import Selection
    from paddock.workspace.wishes import Wishes

    report = review.perform(directory, Wishes(Selection(), judge=judged.Judging(directory.repository)))
    lines = tuple(_lines(report, None, ended.held))
    # What a person left was left on purpose: the code is the command's own.
    return Done(lines, _data(report, None), ended.exit_code, held=report.remaining)


def _lines(report: Report | None, taken: Taken | None, name: str) -> Iterator[str]:
    """Four lines at most: what was applied, what came as commits, what is held and why, what to type next."""
    applied = len(report.applied) if report else 0
    back = "; to take it back: paddock undo" if applied else ""
    yield f"{held.counted(applied, 'change')} applied{back}"
    yield from _commits(taken)
    remaining = taken.remaining if taken else bool(report and report.remaining)
    if remaining:
        yield f"the rest is held as {name}{_why(report.problems if report else ())}"
        yield "next: paddock diff, paddock apply, paddock discard"


def _why(problems: tuple[Problem, ...]) -> str:
    if not problems:
        return ""
    from paddock.cli.ended import listed

    told = sorted(problems, key=lambda problem: _ORDER.index(problem.kind))
    return f": {listed([(problem.path, problem.kind) for problem in told])}"


def _commits(taken: Taken | None) -> Iterator[str]:
    if taken is None:
        return
    if taken.refusal:
        yield f"commits did not come: {taken.refusal.what}; next: paddock diff --commits"
    coming = taken.commits.coming if taken.commits else ()
    if coming:
        from paddock.cli.ended import shortened

        came = [
            f"{held.counted(one.count, 'commit')} as branch {shortened(one.branch)}" for one in coming if not one.held
        ]
        stay = sum(one.held for one in coming)
        yield ", ".join([*came, *([f"{held.counted(stay, 'branch')} held"] if stay else [])])


def _data(report: Report | None, taken: Taken | None) -> dict[str, object]:
    from paddock.frozen import as_data

    commits: object = None
    if taken and taken.commits:
        from paddock.cli import committed

        commits = committed.data(taken.commits)
    return {
        "applied": list(report.applied) if report else [],
        "problems": [as_data(problem) for problem in report.problems] if report else [],
        "commits": commits,
        "refusal": taken.refusal.as_data()["error"] if taken and taken.refusal else None,
        "remaining": taken.remaining if taken else bool(report and report.remaining),
    }
