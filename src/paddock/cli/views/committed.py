"""Commits for people and for programs: what `diff --commits` lists, and what `apply` did with them."""

from __future__ import annotations

from paddock.cli.style import paint, plain
from paddock.cli.views import applied, held
from paddock.cli.views.asking import hazard_lines
from paddock.frozen import as_data
from paddock.workspace.quoting import quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from paddock.commits import Taken
    from paddock.errors import PaddockError
    from paddock.workspace.git.bringing import Coming, Left, Report
    from paddock.workspace.git.commits import Commit

_SHORT = 12  # digits of an id
_NAMED = 5
NOTHING = "no commits are held\n"


def listing(report: Report) -> str:
    """Every commit that would come, by branch."""
    lines = [line for one in report.coming for line in _branch(one)]
    lines += [line for left in report.left for line in _left(left)]
    return "".join(f"{line}\n" for line in lines) or NOTHING


def text(taken: Taken, *, dry: bool) -> str:
    """What came of the commits, and what went with git's own data."""
    lines = [line for one in (taken.commits.coming if taken.commits else ()) for line in _one(one, dry=dry)]
    lines += [line for left in (taken.commits.left if taken.commits else ()) for line in _left(left)]
    lines += _refused(taken.refusal) if taken.refusal else []
    if taken.waiting:
        lines.append(f"commits are held too: {_some(taken.waiting)}; paddock apply --as branch")
    for change in taken.dropped:
        if change.hazards:
            _, *reasons = hazard_lines(change.path, change.hazards)
            lines += [f"dropped  {plain(quoted(change.path))}: git's own data never comes over", *reasons]
    return "".join(f"{line}\n" for line in lines)


def exit_code(taken: Taken) -> int:
    """As `applied.exit_code`: 1 for what could not come, 2 for what waits for a person's word."""
    if taken.refusal or (taken.commits and any(one.refusal for one in taken.commits.coming)):
        return applied.NOT_ALL
    return applied.WAITS if taken.commits and any(one.findings for one in taken.commits.coming) else 0


def _one(one: Coming, *, dry: bool) -> Iterator[str]:
    if one.held:
        yield from _held(one)
        return
    done = "would come" if dry else "came"
    yield f"{_counted(one)} of {_where(one.place, one.label)} {done} as branch {_name(one.branch)}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(map(plain, names[:_NAMED])) + more


def _refused(error: PaddockError) -> list[str]:
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


def result(taken: Taken) -> dict[str, object]:
    """What came of the commits, for `--json`."""
    return {
        "commits": data(taken.commits) if taken.commits else None,
        "commits_refused": taken.refusal.as_data()["error"] if taken.refusal else None,
        "commits_waiting": list(taken.waiting),
        "dropped": [{"path": change.path, "hazards": as_data(change.hazards)} for change in taken.dropped],
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
        first, *rest = hazard_lines(finding.path, finding.hazards)
        yield paint(f"{first}  in commit {finding.commit[:_SHORT]}", "red")
        yield from rest
    if one.findings:
        classes = ",".join(sorted({hazard.family for finding in one.findings for hazard in finding.hazards}))
        yield f"branch {_name(one.branch)} stays held; to take it: paddock apply --hazards={plain(classes)}"


def _left(left: Left) -> Iterator[str]:
    yield f"{paint('held', 'yellow')}  {_where(left.place, left.label)}: {plain(left.reason)}"


def _where(place: str, label: str) -> str:
    return plain(f"{place}: {label}" if place else label)


def _name(branch: str) -> str:
    return plain(branch)


def _counted(one: Coming) -> str:
    return held.counted(one.count, "commit")
