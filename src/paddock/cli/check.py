"""`paddock check`: what in a dev container voids isolation, where it says so, and what to do about it."""

from __future__ import annotations

import os

from paddock.checking.findings import SEVERITIES
from paddock.cli.outcome import Outcome
from paddock.cli.style import plain, width
from paddock.errors import PaddockError, Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from paddock.checking.baseline import Entry
    from paddock.checking.fixing import Fixes
    from paddock.checking.report import Report
    from paddock.checking.rule import Rule
    from paddock.checking.search import Opened
    from paddock.checking.whole import Wanted

SUMMARY = "find what in a dev container voids isolation, and mend it"
DETAILS = """Reads every devcontainer.json below PATH, and all that has a say in it: the image's label, Features,
compose files and Dockerfiles. Nothing is built, pulled or run, and nothing is asked of the network.

examples:
  paddock check                              this directory
  paddock check --explain DC201              why a rule is there, and what to do
  paddock check --diff                       what --fix would change: only what is safe, layout and comments kept
  paddock check --format sarif > check.sarif
  paddock check --baseline .paddock-check.json --write-baseline
                                             from now on only what is new counts
  paddock check --only DC1,DC201 --skip rc-files-rerun

A comment on the line, or on its own above it, suppresses what a rule finds there:
  // paddock: ignore DC201 until 2027-01-31 because the runner has no other engine yet

Exit code: 0 nothing is as bad as --fail-on (high), 1 something is."""

FORMATS = ("text", "json", "sarif", "github", "junit")
NONE = "none"
# What begins a command of GitHub's runner wherever it stands in a log, and the same text without doing so.
_COMMAND = {"json": ("##[", "#\\u0023["), "sarif": ("##[", "#\\u0023["), "junit": ("##[", "#&#35;[")}
_LARGEST_BASELINE = 16 << 20
# What excludes each other: the way, and the options that then would be read by nobody.
_EXCLUDED = {
    "explain": ("list", "config", "baseline", "write_baseline", "fix", "diff", "only", "skip", "path"),
    "list": ("config", "baseline", "write_baseline", "fix", "diff", "path"),
    "diff": ("fix", "write_baseline"),
    "write_baseline": ("fix",),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of `check`."""
    parser.add_argument(
        "path", nargs="?", default="", metavar="PATH", help="a directory, or one configuration (default: here)"
    )
    parser.add_argument("--config", metavar="FILE", default="", help="this devcontainer.json only")
    parser.add_argument("--format", choices=FORMATS, default="text", help="how findings are written")
    parser.add_argument(
        "--fail-on", choices=(*SEVERITIES, NONE), default="high", help="the mildest severity that gives exit code 1"
    )
    parser.add_argument(
        "--only", metavar="IDS", action="append", default=[], help="these rules: DC201, DC2, privileged"
    )
    parser.add_argument("--skip", metavar="IDS", action="append", default=[], help="all rules but these")
    parser.add_argument(
        "--baseline", metavar="FILE", default="", help="findings that do not count, since they are known"
    )
    parser.add_argument("--write-baseline", action="store_true", help="with --baseline: write what there is now")
    parser.add_argument("--fix", action="store_true", help="make the safe changes")
    parser.add_argument("--diff", action="store_true", help="show them only")
    parser.add_argument("--rootful", action="store_true", help="judge as for an engine that runs as root")
    parser.add_argument("--list", action="store_true", help="all rules")
    parser.add_argument("--explain", metavar="ID", default="", help="what a rule is about, why, and what to do")


def perform(options: argparse.Namespace) -> Outcome:
    """Check, or tell about the rules. Raises PaddockError."""
    _check(options)
    if options.list or options.explain:
        return _catalogue(options)
    entries = _entries(options)
    top, opened = _opened(options)
    wanted = _wanted(options, entries)
    report = _report(top, opened, wanted, options)
    if options.write_baseline:
        return _write_baseline(options.baseline, report)
    if options.diff or options.fix:
        from paddock.checking import fixing

        fixes = fixing.settle(report, lambda texts: _report(top, opened, wanted, options, texts))
        if options.diff:
            return _diff(fixes, report)
        if fixes.texts:
            fixing.write(fixes, report.files, top)
            report = _report(top, opened, wanted, options)
        return _outcome(report, options, fixes)
    return _outcome(report, options)


def _check(options: argparse.Namespace) -> None:
    """An option that would be read by nobody is a mistake."""
    for way, others in _EXCLUDED.items():
        given = [name for name in others if getattr(options, name)] if getattr(options, way) else []
        if given:
            names = [f"--{name.replace('_', '-')}" if name != "path" else "PATH" for name in (way, given[0])]
            raise Usage(f"{names[0]} and {names[1]} do not go together", next_step="paddock check --help")
    if options.config and options.path:
        raise Usage("--config and PATH both say what to check", next_step="paddock check --config FILE")
    if options.write_baseline and not options.baseline:
        raise Usage("--write-baseline needs to know where", next_step="paddock check --baseline FILE --write-baseline")
    if options.json and options.format not in ("text", "json"):
        raise Usage(f"--json and --format {options.format} do not go together", next_step="paddock check --json")


def _rules(options: argparse.Namespace) -> tuple[Rule, ...]:
    """The rules that are asked, those of the check itself among them."""
    from paddock.checking import rule

    every = rule.load()
    only, skip = (
        [name for word in words for name in word.split(",") if name] for words in (options.only, options.skip)
    )
    chosen = rule.choose(every, only) if only else every
    skipped = rule.choose(every, skip)
    own = tuple(one for one in every if one.id.startswith("DC0"))
    return tuple(one for one in every if (one in chosen or one in own) and one not in skipped)


def _catalogue(options: argparse.Namespace) -> Outcome:
    from paddock.checking import rule
    from paddock.cli.views import checked
    from paddock.frozen import as_data

    rules = rule.choose(rule.load(), [options.explain]) if options.explain else _rules(options)
    text = (checked.explained if options.explain else checked.listed)(rules, width())
    return Outcome(text, {"schema": 1, "rules": [as_data(one) for one in rules]})


def _wanted(options: argparse.Namespace, entries: tuple[Entry, ...] | None) -> Wanted:
    from datetime import UTC, datetime

    from paddock.checking import rule
    from paddock.checking.whole import Wanted

    today = datetime.now(UTC).date().isoformat()
    return Wanted(_rules(options), rule.functions(), today, options.fail_on, entries)


def _opened(options: argparse.Namespace) -> tuple[str, tuple[Opened, ...]]:
    """The directory that names are relative to, and what is to be checked. Raises PaddockError."""
    from paddock.checking import search
    from paddock.devcontainer.finding import repository_of

    path = os.path.abspath(options.config or options.path or ".")
    if not os.path.lexists(path):
        raise PaddockError(f"{plain(path)} does not exist", next_step="paddock check PATH", code="no-configuration")
    if options.config or not os.path.isdir(path):
        opened: tuple[Opened, ...] = (search.of_file(path),)
    else:
        opened, complete = search.below(os.path.realpath(path))
        if not complete:
            raise PaddockError(
                f"{plain(path)} has too many directories, or too deep ones, to look into all of them",
                next_step="paddock check DIRECTORY, for each project",
                code="too-large",
            )
    if not opened:
        raise PaddockError(
            f"there is no dev container in {plain(path)}",
            why="neither .devcontainer/devcontainer.json nor .devcontainer.json is there, or in a directory below",
            next_step="paddock check --config FILE",
            code="no-configuration",
        )
    return repository_of(opened[0].folder if len(opened) == 1 else path), opened


def _report(
    top: str,
    opened: Sequence[Opened],
    wanted: Wanted,
    options: argparse.Namespace,
    texts: Mapping[str, str] | None = None,
) -> Report:
    from paddock.checking import whole
    from paddock.checking.reading import Reader

    reader = Reader(top, not options.rootful, _cgroups(), _trusts, texts=texts or {})
    return whole.check([reader.read(one, name) for one in opened for name in one.configurations], wanted)


def _cgroups() -> int:
    """The version of this machine's control groups; with both mounted, the limits are those of version 1."""
    from paddock.kernel import cgroups

    return 0 if not os.path.isdir(cgroups.ROOT) else 2 if cgroups.is_unified(cgroups.ROOT) else 1


def _trusts(path: str, raw: bytes) -> bool:
    """Whether the person trusts a devcontainer.json in exactly this form."""
    from paddock import trust
    from paddock.sources import Document

    return trust.is_trusted(Document("repository", path, path, raw))


def _entries(options: argparse.Namespace) -> tuple[Entry, ...] | None:
    from paddock.checking import baseline

    if not options.baseline or options.write_baseline:
        return () if options.write_baseline else None
    text = _content(options.baseline).decode("utf-8", "replace")
    return baseline.parsed(text, options.baseline)


def _content(file: str) -> bytes:
    """A file that the person named, wherever it is. Raises Unread."""
    from paddock.devcontainer.files import Files

    path = os.path.realpath(file)
    return Files(os.path.dirname(path)).raw(path, _LARGEST_BASELINE)


def _write_baseline(file: str, report: Report) -> Outcome:
    from paddock import replacing
    from paddock.checking import baseline

    before = _content(file) if os.path.lexists(file) else b""
    if before:
        baseline.parsed(before.decode("utf-8", "replace"), file)  # nothing else is overwritten
    rows = report.counting
    path = os.path.abspath(file)
    replacing.replace(path, before, baseline.written(rows).encode(), again=f"paddock check --baseline {file}")
    text = f"{plain(file)} knows {len(rows)} finding{'s' * (len(rows) != 1)} from now on\n"
    return Outcome(text, {"schema": 1, "baseline": path, "findings": len(rows)})


def _diff(fixes: Fixes, report: Report) -> Outcome:
    from paddock.checking import fixing
    from paddock.checking.reports import data
    from paddock.cli.views.checked import inert

    diff = fixing.diff(fixes, report.files)
    text = inert("".join(f"{plain(line)}\n" for line in diff.replace("\r\n", "\n").split("\n")[:-1]))
    return Outcome(text or "there is nothing that could safely be changed\n", {**data.data(report), "diff": diff})


def _outcome(report: Report, options: argparse.Namespace, fixes: Fixes | None = None) -> Outcome:
    from paddock.checking.reports import data, github, junit, sarif
    from paddock.cli.views import checked

    found = data.data(report)
    if fixes:
        found["fixed"] = sorted(fixes.texts)
    code = int(bool(report.failing))
    if options.format == "json":
        import json

        return Outcome(json.dumps(found, indent=2).replace(*_COMMAND["json"]) + "\n", found, code)
    if options.format == "text":
        return Outcome((checked.fixed(fixes) if fixes else "") + checked.text(report, width()), found, code)
    if options.format == "github":
        return Outcome(github.write(report), found, code)
    text = {"sarif": sarif, "junit": junit}[options.format].write(report)
    return Outcome(text.replace(*_COMMAND[options.format]), found, code)
