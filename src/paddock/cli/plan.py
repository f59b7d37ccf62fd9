"""`paddock plan`: what a sandbox would be, before it is one."""

from __future__ import annotations

from paddock.cli import flags, rooting
from paddock.cli.outcome import Outcome
from paddock.cli.style import paint, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from paddock.plan.model import Plan

SUMMARY = "print what a sandbox here would see, reach and be limited to"
DETAILS = """Every line says who decided it: built-in, this machine, a line of a policy file, or a flag. Nothing is
started or changed. The hash is the same for the same promises, on every run and for every person.

examples:
  paddock plan                          for any command here
  paddock plan -- claude                with the agent's profile
  paddock plan --net allow --allow api.github.com -- ./sync.sh
  paddock plan --json -- pytest         the whole plan, for programs"""


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of `plan`: the policy's flags and a command."""
    flags.declare_policy_flags(parser)
    rooting.declare(parser)
    parser.add_argument("command", nargs="*", metavar="COMMAND", help="the program that would run, and its arguments")


def perform(options: argparse.Namespace) -> Outcome:
    """Resolve and print; raises what `paddock run` would."""
    from paddock.plan.hashing import plan_hash
    from paddock.plan.serial import as_data

    layer = flags.layer_from_flags(options)
    plan, _ = rooting.plan_of(options, options.command, layer, terminal=False, create=False)
    digest = plan_hash(plan)
    here = _here(plan)
    text = render(plan, digest, here)
    return Outcome(text=text, data={"schema": 1, "hash": digest, "plan": as_data(plan), "here": dict(here)})


def _here(plan: Plan) -> list[tuple[str, str]]:
    """What this machine makes of the plan. Not part of it: elsewhere the same plan may be kept differently."""
    from paddock import outlook
    from paddock.boundary.limits import kept_by
    from paddock.errors import PaddockError

    try:
        here = outlook.look(plan)
    except PaddockError as error:
        return [("refused", " ".join(filter(None, (error.what, error.next_step and f"({error.next_step})"))))]
    version = here.site.version if here.site else 0
    rows = [("boundary", here.boundary)]
    rows += [(limit.name, kept_by(limit.name, here.division, version=version)) for limit in plan.limits]
    accepted = plan.boundary.accepted_gaps
    return rows + [
        (f"gap {gap.name}", f"{gap.promise}; {gap.why}" + ("  (accepted)" if gap.name in accepted else "  (refused)"))
        for gap in here.gaps
    ]


def render(plan: Plan, digest: str, here: Sequence[tuple[str, str]] = ()) -> str:
    """The plan for people. Names come from the file system and are printed without control characters."""
    from paddock.plan.describe import sections, widths

    command = " ".join(map(plain, plan.command)) or "(any command)"
    lines = [
        f"{paint('plan', 'bold')}     sha256:{digest}",
        f"{paint('command', 'bold')}  {command}",
        f"{paint('in', 'bold')}       {plain(plan.cwd)}" + (f"  as agent {plan.agent}" if plan.agent else ""),
    ]
    on_this_machine = [("on this machine", [(word, text, "") for word, text in here])] if here else []
    for title, rows in [*sections(plan), *on_this_machine]:
        shown = [(plain(word), plain(text), plain(origin)) for word, text, origin in rows]
        first, second = widths(shown)
        lines += ["", paint(title, "bold")]
        for word, text, origin in shown:
            line = f"  {word:<{first}}  {text:<{second}}" if origin else f"  {word:<{first}}  {text}"
            lines.append(f"{line}  {paint(origin, 'dim')}".rstrip())
    if plan.notes:
        lines += ["", paint("notes", "bold"), *(f"  {plain(note)}" for note in plan.notes)]
    return "\n".join(lines) + "\n"
