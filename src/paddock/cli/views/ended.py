"""The end of `run` and `shell`: what is held now, which of it is dangerous, and what to type next.

Loaded only where something was changed. Names are from a sandbox; `remarks.complain` makes them harmless.
"""

from __future__ import annotations

from paddock.cli.views import held, judged
from paddock.errors import PaddockError
from paddock.frozen import frozen
from paddock.workspace import store
from paddock.workspace.quoting import quoted
from paddock.workspace.summary import Summary, summarize

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from paddock.session import Ended

NEXT = "paddock diff, paddock apply, paddock discard"
_SHOWN = 5  # paths
_LONGEST_PATH = 48  # of one that is told
_KIND_WORDS = {"mode": "with another mode"}


@frozen
class Commits:
    """Commits on one branch of the sandbox's; `count` is None where nobody could count them."""

    branch: str
    count: int | None


@frozen
class Look:
    """What was found in a change set. `summary` is None, or has no hazards, where `problem` says why."""

    summary: Summary | None
    commits: tuple[Commits, ...]
    problem: str = ""


def look(repository: str, name: str, *, commits: bool) -> Look:
    """Look at a change set after its session. Never fails: the command's own end is what matters."""
    try:
        directory = store.find(repository, name)
        judges, problem = _judges(repository)
        with held.trees(directory) as trees:
            summary = summarize(*trees, judges(*trees) if judges else None)
        found = _commits(directory) if commits else ()
    except (PaddockError, OSError) as error:
        return Look(None, (), f"the changes could not be looked at: {error}")
    except KeyboardInterrupt:
        return Look(None, (), "the changes were not looked at")
    return Look(summary, found, problem)


def _judges(repository: str) -> tuple[judged.Judging | None, str]:
    try:
        return judged.Judging(repository), ""
    except PaddockError as error:
        return None, f"hazards were not looked for: {error.what}"


def _commits(directory: store.ChangeSetDirectory) -> tuple[Commits, ...]:
    """By branch. Nothing is started where there are none; else git has to read them, in a sandbox of its own."""
    from paddock import commits

    names = commits.outline(directory)
    if not names:
        return ()
    try:
        report = commits.look(directory)
    except PaddockError:
        return tuple(Commits(name, None) for name in names)
    return tuple(Commits(one.label, one.count) for one in report.coming)


def brief(ended: Ended, found: Look) -> Iterator[str]:
    """For a file or a pipe: one line, and one for hazards."""
    yield f"{held.counted(ended.changed, 'change')} held as {ended.held}: {NEXT}"
    yield from _hazards(found)


def full(ended: Ended, found: Look) -> Iterator[str]:
    """For a person: four lines at most."""
    yield f"{held.counted(ended.changed, 'change')} held as {ended.held}{_kinds(found.summary)}"
    if found.commits:
        yield ", ".join(map(_counted, found.commits[:_SHOWN])) + _more(len(found.commits))
    yield from _hazards(found)
    dangerous = found.summary and found.summary.dangerous
    yield f"next: {NEXT.replace('diff', 'diff --hazards', 1) if dangerous else NEXT}"


def data(found: Look) -> dict[str, object]:
    """For `--json`. `hazards` is null where nobody could look for them."""
    summary = found.summary or Summary(looked=0, complete=False, kinds=(), git=False, dangerous=())
    hazards = [
        {"path": one.path, "name": hazard.name, "family": hazard.family, "severity": hazard.severity}
        for one in summary.dangerous
        for hazard in one.hazards
    ]
    return {
        "kinds": dict(summary.kinds),
        "commits": [{"branch": one.branch, "count": one.count} for one in found.commits],
        "hazards": None if found.problem else hazards,
        "looked_at": summary.looked,
        "complete": summary.complete,
    }


def _kinds(summary: Summary | None) -> str:
    if summary is None:
        return ""
    told = [f"{number:,} {_KIND_WORDS.get(kind, kind)}" for kind, number in summary.kinds]
    if summary.git:
        told.append("git's own data")
    first = "" if summary.complete else f" of the first {summary.looked:,}"
    return f": {', '.join(told)}{first}"


def _counted(commits: Commits) -> str:
    number = "commits" if commits.count is None else held.counted(commits.count, "commit")
    return f"{number} on {shortened(commits.branch)}"


def _hazards(found: Look) -> Iterator[str]:
    if found.problem:
        yield found.problem
        return
    summary = found.summary
    if summary is None:
        return
    first = "" if summary.complete else f" in the first {summary.looked:,} changes, the rest was not looked at"
    if summary.dangerous:
        pairs = [(one.path, one.hazards[0].family) for one in summary.dangerous]
        yield f"hazards{first}: {listed(pairs)}"
    elif first:
        yield f"no hazards{first}"


def listed(pairs: Sequence[tuple[str, str]]) -> str:
    """Paths under what they have in common: `build Makefile, setup.py; git .git and 3 more`; some of each."""
    groups: dict[str, list[str]] = {}
    for path, word in pairs:
        groups.setdefault(word, []).append(path)
    each = max(1, _SHOWN // len(groups))
    told = [f"{word} {', '.join(map(shortened, paths[:each]))}" for word, paths in groups.items()]
    shown = sum(len(paths[:each]) for paths in groups.values())
    return "; ".join(told) + _more(len(pairs), shown)


def _more(count: int, shown: int = _SHOWN) -> str:
    return f" and {count - shown:,} more" if count > shown else ""


def shortened(path: str) -> str:
    """A name that leaves room for others: its end says more than its beginning."""
    shown = quoted(path)
    return shown if len(shown) <= _LONGEST_PATH else f"…{shown[-_LONGEST_PATH:]}"
