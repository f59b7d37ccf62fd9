"""`run --apply` and `run --ask`: take a change set over as soon as the command has ended."""

from __future__ import annotations

import sys

from paddock.cli.views import held
from paddock.errors import Refused, Usage
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from paddock.commits import Taken
    from paddock.plan.model import Plan
    from paddock.session import Ended
    from paddock.workspace.applying.wishes import Problem
    from paddock.workspace.shelf import ChangeSetDirectory

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
    if not ended.held or (ended.exit_code and not options.ask):
        return Done((), _data(None, remaining=bool(ended.held)), ended.exit_code, held=bool(ended.held))
    from paddock.cli.views import applied
    from paddock.workspace import overlaps, store

    directory = store.find(plan.workspace.source, ended.held)
    taken = _asked(directory) if options.ask else _taken(directory, everything=options.apply == ALL)
    # What a person left when asked was left on purpose: then the code is the command's own.
    code = HELD if taken.remaining and not options.ask else ended.exit_code
    in_the_way = overlaps.after(directory, taken.files.applied if taken.files else ())
    lines = (*_lines(taken, ended.held), *applied.overlap_lines(in_the_way))
    return Done(lines, _data(taken, remaining=taken.remaining), code, held=taken.remaining)


def _taken(directory: ChangeSetDirectory, *, everything: bool) -> Taken:
    from paddock import commits
    from paddock.cli.views import judged
    from paddock.workspace.applying.consent import Consent
    from paddock.workspace.applying.wishes import Wishes
    from paddock.workspace.selection import Selection

    if everything:
        return commits.take(directory, Wishes(Selection(), links=True, consent=Consent(everything=True)))
    return commits.take(directory, Wishes(Selection(), judge=judged.Judging(directory.repository)))


def _asked(directory: ChangeSetDirectory) -> Taken:
    """As `paddock apply -p`: files, one by one."""
    from paddock import commits
    from paddock.cli.views import judged, review
    from paddock.workspace.applying.wishes import Wishes
    from paddock.workspace.selection import Selection

    wishes = Wishes(Selection(), judge=judged.Judging(directory.repository))
    return commits.take(directory, wishes, commits.TREE, "", review.perform_held)


def _lines(taken: Taken, name: str) -> Iterator[str]:
    """What was applied, what came as commits, what is held and why, what to type next: a line for each."""
    applied = len(taken.files.applied) if taken.files else 0
    back = "; to take it back: paddock undo" if applied else ""
    yield f"{held.counted(applied, 'change')} applied{back}"
    yield from _commits(taken)
    if taken.remaining:
        yield f"the rest is held as {name}{_why(taken.files.problems if taken.files else ())}"
        yield "next: paddock diff, paddock apply, paddock discard"


def _commits(taken: Taken) -> Iterator[str]:
    from paddock.cli.views.ended import listed, shortened

    if taken.refusal:
        yield f"commits did not come: {taken.refusal.what}; next: paddock diff --commits"
    coming = taken.commits.coming if taken.commits else ()
    told = [f"{held.counted(one.count, 'commit')} as branch {shortened(one.branch)}" for one in coming if not one.held]
    told += [f"branch {shortened(one.branch)} is held (paddock diff --commits)" for one in coming if one.held]
    if taken.waiting:
        told.append("commits are held (paddock apply --as branch)")
    dropped = [(change.path, "git's own data") for change in taken.dropped if change.hazards]
    if dropped:
        told.append(f"dropped: {listed(dropped)}")
    if told:
        yield ", ".join(told)


def _why(problems: tuple[Problem, ...]) -> str:
    if not problems:
        return ""
    from paddock.cli.views.ended import listed

    told = sorted(problems, key=lambda problem: _ORDER.index(problem.kind))
    return f": {listed([(problem.path, problem.kind) for problem in told])}"


def _data(taken: Taken | None, *, remaining: bool) -> dict[str, object]:
    """In the shape of `paddock apply --json`, as far as there is something to say."""
    from paddock.frozen import as_data

    report = taken.files if taken else None
    data: dict[str, object] = {
        "applied": list(report.applied) if report else [],
        "problems": [as_data(problem) for problem in report.problems] if report else [],
        "remaining": remaining,
    }
    if taken is None:
        return data
    from paddock.cli.views import committed

    return {**data, **committed.result(taken)}
