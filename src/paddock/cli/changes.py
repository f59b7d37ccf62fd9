"""`paddock changes`: the change sets that are held."""

from __future__ import annotations

import os
import time

from paddock.cli import held
from paddock.cli.outcome import Outcome
from paddock.cli.style import paint, plain
from paddock.errors import WorkspaceError
from paddock.workspace import store
from paddock.workspace.change_set import walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

SUMMARY = "list the change sets that are held"
DETAILS = """Each run in mode `review` leaves what it changed here, until it is applied or discarded. A run without
--name continues the first one listed.

  paddock changes                 of this repository
  paddock changes --all           of all repositories"""

_AGES = ((86400, "d"), (3600, "h"), (60, "min"))


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of `changes`."""
    parser.add_argument("--all", action="store_true", help="of all repositories")


def perform(options: argparse.Namespace) -> Outcome:
    """List them, the last used first."""
    if options.all:
        listed = store.listing()
    else:
        repository = store.repository_for(os.getcwd())
        listed = store.listing(repository) if repository else ()
    rows = [_row(one) for one in listed]
    text = "".join(_line(row, with_repository=options.all) for row in rows) or "no changes are held\n"
    return Outcome(text, {"schema": 1, "changes": rows})


def _row(one: store.Held) -> dict[str, object]:
    row: dict[str, object] = {
        "name": one.directory.name,
        "repository": one.directory.repository,
        "in_use": one.in_use,
        "created": one.meta.created_ns // 10**9,
        "used": one.meta.used_ns // 10**9,
        "changes": None,
        "size_bytes": None,
        "problem": "",
    }
    try:
        with held.trees(one.directory) as (upper, lower):
            sizes = [change.new_size for change in walk(upper, lower)]
        row.update(changes=len(sizes), size_bytes=sum(sizes))
    except WorkspaceError as error:
        row["problem"] = error.why or error.what
    return row


def _line(row: dict[str, object], *, with_repository: bool) -> str:
    parts = [f"{row['name']:<20}"]
    if row["problem"]:
        parts.append(paint(plain(str(row["problem"])), "red"))
    else:
        parts += [
            f"{held.counted(int(str(row['changes'])), 'change'):>14}",
            f"{held.size(int(str(row['size_bytes']))):>10}",
        ]
    parts.append(_age(int(str(row["used"]))))
    if row["in_use"]:
        parts.append(paint("in use", "green"))
    if with_repository:
        parts.append(plain(str(row["repository"])))
    return "  ".join(parts) + "\n"


def _age(used_s: int) -> str:
    seconds = max(0, int(time.time()) - used_s)
    for length, unit in _AGES:
        if seconds >= length:
            return f"{seconds // length} {unit} ago"
    return "just now"
