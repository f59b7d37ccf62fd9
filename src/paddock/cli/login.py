"""`paddock login`: an agent's own login, inside, with the way back for the browser."""

from __future__ import annotations

import os

from paddock.cli.outcome import Outcome
from paddock.errors import Refused, Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from paddock.plan.model import Plan

SUMMARY = "log an agent in for this repository"
DETAILS = """Runs the agent's own login in a sandbox, with the agent's state for this repository. Open the address
that it prints in your browser; where the browser comes back to a port of this machine, that port leads inside until
the login has ended. The workspace is only read.

The tokens stay in the agent's state, below Paddock's: what runs inside can read them. A key in your environment is
kept outside instead, and needs no login: see `paddock plan -- AGENT`.

examples:
  paddock login codex
  paddock login claude"""


def declare(parser: argparse.ArgumentParser) -> None:
    """The agent's name."""
    parser.add_argument("agent", metavar="AGENT", help="claude, codex, copilot, gemini, opencode or pi")


def perform(options: argparse.Namespace) -> Outcome:
    """Run the login; the outcome's exit code is the agent's."""
    from paddock import scope, session
    from paddock.agents import COMMANDS
    from paddock.agents.profile import load
    from paddock.planning import make_login_plan
    from paddock.remarks import complain

    name = COMMANDS.get(options.agent)
    if name is None:
        raise Usage(f"no agent is called {options.agent!r}", next_step=f"one of: {', '.join(sorted(COMMANDS))}")
    scope.enter()
    terminal = any(map(os.isatty, (0, 1, 2)))
    plan = make_login_plan(os.getcwd(), load(name), terminal=terminal)
    _refuse_useless(plan, name)
    ended = session.run(plan, quiet=True)
    for message in ended.messages:
        complain(message)
    places = [mount.source for mount in plan.mounts if mount.access == "write"]
    if ended.exit_code == 0:
        complain(f"what {name} keeps of the login lies in {', '.join(places)}")
    return Outcome(exit_code=ended.exit_code, data={"schema": 1, "exit_code": ended.exit_code, "state": places})


def _refuse_useless(plan: Plan, name: str) -> None:
    """A login that reaches nothing would only wait. Raises Refused."""
    if plan.agent and plan.network.mode != "off":
        return
    why = "; ".join(plan.notes) or "the network is off"
    raise Refused(f"{name} cannot be logged in here", why=why, next_step=f"paddock plan -- {name}")
