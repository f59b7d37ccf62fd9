"""The conflicts of a held change set with the host as it is now, with all sides: `paddock diff --conflicts`."""

from __future__ import annotations

import os
from contextlib import ExitStack

from paddock.frozen import replace
from paddock.workspace import bases, meta, shelf
from paddock.workspace.applying import conflict_view
from paddock.workspace.applying.deciding import Decider
from paddock.workspace.applying.merging import sides
from paddock.workspace.applying.verdicts import look
from paddock.workspace.applying.wishes import Problem, Wishes
from paddock.workspace.change_set import walk
from paddock.workspace.diff import NOTE, Line
from paddock.workspace.quoting import quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.workspace.selection import Selection
    from paddock.workspace.shelf import ChangeSetDirectory


def found(directory: ChangeSetDirectory, selection: Selection) -> Iterator[tuple[Problem, list[Line]]]:
    """Each conflict with its lines. Nothing is written, and a sandbox may be at work."""
    wishes = Wishes(selection, links=True)
    with ExitStack() as cleanup:
        place = cleanup.enter_context(shelf.opened(directory.path))
        lower = shelf.open_repository(directory)
        cleanup.callback(os.close, lower)
        upper = shelf.open_upper(directory)
        cleanup.callback(os.close, upper)
        known = bases.read(place, meta.read(place).begun_ns)
        decider = Decider(wishes, known, place, (upper, lower))
        for change in walk(upper, lower):
            if change.path not in selection:
                continue
            there = look(lower, change.path)
            problem = decider.decide(change, there).problem
            if problem and problem.kind == "conflict":
                parts = sides(change, there, known.of(change.path), place, (upper, lower))
                note = "; both sides merge cleanly: paddock apply --merge" if problem.mergeable else ""
                lines = [Line(NOTE, f"# conflict: {quoted(change.path)}: {problem.reason}{note}")]
                yield replace(problem), lines + (list(conflict_view.shown(parts)) if parts else [])
