"""Take one protection away at a time, and see which probe notices. Run by scripts/mutation."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING

from paddock.kernel import reaping
from tests.mutation import fields, known, measuring, page, scoring
from tests.mutation.mutants import everything

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO


def main(words: Sequence[str]) -> int:
    """The exit code: 1 where a score fell, or what is said of equivalents is not so."""
    options = _parser().parse_args(words)
    if options.publish:
        sys.stdout.write(page.page([json.loads(page.read(file)) for file in options.publish]))
        return 0
    chosen = [
        it
        for it in everything()
        if it.boundary in (options.boundary or (it.boundary,)) and all(word in it.name for word in options.only)
    ]
    if options.list:
        sys.stdout.write("".join(f"{it.boundary:<10} {it.setting:<8} {it.name}\n" for it in chosen))
        return 0
    equivalents = known.equivalents()
    together = {it.name: backed.together for it in chosen if (backed := known.of(it.boundary, it.name, equivalents))}
    found: list[scoring.Line] = []
    # A mutant may be that nobody ends what is left: it is ours then, and ends with the run.
    reaping.be_reaper()
    with fields.base() as base, ExitStack() as undo:
        undo.callback(reaping.end_all)
        for met in measuring.measure(chosen, base, jobs=options.jobs, together=together):
            found += scoring.lines([met], equivalents)
            _print(found[-1], sys.stderr if options.json else sys.stdout)
    scored = scoring.scores(found)
    wrong = [*scoring.wrong(found, equivalents), *([] if options.only else scoring.below(scored, known.kept()))]
    if options.json:
        json.dump({**page.about(), "lines": [asdict(it) for it in found], "scores": scored, "wrong": wrong}, sys.stdout)
    else:
        for boundary, score in scored.items():
            counts = ", ".join(f"{count} {how}" for how, count in scoring.counted(found, boundary).items() if count)
            sys.stdout.write(f"\n{boundary}: {score:g} % ({counts})")
        sys.stdout.write("\n" + "".join(f"WRONG {line}\n" for line in wrong))
    return 1 if wrong else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/mutation", description=__doc__)
    parser.add_argument(
        "--boundary", metavar="NAME", action="append", help="bubblewrap, landlock, podman, gvisor or gateway"
    )
    parser.add_argument("--only", metavar="WORD", action="append", default=[], help="mutants with this in their names")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="how many at once")
    parser.add_argument("--json", action="store_true", help="one JSON object at the end")
    parser.add_argument("--list", action="store_true", help="what would be taken away")
    parser.add_argument(
        "--publish", nargs="+", metavar="FILE", help="the page of such objects, the last one of a mutant counts"
    )
    return parser


def _print(line: scoring.Line, where: TextIO) -> None:
    where.write(f"{line.how:<10} {line.boundary:<10} {line.name}  {', '.join(line.by[:3]) or line.reason}\n")
    where.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
