"""`paddock apply`: take changes over into the repository."""

from __future__ import annotations

import os

from paddock.cli import held
from paddock.cli.outcome import Outcome
from paddock.cli.style import paint, plain
from paddock.errors import Usage
from paddock.workspace import holding
from paddock.workspace.apply import Wishes, apply
from paddock.workspace.change_set import walk
from paddock.workspace.quoting import quoted
from paddock.workspace.selection import Selection, words_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from paddock.workspace.apply import Problem, Report
    from paddock.workspace.store import ChangeSetDirectory

SUMMARY = "take held changes over into this repository"
DETAILS = """Writes what the sandbox changed to the repository, each file in one step, and removes it from the
change set. What cannot or must not be written stays held:

  conflicts    the host's file was changed meanwhile; nothing is overwritten (exit code 1), unless --force PATH
  held         git data, sockets, FIFOs and devices; links that lead out of the repository, unless --links

  paddock apply                   everything; asks first on a terminal
  paddock apply src '*.md'        a directory, a pattern
  paddock apply --dry-run         say what would happen

Killed half-way, the next apply goes on."""


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of `apply`."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="only these; a directory or a pattern means all in it")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--dry-run", action="store_true", help="judge everything, write nothing")
    parser.add_argument(
        "--force", action="append", default=[], metavar="PATH", help="overwrite this in spite of a conflict"
    )
    parser.add_argument("--links", action="store_true", help="take links that lead out of the repository too")
    held.declare_name(parser)


def perform(options: argparse.Namespace) -> Outcome:
    """Apply and tell."""
    directory = held.chosen(options.name)
    if directory is None:
        return Outcome(held.NOTHING, {"schema": 1, "name": None, "applied": [], "problems": [], "remaining": False})
    wishes = Wishes(
        held.selected(directory, options.paths),
        Selection(words_in(directory.repository, os.getcwd(), options.force)) if options.force else None,
        options.links,
        options.dry_run,
    )
    if options.paths or options.force or not options.yes:
        _look_first(directory, options)
    report = apply(directory, wishes)
    failed = report.of("conflict") or report.of("failed")
    return Outcome(_text(directory, report, dry=options.dry_run), _data(directory, report, options), 1 if failed else 0)


def _look_first(directory: ChangeSetDirectory, options: argparse.Namespace) -> None:
    """Refuse paths that are not there before anything is written, and ask."""
    selection, force = held.selected(directory, options.paths), held.selected(directory, options.force)
    number = 0
    with held.trees(directory) as (upper, lower):
        for change in walk(upper, lower):
            force.note(change.path)
            number += change.path in selection and not change.held
    selection.demand()
    force.demand()
    if options.yes or options.dry_run:
        return
    question = f"Apply {held.counted(number, 'change')} of {directory.name!r} to {plain(directory.repository)}?"
    if not held.confirm(question, required=False):
        raise Usage("nothing was applied", next_step="paddock diff", code="declined")


def _text(directory: ChangeSetDirectory, report: Report, *, dry: bool) -> str:
    lines = [_problem(problem) for problem in report.problems]
    done = "would be applied" if dry else "applied"
    lines.append(f"{held.counted(len(report.applied), 'change')} {done}")
    if report.of("conflict"):
        lines.append(
            "conflicts were not written; `paddock diff PATH` shows them, `paddock apply --force PATH` takes them"
        )
    if report.remaining and not dry:
        lines.append(f"the rest is held as {directory.name!r}: paddock diff --name {directory.name}")
    return "".join(f"{line}\n" for line in lines)


def _problem(problem: Problem) -> str:
    reason = holding.REASONS.get(problem.reason, problem.reason)
    style = "yellow" if problem.kind == "held" else "red"
    return f"{paint(problem.kind, style)}  {plain(quoted(problem.path))}: {reason}"


def _data(directory: ChangeSetDirectory, report: Report, options: argparse.Namespace) -> dict[str, object]:
    return {
        "schema": 1,
        "name": directory.name,
        "repository": directory.repository,
        "dry_run": options.dry_run,
        "applied": list(report.applied),
        "problems": [
            {"path": problem.path, "kind": problem.kind, "reason": problem.reason} for problem in report.problems
        ],
        "remaining": report.remaining,
    }
