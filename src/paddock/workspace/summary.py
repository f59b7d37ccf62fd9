"""What a change set comes to, in a few numbers and the names that matter most: for the end of a run.

A person waits for the prompt, so this ends soon whatever a sandbox left: after some thousand changes, or some seconds,
the rest is not looked at, and the summary says so.
"""

from __future__ import annotations

import time

from paddock.frozen import frozen
from paddock.workspace import holding
from paddock.workspace.change_set import walk
from paddock.workspace.descent import split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from paddock.workspace.applying.consent import Judging
    from paddock.workspace.hazard import Hazard

MOST = 10_000
LONGEST_S = 2.0
KINDS = ("added", "modified", "deleted", "replaced", "mode")  # in the order in which they are told


@frozen
class Dangerous:
    """A changed path with what is dangerous about it."""

    path: str
    hazards: tuple[Hazard, ...]


@frozen
class Summary:
    """How many changes were `looked` at, how many of each kind, and the dangerous ones. `complete`: there are no more.

    `git`: git's own data changed, which is one change and in none of the `kinds`.
    """

    looked: int
    complete: bool
    kinds: tuple[tuple[str, int], ...]
    git: bool
    dangerous: tuple[Dangerous, ...]


def summarize(
    upper: int,
    lower: int,
    judge: Judging | None,
    *,
    most: int = MOST,
    longest_s: float = LONGEST_S,
    clock: Callable[[], float] = time.monotonic,
) -> Summary:
    """Look at the changes between two trees. Without a `judge` none is found dangerous."""
    until = clock() + longest_s
    counts = dict.fromkeys(KINDS, 0)
    dangerous: list[Dangerous] = []
    looked, git, complete = 0, False, True
    for change in walk(upper, lower):
        if looked >= most or clock() > until:
            complete = False
            break
        looked += 1
        if holding.is_git(split(change.path)[1]):
            git = True
        else:
            counts[change.kind] += 1
        hazards = judge.hazards(change) if judge else ()
        if hazards:
            dangerous.append(Dangerous(change.path, hazards))
    kinds = tuple((kind, number) for kind, number in counts.items() if number)
    return Summary(looked, complete, kinds, git, tuple(dangerous))
