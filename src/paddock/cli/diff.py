"""`paddock diff`: what the sandbox changed."""

from __future__ import annotations

import sys
from functools import partial
from itertools import chain, islice

from paddock.cli.outcome import Outcome
from paddock.cli.style import plain, styled, wants_color
from paddock.cli.views import held, judged
from paddock.errors import Usage
from paddock.frozen import as_data, frozen
from paddock.workspace.change_set import walk
from paddock.workspace.diff import HAZARD, HEADER, HUNK, NEW, NOTE, OLD, differences
from paddock.workspace.quoting import quoted
from paddock.workspace.renames import MANY, paired_if_few

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from paddock.workspace.change import Change
    from paddock.workspace.diff import Line
    from paddock.workspace.selection import Selection
    from paddock.workspace.shelf import ChangeSetDirectory

SUMMARY = "show what the sandbox changed"
DETAILS = """The difference between this repository and a held change set, in git's format:

  paddock diff                    everything
  paddock diff src '*.md'         a directory, a pattern
  paddock diff --stat             one line for each file
  paddock diff --hazards          only what your machine would execute, trust or be steered by
  paddock diff --conflicts        where the host changed too: before, the host's, the sandbox's
  paddock diff --commits          what the sandbox committed, by the branches that apply would make
  paddock diff --open main.py     in the program that $DIFFTOOL names
  paddock diff | git apply        the same lines, taken over by git

Lines that begin with # say what git's format cannot: permissions, directories, what is held back, and why a change
is a hazard, above it. Among more than 10,000 changes renames are shown as deletions and additions.

On a terminal, control characters of names and content are shown as escapes, and what is longer than the screen goes
through $PADDOCK_PAGER, $PAGER or less; an empty PADDOCK_PAGER means none."""

_STYLES = {
    HEADER: ("bold",),
    HUNK: ("cyan",),
    NEW: ("green",),
    OLD: ("red",),
    NOTE: ("yellow",),
    HAZARD: ("bold", "red"),
}
_COLORS = ("auto", "always", "never")


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of `diff`. What cannot stand together is judged by `perform`: see cli.quick."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="only these; a directory or a pattern means all in it")
    parser.add_argument("--stat", action="store_true", help="one line for each file")
    parser.add_argument("--name-only", action="store_true", help="names alone")
    parser.add_argument("--conflicts", action="store_true", help="what the host changed too, with all sides")
    parser.add_argument("--commits", action="store_true", help="commits instead of files")
    parser.add_argument("--open", action="store_true", help="each in the program that $DIFFTOOL names, from copies")
    parser.add_argument("--hazards", action="store_true", help="only changes that are hazards")
    parser.add_argument("--color", metavar="WHEN", default="auto", help="auto (default), always or never")
    held.declare_name(parser)


@frozen
class Look:
    """How lines are to be printed: in colours; `harmless`: for eyes, not for programs."""

    color: bool
    harmless: bool

    def text(self, text: str, *styles: str) -> str:
        """Text that may hold what a sandbox wrote. A tab does nothing to terminals."""
        if self.harmless:
            text = "\t".join(map(plain, text.split("\t")))
        return styled(text, *styles) if self.color else text

    def line(self, line: Line) -> str:
        """A line of a difference."""
        return self.text(line.text, *_STYLES.get(line.kind, ())) + "\n"


def perform(options: argparse.Namespace) -> Outcome:
    """Read, compare, render. Works while a sandbox is live."""
    look = _look(options)
    _refuse_two(options, "stat", "name_only", "conflicts", "commits", "open")
    _refuse_two(options, "json", "open")
    _refuse_two(options, "conflicts", "hazards")
    directory = held.chosen(options.name)
    if directory is None:
        return Outcome(held.NOTHING if sys.stdout.isatty() else "", {"schema": 1, "name": None, "changes": []})
    if options.commits:
        return _commits(directory, options)
    selection = held.selected(directory, options.paths)
    if options.conflicts:
        return _conflicts(directory, selection, look)
    if options.open:
        from paddock.cli.views import opening

        return opening.perform(directory, selection, hazards=options.hazards)
    pieces = _pieces(directory, selection, options, look)
    first = next(pieces, "")  # what is wrong from the start is told without a pager
    return Outcome(pieces=chain((first,), pieces), paged=not options.json)


def _refuse_two(options: argparse.Namespace, *names: str) -> None:
    given = [f"--{name.replace('_', '-')}" for name in names if getattr(options, name)]
    if len(given) > 1:
        raise Usage(f"{given[0]} and {given[1]} cannot stand together", next_step=f"paddock diff {given[0]}")


def _look(options: argparse.Namespace) -> Look:
    if options.color not in _COLORS:
        raise Usage(f"--color {options.color!a} is not known", why=f"expected {', '.join(_COLORS)}")
    always = options.color == "always"
    return Look(always or (options.color == "auto" and wants_color()), always or sys.stdout.isatty())


def _pieces(
    directory: ChangeSetDirectory, selection: Selection, options: argparse.Namespace, look: Look
) -> Iterator[str]:
    with held.trees(directory) as trees:
        changes = _chosen(directory, selection, trees, options)
        if options.json:
            yield from _json(directory, changes)
        elif options.name_only:
            yield from (look.text(quoted(change.path)) + "\n" for change in changes)
        elif options.stat:
            from paddock.cli.views import diffstat

            yield from diffstat.lines(differences(changes, *trees), look)
        else:
            yield from (look.line(line) for found in differences(changes, *trees) for line in found.lines)
        selection.demand()


def _chosen(
    directory: ChangeSetDirectory, selection: Selection, trees: tuple[int, int], options: argparse.Namespace
) -> Iterator[Change]:
    """The wanted changes, with their hazards but where names alone are asked for."""
    wanted = filter(partial(_is_wanted, selection), paired_if_few(walk(*trees, look=True), *trees))
    few = list(islice(wanted, MANY))
    if len(few) < MANY:
        selection.demand()  # before anything is printed
    changes: Iterator[Change] = chain(few, wanted)
    if options.name_only and not options.hazards:
        return changes
    changes = judged.Judging(directory.repository)(*trees).judged(changes)
    return (change for change in changes if change.hazards) if options.hazards else changes


def _is_wanted(selection: Selection, change: Change) -> bool:
    wanted = change.path in selection
    return bool(change.source and change.source in selection) or wanted


def _commits(directory: ChangeSetDirectory, options: argparse.Namespace) -> Outcome:
    from paddock import commits
    from paddock.cli.views import committed

    if options.paths or options.hazards:
        raise Usage("--commits lists whole commits, with their hazards", next_step="paddock diff --commits")
    report = commits.look(directory, judge=judged.Judging(directory.repository))
    text = committed.listing(report)
    data = {"schema": 1, "name": directory.name, "repository": directory.repository, **committed.data(report)}
    return Outcome("" if text == committed.NOTHING and not sys.stdout.isatty() else text, data, paged=not options.json)


def _conflicts(directory: ChangeSetDirectory, selection: Selection, look: Look) -> Outcome:
    from paddock.cli.views import conflicts

    found = list(conflicts.found(directory, selection))
    text = "".join(look.line(line) for _, lines in found for line in lines) or "no conflicts\n"
    problems = [{**as_data(problem), "lines": [line.text for line in lines]} for problem, lines in found]
    data = {"schema": 1, "name": directory.name, "repository": directory.repository, "conflicts": problems}
    return Outcome(text, data)


def _json(directory: ChangeSetDirectory, changes: Iterable[Change]) -> Iterator[str]:
    """One object, written as it comes: there may be a million of them."""
    import json

    head = json.dumps({"schema": 1, "name": directory.name, "repository": directory.repository}, indent=2)
    yield head.removesuffix("\n}") + ',\n  "changes": ['
    between = "\n    "
    for change in changes:
        yield between + json.dumps({**as_data(change), "type": change.type})
        between = ",\n    "
    yield "\n  ]\n}\n"
