"""`paddock run`: a command in a sandbox."""

from __future__ import annotations

import os

from paddock import scope, session
from paddock.cli import flags
from paddock.cli.outcome import Outcome
from paddock.errors import Usage
from paddock.planning import make_plan
from paddock.remarks import complain

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from paddock.plan.model import Plan
    from paddock.session import Ended

SUMMARY = "run a command or an agent in a sandbox for this repository"
DETAILS = """The command sees the repository, the system's programs and your toolchains; not your home directory, your
credentials, your network or your other processes. What it writes in the repository is held for review.

examples:
  paddock run -- pytest                 tests, with everything they write held back
  paddock run claude                    an agent with its own profile
  paddock run --net allow --allow api.github.com -- ./sync.sh
  paddock run --workspace live -- make  writes reach the repository at once

exit status: the command's own; 125 Paddock failed, 126 refused, 127 not found, 128+n ended by signal n."""


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of `run`."""
    flags.declare_policy_flags(parser)
    declare_session_flags(parser)
    parser.add_argument("command", nargs="*", metavar="COMMAND", help="the program and its arguments")


def declare_session_flags(parser: argparse.ArgumentParser) -> None:
    """The options of a sandbox, whatever runs in it."""
    parser.add_argument("--name", help="name of the sandbox and of its change set")
    parser.add_argument(
        "--fresh", action="store_true", help="start a new change set instead of going on with the held one"
    )
    parser.add_argument("--keep", action="store_true", help="leave the sandbox alive afterwards, for paddock exec")
    parser.add_argument("--quiet", action="store_true", help="no remarks of Paddock's own unless something fails")


def perform(options: argparse.Namespace) -> Outcome:
    """Run the command; the outcome's exit code is the command's."""
    if not options.command:
        raise Usage("no command to run", next_step="paddock run -- COMMAND   or: paddock shell")
    if not options.command[0]:
        raise _empty("the command is an empty word", "paddock run -- COMMAND")
    return start(options, options.command)


def start(options: argparse.Namespace, command: list[str]) -> Outcome:
    """Make the plan and run it."""
    if options.name == "":
        raise _empty("the name is empty", "--name fix-login")
    scope.enter()
    terminal = any(map(os.isatty, (0, 1, 2)))
    layer = flags.layer_from_flags(options)
    plan = make_plan(os.getcwd(), command, layer, terminal=terminal)
    if terminal and _may_ask(options):
        from paddock.cli import first

        if first.look(plan):
            plan = make_plan(os.getcwd(), command, layer, terminal=terminal)
    if options.keep:
        return _run_and_keep(plan, options)
    ended = session.run(plan, name=options.name or "", fresh=options.fresh, quiet=options.quiet)
    _tell(ended, quiet=options.quiet)
    return Outcome(exit_code=ended.exit_code, data=_data(ended) if options.json else None)


def _may_ask(options: argparse.Namespace) -> bool:
    return not options.quiet and not options.json and os.isatty(0) and os.isatty(2)


def _empty(what: str, next_step: str) -> Usage:
    return Usage(what, why="a variable that is not set, perhaps", next_step=next_step)


def _run_and_keep(plan: Plan, options: argparse.Namespace) -> Outcome:
    """The sandbox lives in a process of its own, which stays when the command has ended."""
    from paddock import keeping
    from paddock.cli.main import told

    flags_of_main = [f"--{name}" for name in ("json", "debug") if getattr(options, name)]
    code, name = keeping.run(
        plan,
        name=options.name or "",
        fresh=options.fresh,
        quiet=options.quiet,
        failed=lambda error: told(error, flags_of_main),
    )
    if not name:  # the error has been told
        return Outcome(exit_code=code)
    return Outcome(exit_code=code, data={"schema": 1, "exit_code": code, "name": name, "kept": True})


def _tell(ended: Ended, *, quiet: bool) -> None:
    for message in ended.messages:
        complain(message)
    if ended.changed and not quiet:
        things = "change" if ended.changed == 1 else "changes"
        complain(f"{ended.changed} {things} held as {ended.held}: paddock diff, paddock apply, paddock discard")


def _data(ended: Ended) -> dict[str, object]:
    return {
        "schema": 1, "exit_code": ended.exit_code, "name": ended.name, "messages": [*ended.remarks, *ended.messages],
        "change_set": ended.held or None, "changes": ended.changed,
    }  # fmt: skip
