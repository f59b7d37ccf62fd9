"""Taking a change set, or a part of it, into the repository.

Order: directories, files and links as the tree is sorted; then deletions, the deepest first. What was
written leaves the change set only after the host's file system has it on the disk. Killed at any point, a second
apply goes on: what the host has already is recognised and dropped. What is overwritten is kept for an undo (`past`).
"""

from __future__ import annotations

import os
from contextlib import ExitStack

from paddock.errors import WorkspaceError
from paddock.frozen import replace
from paddock.workspace import bases, journal, meta, shelf, store
from paddock.workspace.applying.deciding import Decider
from paddock.workspace.applying.engine import Applying
from paddock.workspace.applying.past import Past
from paddock.workspace.applying.wishes import Part, Problem, Report, Wishes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.workspace.shelf import ChangeSetDirectory

__all__ = ["Part", "Problem", "Report", "Wishes", "apply", "apply_held"]


def apply(directory: ChangeSetDirectory, wishes: Wishes) -> Report:
    """Apply a change set and remove it when nothing is left of it.

    Raises SessionError while it is in use, WorkspaceError when the repository is not there, when an undo was cut
    short, and when the disk is full or read-only: what was applied until then is, the rest stays held.
    """
    with store.held(directory) as locked:
        return apply_held(locked, wishes)


def apply_held(locked: ChangeSetDirectory, wishes: Wishes) -> Report:
    """The same for a change set that the caller holds; it is gone when nothing remains."""
    with ExitStack() as cleanup:
        lower = shelf.open_repository(locked)
        cleanup.callback(os.close, lower)
        upper = shelf.open_upper(locked)
        cleanup.callback(os.close, upper)
        trees = (upper, lower)
        about = meta.read(locked.lock)
        decider = Decider(wishes, bases.read(locked.lock, about.begun_ns), locked.lock, trees)
        notes = journal.Journal(locked.lock)
        if wishes.dry_run:
            applying = Applying(wishes, decider, locked.lock, trees, notes, None)
            applying.pretend()
            return applying.report(remaining=True)
        past = Past(locked.repository)
        cleanup.callback(past.close)
        refuse_half_undone(past)
        if wishes.undo:
            root = os.fstat(lower)
            where = {"device": root.st_dev, "inode": root.st_ino, "boot": meta.boot_id()}
            past.attend(replace(about, repository=locked.repository, **where), locked.name)
        else:
            past.forget()
        journal.recover(locked.lock, upper, lower)
        applying = Applying(wishes, decider, locked.lock, trees, notes, past if wishes.undo else None)
        applying.perform()
        remaining = store.settle(locked, upper, lower, applying.based)
        past.end()
        if not remaining:
            shelf.discard(store.same(locked))
        return applying.report(remaining=remaining)


def refuse_half_undone(past: Past) -> None:
    """An undo that was cut short comes first: it knows what is on the host and what is not."""
    if past.undoing:
        raise WorkspaceError(
            "an undo in this repository was cut short",
            why="some of it is done and some is not",
            next_step="paddock undo",
            code="undo-unfinished",
        )
