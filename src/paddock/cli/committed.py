"""Commits for people and for programs: what `diff --commits` lists, and what `apply` did with them."""

from __future__ import annotations

from paddock.cli import held
from paddock.cli.style import paint, plain
from paddock.frozen import as_data

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.errors import PaddockError
    from paddock.workspace.git.bringing import Coming, Left, Report
    from paddock.workspace.git.commits import Commit

_SHORT = 12  # digits of an id
NOTHING = "no commits are held\n"


def listing(report: Report) -> str:
    """Every commit that would come, by branch."""
    lines = [line for one in report.coming for line in _branch(one)]
    lines += [line for left in report.left for line in _left(left)]
    return "".join(f"{line}\n" for line in lines) or NOTHING


def summary(report: Report, *, dry: bool) -> list[str]:
    """What came, one line for each branch, and why the others did not."""
    lines: list[str] = []
    for one in report.coming:
        if one.held:
            lines += _held(one)
        else:
            done = "would come" if dry else "came"
            lines.append(f"{_counted(one)} of {_where(one.place, one.label)} {done} as branch {_name(one.branch)}")
    return lines + [line for left in report.left for line in _left(left)]


def refused(error: PaddockError) -> list[str]:
    """Commits that could not be read at all."""
    lines = [f"{paint('commits', 'red')}  {plain(error.what)}"]
    lines += [f"  {plain(line)}" for line in error.why.splitlines()]
    return [*lines, *([f"  next: {plain(error.next_step)}"] if error.next_step else [])]


def data(report: Report) -> dict[str, object]:
    """For `--json`."""
    return {
        "branches": [
            {
                **{name: value for name, value in as_data(one).items() if name not in ("refusal", "tip")},
                "commit": one.tip,
                "refusal": one.refusal.as_data()["error"] if one.refusal else None,
            }
            for one in report.coming
        ],
        "left": [as_data(left) for left in report.left],
    }


def _branch(one: Coming) -> Iterator[str]:
    where = f"{_where(one.place, one.label)} -> {_name(one.branch)}"
    new = f"from {one.old[:_SHORT]}" if one.old else "new"
    yield f"{paint(where, 'bold')} ({new}, {_counted(one)})"
    for commit in one.commits:
        yield _commit(commit)
    if one.count > len(one.commits):
        yield f"  … {one.count - len(one.commits)} more"
    yield from _held(one)


def _commit(commit: Commit) -> str:
    signed = ", signature not verified" if commit.signed else ""
    who = plain(f"{commit.author} <{commit.email}>")
    about = paint(f"({who}, {held.counted(commit.files, 'file')}{signed})", "dim")
    return f"  {paint(commit.id[:_SHORT], 'yellow')}  {plain(commit.subject)}  {about}"


def _held(one: Coming) -> Iterator[str]:
    if one.refusal:
        yield f"{paint('held', 'yellow')}  branch {_name(one.branch)}: {plain(one.refusal.what)}"
        yield from (f"  {plain(line)}" for line in one.refusal.why.splitlines())
        if one.refusal.next_step:
            yield f"  next: {plain(one.refusal.next_step)}"
    for finding in one.findings:
        for hazard in finding.hazards:
            where = f"{plain(finding.path)} in commit {finding.commit[:_SHORT]}"
            yield f"{paint('hazard', 'yellow')}  {where}: {hazard.name} ({hazard.family}): {plain(hazard.why)}"
            yield from (f"    {plain(line)}" for line in hazard.evidence)


def _left(left: Left) -> Iterator[str]:
    yield f"{paint('held', 'yellow')}  {_where(left.place, left.label)}: {plain(left.reason)}"


def _where(place: str, label: str) -> str:
    return plain(f"{place}: {label}" if place else label)


def _name(branch: str) -> str:
    return plain(branch)


def _counted(one: Coming) -> str:
    return held.counted(one.count, "commit")
