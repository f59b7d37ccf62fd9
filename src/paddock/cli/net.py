"""`paddock net`: what a live sandbox may reach, while it runs."""

from __future__ import annotations

from paddock.cli.flags import declare_at_the_end
from paddock.cli.outcome import Outcome
from paddock.cli.style import paint, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

SUMMARY = "show or change what a live sandbox may reach"
DETAILS = """A grant holds at once, for every program inside, until the sandbox ends or its time is over. Connections
whose rule has gone are cut. Each grant goes into the record with its author and reason.

examples:
  paddock net allow quiet-otter api.example.com --for 30m --reason "look up the schema"
  paddock net deny quiet-otter '*.example.com'
  paddock net show quiet-otter
  paddock net log -f                   what is asked for, reached and refused, as it happens"""


def declare(parser: argparse.ArgumentParser) -> None:
    """The verbs of `net`."""
    from paddock.cli.log import declare_show

    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    allow = verbs.add_parser("allow", help="let hosts be reached")
    deny = verbs.add_parser("deny", help="let hosts be reached no more, whatever allows them")
    show = verbs.add_parser("show", help="print what may be reached now, and what was refused")
    log = verbs.add_parser("log", help="print what was asked for, reached and refused")
    declare_show(log)
    for verb in (allow, deny, show):
        verb.add_argument("name", metavar="NAME", help="the sandbox, as paddock ps shows it")
    for verb in (allow, deny):
        verb.add_argument(
            "hosts", nargs="+", metavar="HOST[:PORT]", help="as in a policy: '*.' before it for all below"
        )
        verb.add_argument("--for", dest="lasts", default="", metavar="TIME", help="such as 30m (default: to its end)")
        verb.add_argument("--reason", default="", metavar="TEXT", help="why, for the record")
    declare_at_the_end(allow, deny, show, log)


def perform(options: argparse.Namespace) -> Outcome:
    """Ask the sandbox's gateway; the outcome shows what holds afterwards. Its log is a file, and outlives it."""
    if options.verb == "log":
        from paddock.cli import log

        return log.show(options)
    from paddock import granting

    if options.verb == "show":
        found = granting.show(options.name)
    else:
        change = granting.allow if options.verb == "allow" else granting.deny
        found = change(options.name, options.hosts, lasts=options.lasts, why=options.reason)
    return Outcome(_text(found), found)


def _text(found: dict[str, Any]) -> str:
    lasts = {(grant["what"]["host"], grant["what"]["port"]): grant for grant in found["grants"]}
    rows = [("allow", rule, "green") for rule in found["rules"]]
    rows += [("deny", denied, "red") for denied in found["denied"]]
    lines = [_row(word, entry, colour, lasts) for word, entry, colour in rows]
    lines += [] if lines else ["nothing may be reached"]
    lines += [
        f"port {one['inside']} inside is at 127.0.0.1:{one['outside']} of this machine" for one in found["published"]
    ]
    if found["refusals"]:
        lines.append("refused so far:")
        lines += [
            f"  {plain(one['name']) or '?'}:{one['port']}  {one['count']} times  {one['reason']}"
            for one in found["refusals"]
        ]
    return "\n".join(lines) + "\n"


def _row(word: str, entry: dict[str, Any], colour: str, lasts: dict[tuple[str, int], Any]) -> str:
    origin = f"{entry['origin']['kind']} {entry['origin']['where']}".rstrip()
    place = f"{entry['host']}:{entry['port'] or '*'}"
    grant = lasts.get((entry["host"], entry["port"]))
    more = ""
    if grant:
        more = f"  {_left(grant['until'])}" + (f": {plain(grant['why'])}" if grant["why"] else "")
    return f"{paint(word, colour):<5}  {plain(place)}  {paint(plain(origin), 'dim')}{more}"


def _left(until: float | None) -> str:
    import time

    if until is None:
        return "until its end"
    minutes, seconds = divmod(max(0, round(until - time.time())), 60)
    return f"for {minutes} min {seconds:02} s more"
