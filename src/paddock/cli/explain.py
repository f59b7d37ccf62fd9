"""`paddock explain`: is this path, variable or host visible inside, and which line decided."""

from __future__ import annotations

import os

from paddock.cli import flags, rooting
from paddock.cli.outcome import Outcome
from paddock.cli.style import paint, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from paddock.plan.explain import Explanation, Subject
    from paddock.plan.host import Host
    from paddock.plan.model import Plan

SUMMARY = "say whether a path, variable or host is visible inside, and who decided"
DETAILS = """The kind is guessed from what is written; --path, --variable and --host say it. The bare name of a
program on your PATH means that program. Exit status 0 when it is visible, 1 when it is not.

examples:
  paddock explain ~/.ssh/id_rsa
  paddock explain GITHUB_TOKEN
  paddock explain node                  where it is, and whether that place is visible inside
  paddock explain api.github.com:443    which rule or denial decides, what it lets through, and who wrote it
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
    rooting.declare(parser)
    parser.add_argument("subject", metavar="PATH|VARIABLE|HOST[:PORT]", help="what to explain")


def perform(options: argparse.Namespace) -> Outcome:
    """Resolve, ask, print."""
    from paddock.frozen import as_data, replace
    from paddock.host import Machine
    from paddock.plan import explain

    cwd = os.path.realpath(os.getcwd())
    host, subject = Machine(), options.subject
    here = os.path.lexists(subject)
    is_program = not (options.kind or here or subject in host.environ) and explain.is_command(host, subject)
    program = options.program or (subject if is_program else "")
    command, layer = [program] if program else [], flags.layer_from_flags(options)
    plan, _ = rooting.plan_of(options, command, layer, terminal=False, create=False)
    found = explain.command(plan, host, subject, cwd) if is_program else None
    if found is None:
        found = _of_kind(options.kind or explain.guess(subject, exists=here), plan, host, subject, cwd)
        if found.kind == "path" and not (options.kind or here or "/" in subject or subject[:1] in (".", "~")):
            found = replace(found, why="; ".join(filter(None, (found.why, "no command on your PATH is called so"))))
    return Outcome(text=render(found), data={"schema": 1, **as_data(found)}, exit_code=0 if found.allowed else 1)


def _of_kind(kind: Subject, plan: Plan, host: Host, subject: str, cwd: str) -> Explanation:
    from paddock.plan import explain, reachable

    if kind == "path":
        return explain.path(plan, host, subject, cwd)
    return explain.variable(plan, host, subject) if kind == "variable" else reachable.reach(plan, subject)


def render(found: Explanation) -> str:
    """The answer for people."""
    plainly = ("" if found.allowed else "not ") + ("reachable" if found.kind == "host" else "visible")
    more = f", {found.how}"
    if found.how.startswith(plainly):  # "reachable on port 443"
        more = found.how.removeprefix(plainly)
    lines = [f"{plain(found.subject)}: {paint(plainly, 'green' if found.allowed else 'red')}{plain(more)}"]
    lines.append(f"  {paint('by', 'dim')}    {plain(found.decided_by)}")
    if found.why:
        lines.append(f"  {paint('why', 'dim')}   {plain(found.why)}")
    if found.next_step:
        lines.append(f"  {paint('next', 'dim')}  {plain(found.next_step)}")
    return "\n".join(lines) + "\n"
