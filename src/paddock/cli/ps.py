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
    lines = [
        f"{row['name']:<20} {row['state']:<9} {row['age']:>5}  {row['repository']}  {row['command']}" for row in rows
    ]
    header = f"{'NAME':<20} {'STATE':<9} {'AGE':>5}  REPOSITORY  COMMAND"
    text = "\n".join([header, *map(plain, lines)]) + "\n" if rows else "no live sandboxes\n"
    return Outcome(text, {"schema": 1, "sandboxes": rows})


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
