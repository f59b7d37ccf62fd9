"""`paddock prove`: attack the sandbox that is about to be used, and say what held."""

from __future__ import annotations

import os

from paddock.cli.outcome import Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

SUMMARY = "attack the sandbox of this directory's policy, and print what held"
DETAILS = """Harmless attacks on the very sandbox that a run here would get: your policy, this machine. They look
for canaries on a made-up person's machine, never for anything of yours. Each attack is also tried without a sandbox:
one that fails there too proves nothing, and counts as unproven. Exit code 1 when a promise is broken.

examples:
  paddock prove                                this directory's policy
  paddock prove --only network --only FS-02    a layer, a probe
  paddock prove --boundary landlock
  paddock prove --against 'bwrap --ro-bind / / --dev /dev --proc /proc --bind "$PWD" "$PWD"'
  paddock prove --list
  paddock prove --explain FS-02"""


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of `prove`."""
    parser.add_argument("--boundary", metavar="NAME", default="", help="another boundary than the policy's")
    parser.add_argument("--policy", metavar="FILE", default="", help="this policy file instead of the repository's")
    parser.add_argument("--only", metavar="LAYER|ID", action="append", default=[], help="these probes only")
    parser.add_argument("--against", metavar="CMD", default="", help="another sandbox: its words before a command")
    parser.add_argument("--list", action="store_true", help="the catalogue of probes")
    parser.add_argument("--explain", metavar="ID", default="", help="what a probe does, and why there is one")


def perform(options: argparse.Namespace) -> Outcome:
    """Attack, or tell about the probes. Raises what `paddock run` would."""
    from paddock.probes.catalogue import reading

    if options.list or options.explain:
        chosen = reading.choose(reading.load(), [options.explain] if options.explain else options.only)
        from paddock.frozen import as_data

        text = "".join(f"{probe.id:<44} {probe.severity:<9} {probe.title}\n" for probe in chosen)
        return Outcome(text=text, data={"schema": 1, "probes": [as_data(probe) for probe in chosen]})
    from paddock.probes import proof
    from paddock.proving import Wanted, prove

    wanted = Wanted(options.boundary, options.against, options.policy, tuple(options.only))
    found = prove(os.getcwd(), wanted)
    lines = [
        f"{row.verdict:<14} {row.id:<44} {row.reason or ', '.join(row.evidence)}"
        for row in found.rows
        if row.verdict not in proof.SHOWN
    ]
    counts = ", ".join(f"{count} {verdict}" for verdict, count in found.counted().items())
    text = "\n".join([*lines, *found.trouble, f"{counts}; {found.seconds} s"]) + "\n"
    return Outcome(text=text, data=proof.as_data(found), exit_code=0 if found.passed else 1)
