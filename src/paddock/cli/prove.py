"""`paddock prove`: attack the sandbox that is about to be used, and say what held."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager

from paddock.cli.outcome import Outcome
from paddock.cli.style import plain, width
from paddock.cli.views import proof_signed
from paddock.errors import PaddockError, Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from paddock.cli.views.proof_boundaries import All
    from paddock.cli.views.proof_files import Report
    from paddock.probes.proof import Proof

SUMMARY = "attack the sandbox of this directory's policy, and print what held"
DETAILS = """Harmless attacks on the very sandbox that a run here would get: your policy, this machine. They look
for canaries on a made-up person's machine, never for anything of yours. Each attack is also tried without a sandbox:
one that fails there too proves nothing, and counts as unproven.

examples:
  paddock prove                                this directory's policy
  paddock prove --only network --only FS-02    a layer, a probe
  paddock prove --boundary all                 each boundary that works here
  paddock prove --report html=proof.html --report junit=proof.xml
  paddock prove --against 'bwrap --ro-bind / / --dev /dev --proc /proc --bind "$PWD" "$PWD"'
  paddock prove --list --only files
  paddock prove --explain FS-02
  paddock prove --compare old.json new.json    of two that --json wrote
  paddock prove --report signed=proof.json     with the signature of this machine
  paddock prove --verify proof.json --key HEX  the key is what paddock prove --key printed there

reports: table, json, signed, junit, sarif, html, badge (SVG). The file - is stdout, in place of the table.

Exit code: 0 nothing broke, 1 a promise is broken (--compare: something got worse), 2 nothing is known to be broken,
but too little could be shown: a run that was disturbed, or a promise without any evidence."""

ALL = "all"
# Empty where a variable of a script is not set; without them something else is attacked, and held.
_NAMING = ("boundary", "policy", "against", "explain", "verify", "key")
# What excludes each other: the way, and the options that then would be read by nobody.
_ATTACKING = ("boundary", "policy", "against", "report", "verbose")
_EXCLUDED = {
    "verify": (*_ATTACKING, "only", "list", "explain", "compare"),
    "key": (*_ATTACKING, "only", "list", "explain", "compare"),
    "compare": (*_ATTACKING, "only", "list", "explain"),
    "explain": (*_ATTACKING, "only", "list"),
    "list": _ATTACKING,
    "against": ("boundary", "policy"),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of `prove`."""
    parser.add_argument("--boundary", metavar="NAME", help="another boundary than the policy's, or all")
    parser.add_argument("--policy", metavar="FILE", help="this policy file instead of the repository's")
    parser.add_argument("--only", metavar="LAYER|ID", action="append", default=[], help="these probes only")
    parser.add_argument("--against", metavar="CMD", help="another sandbox: its words before a command")
    parser.add_argument("--report", metavar="FORMAT=FILE", action="append", default=[], help="write a report as well")
    parser.add_argument("--verbose", action="store_true", help="show every row")
    parser.add_argument("--list", action="store_true", help="the catalogue of probes")
    parser.add_argument("--explain", metavar="ID", help="what a probe does, and why there is one")
    parser.add_argument("--compare", metavar=("OLD", "NEW"), nargs=2, help="what changed between two proofs")
    parser.add_argument("--across-packs", action="store_true", help="with --compare: although the probes differ")
    proof_signed.declare(parser)


def perform(options: argparse.Namespace) -> Outcome:
    """Attack, tell about the probes, or compare. Raises what `paddock run` would."""
    _check(options)
    if options.verify or options.key is not None:
        return proof_signed.perform(options)
    if options.list or options.explain:
        return _catalogue(options)
    if options.compare:
        return _compare(*options.compare, across=options.across_packs)
    return _attack(options)


def _check(options: argparse.Namespace) -> None:
    """An option that would be read by nobody is a mistake."""
    for name in _NAMING:
        if getattr(options, name) == "":
            raise Usage(f"--{name} names nothing", why="what it was given is empty", next_step="paddock prove --help")
    for way, others in _EXCLUDED.items():
        given = [name for name in others if getattr(options, name)] if getattr(options, way) else []
        if given:
            raise Usage(f"--{way} and --{given[0]} do not go together", next_step="paddock prove --help")
    if options.across_packs and not options.compare:
        raise Usage("--across-packs says how to compare", next_step="paddock prove --compare OLD NEW --across-packs")


def _catalogue(options: argparse.Namespace) -> Outcome:
    from paddock.cli.views import proof_catalogue
    from paddock.frozen import as_data
    from paddock.probes.catalogue import reading

    chosen = reading.choose(reading.load(), [options.explain] if options.explain else options.only)
    view = proof_catalogue.explained if options.explain else proof_catalogue.listed
    return Outcome(view(chosen, width()), {"schema": 1, "probes": [as_data(probe) for probe in chosen]})


def _attack(options: argparse.Namespace) -> Outcome:
    from paddock.cli.views import proof_files
    from paddock.probes import proof, standing
    from paddock.proving import Wanted, prove

    reports = proof_files.parsed(options.report)
    if options.json and any(report.file == proof_files.STDOUT for report in reports):
        raise Usage("--json and a report to - both take stdout", next_step="--report FORMAT=FILE")
    if options.boundary == ALL and any(report.format == "signed" for report in reports):
        raise Usage("a signed report holds one proof", next_step="paddock prove --boundary NAME --report signed=FILE")

    def one(boundary: str) -> Proof:
        wanted = Wanted(boundary, options.against or "", options.policy or "", tuple(options.only))
        with _saying(options.against or boundary or "the sandbox"):
            return prove(os.getcwd(), wanted)

    everything: All | None = None
    if options.boundary == ALL:
        from paddock.cli.views import proof_boundaries

        everything = proof_boundaries.attack(one)
        proofs, data = everything.proofs, everything.as_data()
    else:
        proofs = (one(options.boundary or ""),)
        data = proof.as_data(proofs[0])
    if not options.only and not options.against:
        proof_signed.keep(proofs)
    text = _text(proofs, everything, verbose=options.verbose)
    code = standing.EXIT_CODES[standing.worst(proofs)]
    if everything and not everything.in_order:
        code = 1
    return Outcome(_written(reports, proofs, data, text), data, code)


def _text(proofs: Sequence[Proof], everything: All | None, *, verbose: bool) -> str:
    from paddock.cli.views import proof_table

    tables = [proof_table.text(proof, width(), everything=verbose) for proof in proofs]
    if everything:
        from paddock.cli.views import proof_boundaries

        tables.append(proof_boundaries.text(everything))
    return "\n\n".join(tables) if len(tables) > 1 else tables[0]


def _written(reports: Sequence[Report], proofs: Sequence[Proof], data: object, text: str) -> str:
    """Write the reports; what is left for stdout."""
    import json

    from paddock.cli.views import proof_files

    table = text
    for report in reports:
        if report.format == "table":
            content = table if report.file == proof_files.STDOUT else proof_files.uncoloured(table)
        elif report.format == "json":
            content = json.dumps(data, indent=2) + "\n"
        else:
            content = proof_files.writer(report.format)(proofs)
        if report.file == proof_files.STDOUT:
            text = content
        else:
            proof_files.save(report, content)
    return text


def _compare(old: str, new: str, *, across: bool) -> Outcome:
    from paddock.cli.views import proof_changes, proof_files
    from paddock.frozen import as_data
    from paddock.probes.comparing import compare
    from paddock.probes.standing import name

    before, after = ({name(one): one for one in proof_files.read(path)} for path in (old, new))
    if len(before) == len(after) == 1:  # two boundaries beside each other may be what is asked about
        pairs = [(*before.values(), *after.values())]
    elif before.keys() == after.keys():
        pairs = [(before[key], after[key]) for key in before]
    else:
        raise PaddockError(
            "these are not proofs of the same sandboxes",
            why=f"{', '.join(before)} there, {', '.join(after)} here",
            next_step="compare proofs of one boundary, or two of --boundary all on one machine",
            code="not-comparable",
        )
    packs = {one.subject.pack for pair in pairs for one in pair}
    if len(packs) > 1 and not across:
        raise PaddockError(
            "these proofs were made by different probes",
            why=f"versions {', '.join(sorted(packs))}: a verdict may have changed because its probe did",
            next_step="make both anew with one version, or: paddock prove --compare OLD NEW --across-packs",
            code="different-probes",
        )
    found = [(name(second), compare(first, second)) for first, second in pairs]
    text = "\n".join(proof_changes.text(one, what) for what, one in found)
    data = [{"name": what, "worse": one.worse, **as_data(one)} for what, one in found]
    worse = any(one.worse for _, one in found)
    return Outcome(text, {"schema": 1, "worse": worse, "comparisons": data}, int(worse))


@contextmanager
def _saying(what: str) -> Iterator[None]:
    """A line on a terminal while the attack goes on, gone afterwards. Elsewhere nothing."""
    wanted = sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    if wanted:
        sys.stderr.write(f"\rpaddock: attacking {plain(what)[:60]} ...\x1b[K")
        sys.stderr.flush()
    try:
        yield
    finally:
        if wanted:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
