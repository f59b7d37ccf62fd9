"""`paddock diff`: what the sandbox changed."""

from __future__ import annotations

import sys

from paddock.cli import held
from paddock.cli.outcome import Outcome
from paddock.cli.style import paint, plain
from paddock.frozen import as_data
from paddock.workspace.change_set import read
from paddock.workspace.diff import HEADER, HUNK, NEW, NOTE, OLD, differences
from paddock.workspace.quoting import quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from paddock.workspace.change import Change
    from paddock.workspace.diff import FileDiff, Line
    from paddock.workspace.selection import Selection
    from paddock.workspace.store import ChangeSetDirectory

SUMMARY = "show what the sandbox changed"
DETAILS = """The difference between this repository and a held change set, in git's format:

  paddock diff                    everything
  paddock diff src '*.md'         a directory, a pattern
  paddock diff --stat             a summary
  paddock diff --conflicts        where the host changed too: before, the host's, the sandbox's
  paddock diff | git apply        the same lines, taken over by git

Lines that begin with # say what git's format cannot: permissions, directories, and what is held back.
On a terminal, control characters of names and content are shown as escapes."""

_STYLES = {HEADER: ("bold",), HUNK: ("cyan",), NEW: ("green",), OLD: ("red",), NOTE: ("yellow",)}
_BAR = 40


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of `diff`."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="only these; a directory or a pattern means all in it")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--stat", action="store_true", help="one line for each file")
    shape.add_argument("--name-only", action="store_true", help="names alone")
    shape.add_argument("--conflicts", action="store_true", help="what the host changed too, with all sides")
    held.declare_name(parser)


def perform(options: argparse.Namespace) -> Outcome:
    """Read, compare, render. Works while a sandbox is live."""
    directory = held.chosen(options.name)
    if directory is None:
        return Outcome(held.NOTHING if sys.stdout.isatty() else "", {"schema": 1, "name": None, "changes": []})
    selection = held.selected(directory, options.paths)
    if options.conflicts:
        return _conflicts(directory, selection)
    with held.trees(directory) as (upper, lower):
        changes = [change for change in read(upper, lower).changes if _wanted(change, selection)]
        selection.demand()
        if options.json:
            return Outcome(data=_data(directory.name, directory.repository, changes))
        if options.name_only:
            return Outcome("".join(f"{_shown(quoted(change.path))}\n" for change in changes))
        found = differences(changes, upper, lower)
        if options.stat:
            return Outcome(_stat(list(found)))
        return Outcome("".join(_text(line) for difference in found for line in difference.lines))


def _conflicts(directory: ChangeSetDirectory, selection: Selection) -> Outcome:
    from paddock.cli import conflicts

    found = list(conflicts.found(directory, selection))
    text = "".join(_text(line) for _, lines in found for line in lines) or "no conflicts\n"
    problems = [{**as_data(problem), "lines": [line.text for line in lines]} for problem, lines in found]
    data = {"schema": 1, "name": directory.name, "repository": directory.repository, "conflicts": problems}
    return Outcome(text, data)


def _wanted(change: Change, selection: Selection) -> bool:
    wanted = change.path in selection
    return bool(change.source and change.source in selection) or wanted


def _data(name: str, repository: str, changes: Sequence[Change]) -> dict[str, object]:
    listed = [{**as_data(change), "type": change.type} for change in changes]
    return {"schema": 1, "name": name, "repository": repository, "changes": listed}


def _shown(text: str) -> str:
    """Text from a sandbox: as it is for programs, harmless for terminals. A tab does nothing to those."""
    if not sys.stdout.isatty():
        return text
    return "\t".join(map(plain, text.split("\t")))


def _text(line: Line) -> str:
    return paint(_shown(line.text), *_STYLES.get(line.kind, ())) + "\n"


def _stat(differences: Sequence[FileDiff]) -> str:
    named = [(_name(difference.change), difference) for difference in differences]
    width = min(max((len(name) for name, _ in named), default=0), 60)
    most = max((found.added + found.removed for found in differences), default=0)
    lines = [f" {name:<{width}} | {_amount(found, most)}\n" for name, found in named]
    return "".join(lines) + _total(differences)


def _name(change: Change) -> str:
    name = quoted(change.path + ("/" if change.type == "directory" else ""))
    return _shown(f"{quoted(change.source)} => {name}" if change.source else name)


def _amount(found: FileDiff, most: int) -> str:
    change = found.change
    if change.held:
        return f"held: {change.held}"
    if change.binary:
        return f"Bin {change.old_size} -> {change.new_size} bytes"
    if change.kind in ("mode", "renamed") or change.type != "file":
        return change.kind
    total = found.added + found.removed
    if not total:
        return change.kind
    scale = min(1.0, _BAR / most)
    plus, minus = (round(number * scale) or min(number, 1) for number in (found.added, found.removed))
    return f"{total} {paint('+' * plus, 'green')}{paint('-' * minus, 'red')}"


def _total(differences: Iterable[FileDiff]) -> str:
    found = list(differences)
    added, removed = sum(one.added for one in found), sum(one.removed for one in found)
    return f" {held.counted(len(found), 'change')}, {added}(+), {removed}(-)\n"
