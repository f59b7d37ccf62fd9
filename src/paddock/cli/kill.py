"""`paddock kill`: end a live sandbox."""

from __future__ import annotations

from paddock import ending
from paddock.cli.outcome import Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

SUMMARY = "end a live sandbox"
DETAILS = """The command is asked to end and killed after five seconds; --now kills at once. The change set stays."""


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of `kill`."""
    parser.add_argument("names", nargs="+", metavar="NAME", help="the sandbox, as paddock ps shows it")
    parser.add_argument("--now", action="store_true", help="do not wait for the command to end by itself")


def perform(options: argparse.Namespace) -> Outcome:
    """End them; returns when they are gone."""
    for name in options.names:
        ending.kill(name, now=options.now)
    return Outcome("".join(f"{name} ended\n" for name in options.names), {"schema": 1, "ended": options.names})
