"""What a person wants applied, and what came of it."""

from __future__ import annotations

from paddock.frozen import frozen
from paddock.workspace.applying.consent import Consent

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping
    from typing import Protocol

    from paddock.workspace.applying.consent import Judging
    from paddock.workspace.hazard import Hazard

    class Paths(Protocol):
        """Some paths; a selection, perhaps, or a set."""

        def __contains__(self, path: str, /) -> bool:
            """Whether a path is one of them."""


@frozen
class Part:
    """A content and mode that was put together for one file, in place of the sandbox's.

    `seen` is the host's file that it was made from; `complete`: it stands for the whole change, which then leaves the
    change set. `doubtful`: the host's file is not the one that the sandbox knew, and its changes are in `content`.
    """

    content: bytes
    mode: int
    seen: os.stat_result
    complete: bool = False
    doubtful: bool = False


@frozen
class Wishes:
    """What to apply: the selected paths, conflicts overridden for `force`; `links` that lead out are taken too.

    `judge` finds hazards, given the upper and the lower tree; only those in `consent` are applied. `merge` are paths
    whose conflicts are to be merged where both sides changed different places. `undo`: keep what is overwritten.
    """

    selection: Paths
    force: Paths | None = None
    links: bool = False
    dry_run: bool = False
    judge: Callable[[int, int], Judging] | None = None
    consent: Consent = Consent()
    merge: Paths = ()
    parts: Mapping[str, Part] = {}
    undo: bool = True


@frozen
class Problem:
    """A path that was not applied, and why. `kind` is held, hazard, conflict or failed.

    `hazards` are those that nobody agreed to; `mergeable`: both sides changed different places of one text.
    """

    path: str
    kind: str
    reason: str
    hazards: tuple[Hazard, ...] = ()
    mergeable: bool = False


@frozen
class Report:
    """What an apply did. `remaining`: the change set still holds something. `merged` are among the applied."""

    applied: tuple[str, ...]
    problems: tuple[Problem, ...]
    remaining: bool
    merged: tuple[str, ...] = ()

    def of(self, kind: str) -> tuple[Problem, ...]:
        """The problems of one kind."""
        return tuple(problem for problem in self.problems if problem.kind == kind)
