"""How much a change set holds, counted up to a bound: a list of change sets must not cost what is in them."""

from __future__ import annotations

import os
from itertools import islice

from paddock.frozen import frozen
from paddock.workspace import bases, meta, shelf
from paddock.workspace.applying import verdicts
from paddock.workspace.change_set import walk
from paddock.workspace.ignored.finding import Search
from paddock.workspace.ignored.rules import under_git

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.workspace.applying.consent import Judging
    from paddock.workspace.hazards.catalogue import Rules
    from paddock.workspace.shelf import ChangeSetDirectory

MOST = 2000  # entries that are looked at
_MOST_JUDGED = 200  # changes whose content is looked at


@frozen
class Tally:
    """`complete` is False where there is more than was counted. `conflicts`: changes whose host file is another by now.

    `hazards`, `conflicts` and `size_bytes` are None where nobody looked.
    """

    changes: int
    complete: bool = True
    size_bytes: int | None = None
    conflicts: int | None = None
    hazards: int | None = None


def count(directory: ChangeSetDirectory, rules: Rules | None = None, most: int = MOST) -> Tally:
    """Count the changes of a change set that no sandbox is at work on. Raises WorkspaceError for a lost repository."""
    with shelf.both(directory) as (upper, lower), shelf.opened(directory.path) as place:
        known = bases.read(place, meta.read(place, directory.repository).begun_ns)
        looked = list(islice(walk(upper, lower, unchanged=True), most + 1))
        changes = [change for change in looked[:most] if change.kind != "same"]
        conflicts = sum(
            bool(verdicts.conflict(lower, change, verdicts.look(lower, change.path), known.of(change.path)))
            for change in changes
        )
        hazards = None
        if rules and len(looked) <= most and len(changes) <= _MOST_JUDGED:
            from paddock.workspace.hazards.judging import Judge

            judge: Judging = Judge(rules, upper, lower)
            hazards = sum(bool(judge.hazards(change)) for change in changes)
    sizes = sum(change.new_size for change in changes)
    return Tally(len(changes), len(looked) <= most, sizes, conflicts, hazards)


def count_in_use(directory: ChangeSetDirectory, most: int = MOST) -> Tally:
    """About how many files a sandbox that is at work has changed so far, without what git ignores."""
    with shelf.both(directory) as (upper, lower):
        if under_git(directory.repository):
            entries = Search(upper, lower, directory.repository).entries()
            found = (one.stat.st_size for one in entries if not (one.ignored or one.is_directory))
        else:
            found = (change.new_size for change in walk(upper, lower))
        sizes = list(islice(found, most + 1))
    return Tally(min(len(sizes), most), len(sizes) <= most, sum(sizes[:most]))


@frozen
class Weight:
    """How much a tree takes up. `complete` is False where there is more than was counted."""

    files: int
    size_bytes: int
    complete: bool = True


def weigh(tops: list[str], most: int) -> Weight:
    """Files, and the space that they take, below directories of ours."""
    files = size = 0
    waiting = list(tops)
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                        continue
                    files += 1
                    size += entry.stat(follow_symlinks=False).st_blocks * 512
                    if files >= most:
                        return Weight(files, size, complete=False)
        except OSError:
            continue  # its mode keeps us out, its path is too long, or it has gone
    return Weight(files, size)
