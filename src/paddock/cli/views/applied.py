"""What an apply or an undo did, for people and for programs."""

from __future__ import annotations

from paddock.cli.style import paint, plain
from paddock.cli.views import held
from paddock.cli.views.asking import hazard_lines
from paddock.frozen import as_data
from paddock.workspace import holding
from paddock.workspace.quoting import quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from paddock.workspace.applying.wishes import Problem, Report
    from paddock.workspace.overlaps import Overlap
    from paddock.workspace.store import ChangeSetDirectory

_SHOWN = 3
NOT_ALL, WAITS = 1, 2  # exit codes, see docs/reference/exit-codes.md
_STYLES = {"held": "yellow", "hazard": "red", "conflict": "red", "failed": "red"}


def exit_code(report: Report) -> int:
    """0: all that was asked for is done; 1: something conflicts or failed; 2: something waits for a person's word."""
    if report.of("conflict") or report.of("failed"):
        return NOT_ALL
    links = any(problem.reason == "link" for problem in report.of("held"))
    return WAITS if report.of("hazard") or links else 0


def text(directory: ChangeSetDirectory, report: Report, *, dry: bool, undo: bool) -> str:
    """The problems, what was done, and what to type next."""
    lines = list(problem_lines(report.problems))
    done = "would be applied" if dry else "applied"
    merged = f", {len(report.merged)} of them merged with yours" if report.merged else ""
    lines.append(f"{held.counted(len(report.applied), 'change')} {done}{merged}")
    lines += _advice(report, dry=dry)
    if report.remaining and not dry:
        lines.append(f"the rest is held as {directory.name!r}: paddock diff --name {directory.name}")
    if report.applied and undo and not dry:
        lines.append("to take it back: paddock undo")
    return "".join(f"{line}\n" for line in lines)


def problem_lines(problems: Sequence[Problem]) -> Iterator[str]:
    """One line for each, a hazard with its reasons. Names and evidence are from a sandbox."""
    for problem in problems:
        if problem.kind == "hazard":
            first, *rest = hazard_lines(problem.path, problem.hazards)
            yield paint(first, _STYLES["hazard"])
            yield from rest
        else:
            reason = holding.REASONS.get(problem.reason, problem.reason)
            yield f"{paint(problem.kind, _STYLES[problem.kind])}  {plain(quoted(problem.path))}: {reason}"


def overlap_lines(overlaps: Sequence[Overlap]) -> Iterator[str]:
    """Who is in the way of what was applied: said now, not when the other one is applied and fails."""
    for one in overlaps:
        first = ", ".join(plain(quoted(path)) for path in one.paths[:_SHOWN])
        more = f" and {len(one.paths) - _SHOWN} more" if len(one.paths) > _SHOWN else ""
        yield f"{one.name!r} changes {first}{more} too: paddock diff --conflicts --name {one.name}"


def _advice(report: Report, *, dry: bool) -> Iterator[str]:
    verb = "are" if dry else "were"
    if hazards := report.of("hazard"):
        classes = ",".join(sorted({hazard.family for problem in hazards for hazard in problem.hazards}))
        yield f"hazards {verb} not written; look at them, then: paddock apply --hazards={plain(classes)}   or: -p"
    if conflicts := report.of("conflict"):
        yield f"conflicts {verb} not written; all sides: paddock diff --conflicts; to overwrite: apply --force PATH"
        if clean := sum(problem.mergeable for problem in conflicts):
            yield f"{clean} of them {'merges' if clean == 1 else 'merge'} cleanly: paddock apply --merge"


def data(directory: ChangeSetDirectory, report: Report, *, dry: bool) -> dict[str, object]:
    """For `--json`."""
    return {
        "schema": 1,
        "name": directory.name,
        "repository": directory.repository,
        "dry_run": dry,
        "applied": list(report.applied),
        "merged": list(report.merged),
        "problems": [as_data(problem) for problem in report.problems],
        "remaining": report.remaining,
    }
