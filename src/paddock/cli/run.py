"""`paddock run`: a command in a sandbox."""

from __future__ import annotations

import os

from paddock import closing, scope, session
from paddock.cli import flags, rooting
from paddock.cli.outcome import Outcome
from paddock.errors import Usage
from paddock.frozen import replace
from paddock.planning import make_plan, unmasked
from paddock.remarks import complain

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from paddock.cli.views.ended import Look
    from paddock.plan.model import Plan
    from paddock.session import Ended

SUMMARY = "run a command or an agent in a sandbox for this repository"
DETAILS = """The command sees the repository, the system's programs and your toolchains; not your home directory, your
credentials, your network or your other processes. What it writes in the repository is held for review.

examples:
  paddock run -- pytest                 tests, with everything they write held back
  paddock run claude                    an agent with its own profile
  paddock run --net allow --allow api.github.com -- ./sync.sh
  paddock run --workspace live --accept live-hazards-window -- make
                                        writes reach the repository at once
  paddock run --boundary podman -- pytest
                                        in the repository's dev container, where it has one, or in --image NAME
  paddock run --boundary gvisor claude  with a second kernel between the agent and yours

With --apply safe, what is no hazard and in no conflict is applied when the command has ended well:
  paddock run --apply safe -- npm update

exit status: the command's own; 123 with --apply, when it ended well and something stays held; 125 Paddock
failed, 126 refused, 127 not found, 128+n ended by signal n."""


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of `run`."""
    flags.declare_policy_flags(parser)
    declare_session_flags(parser)
    parser.add_argument("command", nargs="*", metavar="COMMAND", help="the program and its arguments")


def declare_session_flags(parser: argparse.ArgumentParser) -> None:
    """The options of a sandbox, whatever runs in it."""
    rooting.declare(parser)
    parser.add_argument("--name", help="name of the sandbox and of its change set")
    parser.add_argument(
        "--fresh", action="store_true", help="start a new change set instead of going on with the held one"
    )
    parser.add_argument("--keep", action="store_true", help="leave the sandbox alive afterwards, for paddock exec")
    parser.add_argument(
        "--apply",
        metavar="WHAT",
        help="at a good end apply what is safe (no hazard, no conflict), all, or none (default)",
    )
    parser.add_argument("--ask", action="store_true", help="at the end ask about each change, as paddock apply -p")
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
    takes = _takes(options)
    scope.enter()
    terminal = any(map(os.isatty, (0, 1, 2)))
    layer = flags.layer_from_flags(options)
    plan, image = rooting.plan_of(options, command, layer, terminal=terminal)
    if takes:
        from paddock.cli.views import taking

        taking.refuse_other_modes(plan)
    if terminal and _may_ask(options):
        from paddock.cli.views import first

        if first.look(plan):
            plan = make_plan(os.getcwd(), command, layer, terminal=terminal, image=image)
    rooting.offer(plan, quiet=options.quiet or options.json)
    if options.keep:
        return _run_and_keep(plan, options)
    ended = session.run(plan, name=options.name or "", fresh=options.fresh, quiet=options.quiet)
    late = closing.told_of_masks(plan.workspace.source, unmasked(plan, layer))
    ended = replace(ended, messages=(*ended.messages, *late)) if late else ended
    return _end(ended, plan, options, takes=takes)


def _takes(options: argparse.Namespace) -> bool:
    """Whether anything is to be taken over at the end. Raises Usage for what makes no sense."""
    if options.apply is None and not options.ask:
        return False
    from paddock.cli.views import taking

    return taking.is_wanted(options)


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


def _end(ended: Ended, plan: Plan, options: argparse.Namespace, *, takes: bool) -> Outcome:
    """Tell how it ended, look at what it changed, and take of that what is to be taken."""
    for message in ended.messages:
        complain(message)
    failed = takes and not options.ask and ended.exit_code != 0
    if failed and ended.held:
        complain(f"the command ended with {ended.exit_code}, so nothing was applied")
    told = not options.quiet and (not takes or options.ask or failed)
    found = _look(ended, plan, options, told=told)
    data = _data(ended, found) if options.json else None
    if not takes:
        return Outcome(exit_code=ended.exit_code, data=data)
    from paddock.cli.views import taking

    done = taking.take(ended, plan, options)
    for line in done.lines if done.held or not options.quiet else ():
        complain(line)
    return Outcome(exit_code=done.exit_code, data=data and {**data, "exit_code": done.exit_code, "apply": done.data})


def _look(ended: Ended, plan: Plan, options: argparse.Namespace, *, told: bool) -> Look | None:
    """What is held. Nothing is loaded where nothing is, or where nobody wants to know."""
    if not ended.held or not (told or options.json):
        return None
    from paddock.cli.views import ended as endings

    terminal = os.isatty(2)
    found = endings.look(plan.workspace.source, ended.held, commits=terminal or options.json)
    for line in (endings.full if terminal else endings.brief)(ended, found) if told else ():
        complain(line)
    return found


def _data(ended: Ended, found: Look | None) -> dict[str, object]:
    data: dict[str, object] = {
        "schema": 1, "exit_code": ended.exit_code, "name": ended.name, "messages": [*ended.remarks, *ended.messages],
        "change_set": ended.held or None, "changes": ended.changed, "ignored": list(ended.aside),
    }  # fmt: skip
    if found is None:
        return {**data, "kinds": {}, "commits": [], "hazards": [], "looked_at": 0, "complete": True}
    from paddock.cli.views import ended as endings

    return {**data, **endings.data(found)}
