"""`paddock exec`: one more command in a live sandbox."""

from __future__ import annotations

from paddock.cli.outcome import Outcome
from paddock.errors import Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

SUMMARY = "run one more command in a live sandbox"
DETAILS = """The command joins the sandbox's namespaces and is bound by the same plan and limits.

example:
  paddock exec quiet-otter -- tail -f server.log"""


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of `exec`."""
    parser.add_argument("name", metavar="NAME", help="the sandbox, as paddock ps shows it")
    parser.add_argument("--cwd", default="", help="working directory inside (default: the sandbox's)")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE", help="one more variable")
    parser.add_argument("command", nargs="+", metavar="COMMAND", help="the program and its arguments")


def perform(options: argparse.Namespace) -> Outcome:
    """Run the command; the outcome's exit code is the command's."""
    from paddock import joining, scope

    scope.enter()
    extra: dict[str, str] = {}
    for word in options.env:
        name, equals, value = word.partition("=")
        if not name or not equals:
            raise Usage(f"--env {word} is not NAME=VALUE", next_step=f"paddock exec {options.name} --env {word}=… -- …")
        extra[name] = value
    code = joining.execute(options.name, options.command, cwd=options.cwd, extra=extra)
    return Outcome(
        exit_code=code, data={"schema": 1, "exit_code": code, "name": options.name} if options.json else None
    )
