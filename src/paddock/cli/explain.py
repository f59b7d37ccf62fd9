"""`paddock explain`: is this path, variable or host visible inside, and which line decided."""

from __future__ import annotations

import os

from paddock.cli import flags
from paddock.cli.outcome import Outcome
from paddock.cli.style import paint, plain
from paddock.planning import make_plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from paddock.plan.explain import Explanation

SUMMARY = "say whether a path, variable or host is visible inside, and who decided"
DETAILS = """The kind is guessed from what is written; --path, --variable and --host say it. Exit status 0 when it is
visible, 1 when it is not.

examples:
  paddock explain ~/.ssh/id_rsa
  paddock explain GITHUB_TOKEN
  paddock explain api.github.com:443
  paddock explain --allow api.github.com api.github.com     with a flag that a run would have"""


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of `explain`."""
    kinds = parser.add_mutually_exclusive_group()
    for kind in ("path", "variable", "host"):
        kinds.add_argument(
            f"--{kind}", dest="kind", action="store_const", const=kind, help=f"what is asked about is a {kind}"
        )
    parser.add_argument("--for", dest="program", metavar="COMMAND", default="", help="for this command, such as claude")
    flags.declare_policy_flags(parser)
    parser.add_argument("subject", metavar="PATH|VARIABLE|HOST[:PORT]", help="what to explain")


def perform(options: argparse.Namespace) -> Outcome:
    """Resolve, ask, print."""
    from paddock.frozen import as_data
    from paddock.host import Machine
    from paddock.plan import explain

    cwd = os.path.realpath(os.getcwd())
    command = [options.program] if options.program else []
    plan = make_plan(cwd, command, flags.layer_from_flags(options), terminal=False, create=False)
    kind = options.kind or explain.guess(options.subject, exists=os.path.lexists(options.subject))
    if kind == "path":
        found = explain.path(plan, Machine(), options.subject, cwd)
    elif kind == "variable":
        found = explain.variable(plan, Machine(), options.subject)
    else:
        found = explain.reach(plan, options.subject)
    return Outcome(text=render(found), data={"schema": 1, **as_data(found)}, exit_code=0 if found.allowed else 1)


def render(found: Explanation) -> str:
    """The answer for people."""
    word = paint("visible", "green") if found.allowed else paint("not visible", "red")
    if found.kind == "host":
        word = paint("reachable", "green") if found.allowed else paint("not reachable", "red")
    lines = [
        f"{plain(found.subject)}: {word}"
        + (f", {plain(found.how)}" if found.how not in ("not visible", "not reachable") else "")
    ]
    lines.append(f"  {paint('by', 'dim')}    {plain(found.decided_by)}")
    if found.why:
        lines.append(f"  {paint('why', 'dim')}   {plain(found.why)}")
    if found.next_step:
        lines.append(f"  {paint('next', 'dim')}  {plain(found.next_step)}")
    return "\n".join(lines) + "\n"
