"""docs/explanation/mutation.md, made from runs of `scripts/mutation --json` as both users, whole or in parts."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from paddock import __version__, process
from paddock.probes.pack import pack, version
from tests.mutation import known, scoring
from tests.mutation.known import USER
from tests.mutation.measuring import MISSED
from tests.mutation.scoring import EQUIVALENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    Run = Mapping[str, Any]

_SHOWN = 3  # probes by name
_AND = " and "
_WHO = {"root": "root", "user": "an ordinary user"}
_HEAD = """# What would a probe notice?

`paddock prove` says that all attacks failed. This page says what that is worth: `scripts/mutation` takes one
protection of Paddock's away at a time (a namespace, a mount's flag, a rule of the system-call filter, a limit, a
statement of the way in, a check of the gateway), starts a sandbox without it and attacks that with the same probes.
A protection whose loss no probe notices is a probe that is missing.

- **noticed**: a probe breached, which holds otherwise. **refused**: no sandbox came of it, so nothing ran without the
  protection. **damaged**: the run was no proof, and `paddock prove` would say so. These three count as found.
- **missed**: no probe noticed. Each is a probe that is still to be written.
- **equivalent**: nothing was lost, since another layer holds; the list below names it. Where one can be taken away
  too, each run takes both away and has to notice (*shown*). They are left out of the score.

What could be taken away is read from the code itself: from what the boundary emits for a real plan, from the filter's
table, from the statements of the functions that stand between a sandbox and the machine (`tests/mutation/places.py`).
Each boundary is measured as everybody whom it runs for: landlock refuses root, and has no row for that.
Of the gateway, what signs anew and reads compressed bodies (`secrets/sigv4`, `inflating`, `reflecting`), ends TLS and
writes messages (`tls/session`, `secured`, `terminating`, `http/exchange`) is not among these yet. Nothing of this is part
of the package: a switch that weakens would be a hole. Made by `scripts/mutation --publish`.
"""


def about() -> dict[str, str]:
    """What a run was made with."""
    bubblewrap = process.find("bwrap")
    said = process.run((bubblewrap, "--version"), environment={}).stdout.decode().strip() if bubblewrap else "none"
    return {
        "who": USER,
        "when": time.strftime("%Y-%m-%d", time.gmtime()),
        "paddock": __version__,
        "pack": version(pack()),
        "bubblewrap": said,
        "kernel": os.uname().release,
        "machine": os.uname().machine,
        "python": platform.python_version(),
    }


def read(path: str) -> str:
    """A run's text."""
    return Path(path).read_text("utf-8")


def joined(runs: Sequence[Run]) -> list[Run]:
    """One run for each user. What was measured again counts as it was met last; what was used is named in full."""
    found: dict[str, Run] = {}
    for run in runs:
        who = run["who"]
        before = found.get(who, {**run, "lines": []})
        lines = {(line["boundary"], line["name"]): line for line in (*before["lines"], *run["lines"])}
        said = {
            key: before[key] if value in before[key].split(_AND) else f"{before[key]}{_AND}{value}"
            for key, value in run.items()
            if isinstance(value, str)
        }
        found[who] = {**before, **said, "lines": list(lines.values())}
    return list(found.values())


def judged_now(run: Run) -> Run:
    """The run with what is known of equivalents now: what was missed may have been explained since."""
    equivalents = known.equivalents(run["who"])
    found = [scoring.Line(**{**line, "by": tuple(line["by"])}) for line in run["lines"]]
    explained = [
        replace(line, how=EQUIVALENT, reason=backed.reason)
        if line.how == MISSED and (backed := known.of(line.boundary, line.name, equivalents)) and not backed.together
        else line
        for line in found
    ]
    return {**run, "lines": [asdict(line) for line in explained], "scores": scoring.scores(explained)}


def page(runs: Sequence[Run]) -> str:
    """The whole page."""
    runs = [judged_now(run) for run in joined(runs)]
    return "\n".join([_HEAD, *_scores(runs), *_missed(runs), *_equivalents(runs), *_all(runs)]) + "\n"


def _scores(runs: Sequence[Run]) -> Iterator[str]:
    yield "## Scores\n"
    yield "| boundary | as | mutants | noticed | refused | damaged | missed | equivalent | score |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for run in runs:
        for boundary, score in run["scores"].items():
            hows = [line["how"] for line in run["lines"] if line["boundary"] == boundary]
            counts = [hows.count(how) for how in ("noticed", "refused", "damaged", MISSED, EQUIVALENT)]
            yield f"| {boundary} | {_WHO[run['who']]} | {len(hows)} | {' | '.join(map(str, counts))} | {score:g} % |"
    yield ""
    measured = {(boundary, run["who"]) for run in runs for boundary in run["scores"]}
    open_ones = [f"{boundary} as {_WHO[who]}" for who in _WHO for boundary in known.kept(who)
                 if (boundary, who) not in measured]  # fmt: skip
    if open_ones:
        yield f"Not measured as a whole yet: {', '.join(open_ones)}.\n"
    for run in runs:
        yield (
            f"As {_WHO[run['who']]}: {run['when']}, Paddock {run['paddock']}, probes {run['pack']}, {run['bubblewrap']}, "
            f"kernel {run['kernel']} {run['machine']}, Python {run['python']}."
        )


def _missed(runs: Sequence[Run]) -> Iterator[str]:
    yield "\n## Missed\n"
    found = _by_name(runs, lambda line: line["how"] == MISSED)
    yield from (f"- {_code(name)} ({', '.join(who)})" for name, who in found.items())
    if not found:
        yield "None."


def _equivalents(runs: Sequence[Run]) -> Iterator[str]:
    yield "\n## Equivalent\n"
    reasons: dict[str, dict[str, None]] = {}
    shown = {line["name"] for run in runs for line in run["lines"] if line["shown"]}
    for run in runs:
        for line in run["lines"]:
            if line["how"] == EQUIVALENT:
                reasons.setdefault(line["reason"], {})[line["name"]] = None
    for reason, names in reasons.items():
        said = ", ".join(f"{_code(name)}{' (shown)' if name in shown else ''}" for name in names)
        yield f"- **{reason}**: {said}"


def _all(runs: Sequence[Run]) -> Iterator[str]:
    yield "\n## All that were found\n"
    whose = [run["who"] for run in runs]
    yield f"| taken away | {' | '.join(f'as {_WHO[who]}' for who in whose)} |"
    yield "|---|" + "---|" * len(whose)
    found: dict[str, dict[str, str]] = {}
    for run in runs:
        for line in run["lines"]:
            if line["how"] not in (MISSED, EQUIVALENT):
                by = ", ".join(line["by"][:_SHOWN]) + (" …" if len(line["by"]) > _SHOWN else "")
                found.setdefault(f"{line['boundary']}: {line['name']}", {})[run["who"]] = by or line["how"]
    for name, probes in found.items():
        yield f"| {_code(name)} | {' | '.join(probes.get(who, '') for who in whose)} |"


def _by_name(runs: Sequence[Run], wanted: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for run in runs:
        for line in run["lines"]:
            if wanted(line):
                found.setdefault(f"{line['boundary']}: {line['name']}", []).append(f"as {_WHO[run['who']]}")
    return found


def _code(name: str) -> str:
    """A name with nothing in it that ends a cell of a table, or reads like a link."""
    return f"`{name.replace('|', '¦').replace('](', '] (')}`"
