"""A scan's report for people and for programs, and how far a scan is while it runs."""

from __future__ import annotations

import os
import sys
import time

from paddock.cli.style import paint, plain
from paddock.cli.views.held import counted
from paddock.frozen import as_data
from paddock.preflight import names, offer
from paddock.preflight.findings import KINDS, SECRETS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from paddock.preflight.findings import Finding, Report

_SHOWN = 10  # of one kind, unless all are asked for
_EVERY_S = 0.1


class Progress:
    """One line on a terminal that is written over, and gone at the end. Elsewhere nothing."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._shown = False
        self._wanted = sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self._next = 0.0

    def tick(self, files: int, done: int) -> None:
        """Say how far it is, now and then."""
        if not self._wanted or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _EVERY_S
        self._shown = True
        how_far = f"{done} of {files} files" if done else f"{files} files"
        sys.stderr.write(f"\rpaddock: {self._what}: {how_far}\x1b[K")
        sys.stderr.flush()

    def end(self) -> None:
        """Take the line away."""
        if self._shown:
            self._shown = False
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def summary(report: Report) -> str:
    """What was found, in one line; nothing where that is nothing."""
    numbers = {count.kind: count.number for count in report.counts}
    parts = [f"{numbers[kind]} {KINDS[kind][numbers[kind] > 1]}" for kind in KINDS if numbers.get(kind)]
    return ", ".join(parts)


def text(report: Report, masked: Collection[str], *, everything: bool) -> str:
    """The report. Names come from the repository and are printed without control characters."""
    known = report.files - report.looked_into
    lines = [f"{plain(report.repository)}: {counted(report.files, 'file')}, {max(0, known)} of them known before"]
    for count in report.counts:
        found = report.of(count.kind)
        hides = count.kind in SECRETS and not everything
        rows = [one for one in found if not (hides and names.in_package(one.path))]
        apart = len(found) - len(rows)
        if rows:
            lines += ["", paint(f"{KINDS[count.kind][count.number > 1]} ({count.number})", "bold")]
            shown = rows if everything else rows[:_SHOWN]
            lines += [_row(one, masked) for one in shown]
            if len(rows) > len(shown):
                lines.append(f"  … and {count.number - len(shown) - apart} more: paddock scan --all")
        if apart:
            lines += ["", paint(f"{counted(apart, 'more place')} in packages: paddock scan --all", "dim")]
    if not report.counts:
        lines.append("nothing was found")
    if report.notes:
        lines += ["", *(f"{paint('note', 'yellow')}  {plain(note)}" for note in report.notes)]
    return "\n".join(lines) + "\n"


def _row(one: Finding, masked: Collection[str]) -> str:
    place = plain(one.path) + (f":{one.line}" if one.line else "")
    if one.kind == "link-out":
        return f"  {place} → {plain(one.detail)}"
    what = f"{plain(one.detail)} ({one.length} characters)" if one.length else plain(one.detail)
    why = offer.reason(one, masked) if one.kind in SECRETS else ""
    return f"  {place}  {paint(what, 'yellow') if one.kind in SECRETS else what}  {paint(why, 'dim')}".rstrip()


def data(report: Report, masked: Collection[str]) -> dict[str, object]:
    """The report as JSON has it."""
    offered = frozenset(offer.offered(report, masked))
    return {
        "schema": 1,
        "repository": report.repository,
        "complete": report.complete,
        "files": report.files,
        "looked_into": report.looked_into,
        "counts": {count.kind: count.number for count in report.counts},
        "findings": [
            {**as_data(one), "masked": offer.is_masked(one.path, masked), "offered": one.path in offered}
            for one in report.findings
        ],
        "notes": list(report.notes),
    }
