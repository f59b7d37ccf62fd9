"""`paddock ps`: the live sandboxes."""

from __future__ import annotations

import time

from paddock import live
from paddock.cli.outcome import Outcome
from paddock.cli.style import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

SUMMARY = "list the live sandboxes"
DETAILS = """Each with its name, age, repository and command. A sandbox whose Paddock crashed is marked as left over;
`paddock clean` removes what it left."""

_DAY_S, _HOUR_S, _MINUTE_S = 86400, 3600, 60


def declare(parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def perform(options: argparse.Namespace) -> Outcome:  # noqa: ARG001 - the commands' common shape
    """List them."""
    rows = [_row(entry) for entry in live.entries()]
    return Outcome(_table(rows) if rows else "no live sandboxes\n", {"schema": 1, "sandboxes": rows})


def _table(rows: list[dict[str, object]]) -> str:
    columns = ("name", "state", "age", "repository", "command")
    lines = [[column.upper() for column in columns], *([plain(str(row[column])) for column in columns] for row in rows)]
    name, state, age, repository, _ = (max(map(len, column)) for column in zip(*lines, strict=True))
    return "".join(
        f"{line[0]:<{name}}  {line[1]:<{state}}  {line[2]:>{age}}  {line[3]:<{repository}}  {line[4]}\n"
        for line in lines
    )


def _row(entry: live.Entry) -> dict[str, object]:
    data = entry.data()
    return {
        "name": entry.name,
        "state": "live" if entry.holder and data else "starting" if entry.holder else "left over",
        "pid": entry.holder or None,
        "age": _age(time.time() - data["started"]) if "started" in data else "",
        "started": data.get("started"),
        "repository": data.get("repository", ""),
        "command": " ".join(data.get("command", [])),
        "mode": data.get("mode", ""),
        "network": data.get("network", ""),
    }


def _age(seconds: float) -> str:
    for unit, letter in ((_DAY_S, "d"), (_HOUR_S, "h"), (_MINUTE_S, "m")):
        if seconds >= unit:
            return f"{int(seconds // unit)}{letter}"
    return f"{int(max(seconds, 0))}s"
