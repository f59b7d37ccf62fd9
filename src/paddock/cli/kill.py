"""`paddock kill`: end a live sandbox."""

from __future__ import annotations

from paddock import ending
from paddock.cli.outcome import Outcome
from paddock.errors import SessionError

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
    unknown: list[SessionError] = []
    for name in options.names:
        try:
            ending.kill(name, now=options.now)
        except SessionError as error:  # the others still are to end
            unknown.append(error)
    if unknown:
        raise _together(unknown)
    return Outcome("".join(f"{name} ended\n" for name in options.names), {"schema": 1, "ended": options.names})


def _together(errors: list[SessionError]) -> SessionError:
    """All that went wrong as one error; the first one's reason and advice are the others' too."""
    first = errors[0]
    what = "; ".join(error.what for error in errors)
    return SessionError(what, why=first.why, next_step=first.next_step, code=first.code)
