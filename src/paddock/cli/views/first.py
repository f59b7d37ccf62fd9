"""Before the first run in a repository: a person at a terminal hears what is in it, and may mask the secrets.

Nobody is asked twice, and scripts never: without a terminal nothing of this is imported.
"""

from __future__ import annotations

import os

from paddock.errors import PaddockError
from paddock.preflight import place
from paddock.remarks import complain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from paddock.plan.model import Plan
    from paddock.preflight.findings import Report

TIME_S = 5.0
_LISTED = 10


def look(plan: Plan) -> bool:
    """Scan if this is the first run here; whether masks were added, so that the plan has to be made again.

    Never stops a run: what fails is told.
    """
    repository = plan.workspace.source
    try:
        if place.was_asked(repository) or os.tcgetpgrp(0) != os.getpgrp():  # in the background nobody can answer
            return False
        report = _scan(repository)
        added = report is not None and _tell(report, plan)
        place.note_asked(repository)
    except (OSError, PaddockError) as error:
        complain(f"the scan before the first run failed: {error}; again: paddock scan")
        return False
    return added


def _scan(repository: str) -> Report | None:
    from paddock.cli.views.scanned import Progress
    from paddock.preflight import detector
    from paddock.preflight.scan import scan

    # All modules are there before anybody is told of Ctrl-C: one that breaks off an import becomes another error.
    detector.preload()
    progress = Progress("first run here, looking for secrets and ways out (Ctrl-C skips)")
    try:
        progress.tick(0, 0)
        return scan(repository, time_s=TIME_S, tick=progress.tick)
    except KeyboardInterrupt:
        progress.end()
        complain("skipped; whenever you like: paddock scan")
        return None
    finally:
        progress.end()


def _tell(report: Report, plan: Plan) -> bool:
    from paddock.cli.scan import masked_in
    from paddock.cli.views.scanned import summary
    from paddock.preflight.offer import offered

    masked = masked_in(plan)
    found = summary(report)
    rest = "" if report.complete else " in the files that there was time for"
    if found or rest:
        complain(f"first run here: found {found or 'nothing'}{rest}; all of it: paddock scan")
    for note in report.notes:
        if "secrets were" in note:  # looked for nowhere, or not everywhere
            complain(note)
    chosen = offered(report, masked)
    return bool(chosen) and _ask(report, chosen)


def _ask(report: Report, chosen: Sequence[str]) -> bool:
    from paddock.cli.style import plain
    from paddock.cli.views.answer import answer_to
    from paddock.preflight import masks

    kinds = {finding.path: finding.detail for finding in reversed(report.of("secret", "secret-file"))}
    lines = [f"  {plain(path)}  {plain(kinds[path])}" for path in chosen[:_LISTED]]
    if len(chosen) > _LISTED:
        lines.append(f"  … and {len(chosen) - _LISTED} more")
    them = "this file" if len(chosen) == 1 else f"these {len(chosen)} files"
    question = f"Have {them} be empty inside, in this and later runs? [Y/n] "
    answer = answer_to("\n".join([*lines, question]))
    if not answer or answer.strip().lower() not in ("", "y", "yes"):  # nothing at all: the terminal hung up
        complain("not masked; whenever you like: paddock scan --mask")
        return False
    masks.change(report.repository, lambda now: (*now, *chosen))
    return True
