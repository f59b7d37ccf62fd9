"""`paddock log`: what was recorded, whether it is what was written, and the same for other tools."""

from __future__ import annotations

from paddock.cli.flags import declare_at_the_end
from paddock.cli.outcome import Outcome
from paddock.cli.style import paint, plain
from paddock.errors import PaddockError, Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from paddock.record.verifying import Finding

SUMMARY = "show, verify and export what was recorded of the network"
DETAILS = """Each sandbox with a network has a log below Paddock's state, outside its reach: every name asked for, every
connection with its bytes, every refusal with its reason, grants and uses of credentials. Each line holds the one before
it by its digest, and Paddock keeps how the log ended beside it. ID is a log's, its beginning, or a sandbox's name; the
newest log where there is none.

  paddock log verify                       every log: is it what was written?
  paddock log verify ID --head DIGEST      the same against a digest that was kept elsewhere
  paddock log show quiet-otter --denied    what was refused
  paddock log show -f                      what happens now
  paddock log export ID --format ocsf      for other tools, one JSON object per line

Logs are kept for 90 days; if they take more than 1 GiB, `paddock clean` removes older ones first, but never one
younger than 14 days.

exit status of verify: 0, or 1 when a log was changed, cut or is gone."""

_STYLES = {"whole": "green", "live": "green", "open": "yellow", "broken": "red"}


def declare(parser: argparse.ArgumentParser) -> None:
    """The verbs of `log`."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verify = verbs.add_parser("verify", help="find out whether logs are what was written")
    verify.add_argument("name", nargs="?", default="", metavar="ID", help="this log alone")
    verify.add_argument("--head", default="", metavar="DIGEST", help="its last line's digest, as you kept it")
    show = verbs.add_parser("show", help="print a log")
    declare_show(show)
    export = verbs.add_parser("export", help="print a log in the form that other tools read")
    export.add_argument("name", nargs="?", default="", metavar="ID", help="the log (default: the newest)")
    export.add_argument(
        "--format",
        required=True,
        choices=("ocsf", "otlp"),
        help="OCSF events, or OpenTelemetry logs; both as JSON lines",
    )
    declare_at_the_end(verify, show, export, json_help="print JSON instead of text")


def declare_show(parser: argparse.ArgumentParser) -> None:
    """What `log show` and `net log` both take."""
    parser.add_argument("name", nargs="?", default="", metavar="ID", help="a log or a sandbox (default: the newest)")
    parser.add_argument(
        "-f", "--follow", action="store_true", help="go on with what is recorded, until the session ends"
    )
    parser.add_argument("--denied", action="store_true", help="only what was refused, withdrawn or raised an alarm")
    parser.add_argument("--host", default="", metavar="NAME", help="only this name and those below it")


def perform(options: argparse.Namespace) -> Outcome:
    """Do what the verb says."""
    match options.verb:
        case "verify":
            return _verify(options.name, options.head)
        case "export":
            return _export(options.name, options.format)
        case _:
            return show(options)


def show(options: argparse.Namespace) -> Outcome:
    """Print a log, with the options of `declare_show`."""
    from paddock.cli.views import recorded

    host = options.host.lower().removeprefix("*.").removesuffix(".")
    wanted = recorded.Wanted(denied=options.denied, host=host, follow=options.follow)
    return recorded.show(options.name, wanted, as_json=options.json)


def _verify(name: str, head: str) -> Outcome:
    from paddock.record import logs, verifying

    if head and not name:
        raise Usage("--head is about one log", next_step="paddock log verify ID --head DIGEST")
    found = [verifying.verify(logs.find(name), head.lower())] if name else list(verifying.verify_all())
    text = "".join(map(_line, found)) or "nothing is recorded yet\n"
    data = {"schema": 1, "logs": [_data(one) for one in found]}
    return Outcome(text, data, exit_code=int(any(one.state == "broken" for one in found)))


def _line(found: Finding) -> str:
    first = f"{paint(f'{found.state:<6}', _STYLES[found.state])}  {plain(found.log.id)}  "
    if found.state == "broken":
        where = f"line {found.line}: " if found.line else ""
        return f"{first}{where}{found.what}\n        in {plain(found.log.path)}\n"
    more = f"\n        {found.what}" if found.what else ""
    return f"{first}{found.count} lines, head {found.head}{more}\n"


def _data(found: Finding) -> dict[str, object]:
    return {
        "id": found.log.id,
        "path": found.log.path,
        "state": found.state,
        "lines": found.count,
        "head": found.head,
        "line": found.line,
        "what": found.what,
    }


def _export(name: str, form: str) -> Outcome:
    from paddock.record import logs, reading, verifying

    log = logs.find(name)
    found = verifying.verify(log)
    if found.state == "broken" and not found.count:
        raise PaddockError(f"{log.path} cannot be exported", why=found.what, next_step=f"paddock log verify {log.id}")
    if found.state == "broken":
        from paddock.remarks import complain

        complain(
            f"{log.id} is not what was written (line {found.line}: {found.what}); exported as far as it is readable"
        )
    pieces: Iterable[str]
    if form == "ocsf":
        from paddock.record import ocsf

        pieces = ocsf.export(log, reading.events(log))
    else:
        from paddock.record import otlp

        pieces = otlp.export(reading.events(log))
    return Outcome(pieces=pieces, exit_code=int(found.state == "broken"))
