"""Throwing away a part of a change set; the host is not touched."""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack

from paddock.errors import WorkspaceError
from paddock.workspace import journal, opaque, removal, shelf, store
from paddock.workspace.change_set import walk
from paddock.workspace.descent import split
from paddock.workspace.entries import ENTRY, LEAVE, Pair, Visit, traverse
from paddock.workspace.upper import Upper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.workspace.selection import Selection
    from paddock.workspace.shelf import ChangeSetDirectory


def discard_all(directory: ChangeSetDirectory) -> None:
    """Remove a change set. Raises SessionError while it is in use."""
    locked = store.lock(directory)
    try:
        lower = shelf.open_repository(locked)
    except WorkspaceError:
        pass  # there is no host side to put right
    else:
        upper = shelf.open_upper(locked)
        try:
            journal.recover(locked.lock, upper, lower)
        finally:
            os.close(upper)
            os.close(lower)
    shelf.discard(locked)


def discard_paths(directory: ChangeSetDirectory, selection: Selection) -> bool:
    """Remove the selected paths from a change set, and itself when nothing is left. Whether something is.

    Raises WorkspaceError for a path that is not in it, or is only part of a directory that was deleted whole.
    """
    with ExitStack() as cleanup:
        locked = cleanup.enter_context(store.held(directory))
        lower = shelf.open_repository(locked)
        cleanup.callback(os.close, lower)
        upper = shelf.open_upper(locked)
        cleanup.callback(os.close, upper)
        _demand(selection, upper, lower)
        journal.recover(locked.lock, upper, lower)
        notes = journal.Journal(locked.lock)
        place = Upper(upper, notes)
        try:
            opaque.expand_all(upper, lower, place.loosened.loosen)
            _take_out(place, selection, upper, lower)
        finally:
            place.loosened.restore()
            notes.finish()
        remaining = store.settle(locked, upper, lower)
        if not remaining:
            shelf.discard(store.same(locked))
        return remaining


def _demand(selection: Selection, upper: int, lower: int) -> None:
    """Refuse before anything is done: a deletion mark stands for a whole directory."""
    pair = Pair(upper, lower)
    try:
        marks = (visit for visit in traverse(pair) if visit.phase == ENTRY and visit.over_directory)
        whole = [visit.path for visit in marks if visit.path not in selection]
    finally:
        pair.close()
    for change in walk(upper, lower):
        if change.path in selection and change.kind == "deleted":
            part_of = next((path for path in whole if change.path.startswith(path + "/")), None)
            if part_of:
                raise WorkspaceError(
                    f"{change.path!a} cannot be discarded alone",
                    why=f"the sandbox deleted or replaced {part_of!a} as a whole",
                    next_step=f"paddock discard {part_of!a}",
                )
    selection.demand()


def _take_out(place: Upper, selection: Selection, upper: int, lower: int) -> None:
    pair = Pair(upper, lower)
    try:
        for visit in traverse(pair):
            if visit.path not in selection:
                continue
            if visit.phase == ENTRY:
                _take_entry(place, pair, visit)
            elif visit.phase == LEAVE and not place.remove_empty(pair.upper.fd, visit):
                _reset_mode(place, visit)
    finally:
        pair.close()


def _take_entry(place: Upper, pair: Pair, visit: Visit) -> None:
    directory = pair.upper.fd
    place.writing(split(visit.path)[0], lambda: removal.remove(directory, visit.name))


def _reset_mode(place: Upper, visit: Visit) -> None:
    """A directory that keeps other changes only loses its own mode."""
    if visit.lower is not None and stat.S_ISDIR(visit.lower.st_mode):
        place.loosened.owe(visit.path, visit.lower.st_mode & 0o7777)
