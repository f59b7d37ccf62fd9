"""`paddock changes`: the change sets that are held."""

from __future__ import annotations

import os
import time

from paddock.cli.outcome import Outcome
from paddock.cli.style import paint, plain
from paddock.cli.views import held
from paddock.errors import PaddockError, WorkspaceError
from paddock.workspace import shelf, store, tally
from paddock.workspace.ignored import layers

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from paddock.workspace.hazards.catalogue import Rules

SUMMARY = "list the change sets that are held"
DETAILS = """Each run in mode `review` leaves what it changed here, until it is applied or discarded. A run without
--name continues the first one listed, unless that is in use; --fresh or a new --name starts another.

  hazards     changes that a program of the host would execute, trust or be steered by: paddock diff
  conflicts   changes whose file in the repository was changed meanwhile, by an apply of another one, say

  paddock changes                 of this repository, and how much is kept of ignored files (paddock reset)
  paddock changes --all           of all repositories"""

_AGES = ((86400, "d"), (3600, "h"), (60, "min"))
_MOST_WEIGHED = 5000  # ignored files


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of `changes`."""
    parser.add_argument("--all", action="store_true", help="of all repositories")


def perform(options: argparse.Namespace) -> Outcome:
    """List them, the last used first."""
    if options.all:
        rows = _rows(store.listing(), None)
        ignored = [_weight(repository) for repository in layers.repositories()]
    else:
        repository = store.repository_for(os.getcwd())
        rules = _rules(repository) if repository else None
        rows = _rows(store.listing(repository), rules) if repository else []
        around = layers.repository_for(os.getcwd())
        ignored = [_weight(around)] if around else []
    text = "".join(_line(row, with_repository=options.all) for row in rows) or held.NOTHING
    text += "".join(_ignored_line(row, with_repository=options.all) for row in ignored)
    return Outcome(text, {"schema": 1, "changes": rows, "ignored": ignored})


def _rules(repository: str) -> Rules | None:
    from paddock import reviewing

    try:
        return reviewing.rules_for(repository)
    except PaddockError:
        return None  # the policy is broken, or the repository is gone: the commands that need them say so


def _rows(held: Sequence[store.Held], rules: Rules | None) -> list[dict[str, object]]:
    return [row for one in held if (row := _row(one, rules))]


def _row(one: store.Held, rules: Rules | None) -> dict[str, object] | None:
    """One row; None where it was applied or discarded since it was listed."""
    row: dict[str, object] = {
        "name": one.directory.name,
        "repository": one.directory.repository,
        "in_use": one.in_use,
        "created": one.meta.created_ns // 10**9,
        "used": one.meta.used_ns // 10**9,
        "changes": None,
        "complete": True,
        "size_bytes": None,
        "hazards": None,
        "conflicts": None,
        "problem": "",
        "next_step": "",
    }
    try:
        if not one.in_use:
            store.recover(one.directory)
        found = tally.count_in_use(one.directory) if one.in_use else tally.count(one.directory, rules)
    except (WorkspaceError, FileNotFoundError) as error:
        if not os.path.isdir(one.directory.path):
            return None
        if not isinstance(error, WorkspaceError):
            raise
        row.update(problem=error.why or error.what, next_step=error.next_step)
    else:
        row.update(changes=found.changes, complete=found.complete, size_bytes=found.size_bytes)
        row.update(hazards=found.hazards, conflicts=found.conflicts)
    return row


def _line(row: dict[str, object], *, with_repository: bool) -> str:
    parts = [f"{row['name']:<20}"]
    if row["problem"]:
        parts.append(paint(plain(str(row["problem"])), "red"))
    else:
        parts.append(f"{_amount(row):>14}")
        parts.append(f"{_size(row):>10}")
    parts.append(_age(int(str(row["used"]))))
    for key, color in (("hazards", "red"), ("conflicts", "yellow")):
        if row[key]:
            parts.append(paint(held.counted(int(str(row[key])), key[:-1]), color))
    if row["in_use"]:
        parts.append(paint("in use", "green"))
    if with_repository:
        parts.append(plain(str(row["repository"])))
    hint = f"    next: {plain(str(row['next_step']))}\n" if row["next_step"] else ""
    return "  ".join(parts) + "\n" + hint


def _amount(row: dict[str, object]) -> str:
    counted = held.counted(int(str(row["changes"])), "change")
    return counted if row["complete"] else f"more than {counted}"


def _size(row: dict[str, object]) -> str:
    if row["size_bytes"] is None:
        return ""
    size = held.size(int(str(row["size_bytes"])))
    return size if row["complete"] else f"over {size}"


def _weight(repository: str) -> dict[str, object]:
    """How much is kept of a repository's ignored files."""
    home = shelf.ignored_home_of(repository)
    weight = tally.weigh([f"{home}/{name}" for name in layers.names_in(home)], _MOST_WEIGHED)
    counts = {"files": weight.files, "size_bytes": weight.size_bytes, "complete": weight.complete}
    return {"repository": repository, **counts}


def _ignored_line(row: dict[str, object], *, with_repository: bool) -> str:
    amount = f"{held.counted(int(str(row['files'])), 'file')}, {held.size(int(str(row['size_bytes'])))}"
    amount = amount if row["complete"] else f"more than {amount}"
    if with_repository:
        return f"ignored files kept: {amount}  {plain(str(row['repository']))}\n"
    return f"ignored files kept for all sandboxes here: {amount}; paddock reset drops them\n"


def _age(used_s: int) -> str:
    seconds = max(0, int(time.time()) - used_s)
    for length, unit in _AGES:
        if seconds >= length:
            return f"{seconds // length} {unit} ago"
    return "just now"
