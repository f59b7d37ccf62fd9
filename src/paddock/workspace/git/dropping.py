"""Git's own data leaves a change set, when all that is of worth in it came over, or when a person says so."""

from __future__ import annotations

import os

from paddock.frozen import replace
from paddock.workspace import holding, removal, shelf
from paddock.workspace.descent import PLACE, open_beneath, split
from paddock.workspace.entries import ENTER, LEAVE, Pair, traverse
from paddock.workspace.git import layer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.workspace.change import Change
    from paddock.workspace.git.judging import Judges
    from paddock.workspace.shelf import ChangeSetDirectory


def is_alone(locked: ChangeSetDirectory) -> bool:
    """Whether nothing but git's own data is left in a change set."""
    from paddock.workspace.change_set import walk

    with shelf.both(locked) as (upper, lower):
        return all(map(_is_git_data, walk(upper, lower)))


def found(locked: ChangeSetDirectory, judge: Judges | None) -> tuple[Change, ...]:
    """The changes that are git's own data, each with what is dangerous about it."""
    from paddock.workspace.change_set import walk

    with shelf.both(locked) as (upper, lower):
        changes = [change for change in walk(upper, lower) if _is_git_data(change)]
        judging = judge(upper, lower) if judge else None
        return tuple(replace(one, hazards=judging.hazards(one)) if judging else one for one in changes)


def drop(locked: ChangeSetDirectory) -> bool:
    """Take git's data out of a change set that we hold, and remove it when nothing is left. Whether something is."""
    from paddock.workspace import store

    with shelf.both(locked) as (upper, lower):
        for path in _git_data(upper, lower):
            parent, name = split(path)
            place = open_beneath(upper, parent, PLACE)
            try:
                removal.remove(place, name)
            finally:
                os.close(place)
        # A layer of its own is made anew when a sandbox needs it.
        removal.remove(locked.lock, layer.DIRECTORY)
        remaining = store.settle(locked, upper, lower)
    if not remaining:
        shelf.discard(store.same(locked))
    return remaining


def _is_git_data(change: Change) -> bool:
    """A nested repository that was deleted is a deletion like any other, and stays held."""
    return change.held == "git" and (change.kind != "deleted" or "/" not in change.path)


def _git_data(upper: int, lower: int) -> list[str]:
    """Every `.git` of the upper tree, the deepest first."""
    pair = Pair(upper, lower)
    found = []
    try:
        for visit in traverse(pair):
            if visit.phase == LEAVE or not holding.is_git(visit.name):
                continue
            if visit.phase == ENTER:
                visit.skip = True
            found.append(visit.path)
    finally:
        pair.close()
    return found[::-1]
