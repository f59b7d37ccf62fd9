"""The interactive review of a held change set, for `paddock apply -p` and `paddock run --ask`."""

from __future__ import annotations

import os
from contextlib import ExitStack

from paddock.cli.views.asking import Terminal
from paddock.workspace import journal, shelf, store
from paddock.workspace.applying.apply import apply_held
from paddock.workspace.applying.review import Review

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.workspace.applying.wishes import Report, Wishes
    from paddock.workspace.shelf import ChangeSetDirectory


def perform(directory: ChangeSetDirectory, wishes: Wishes) -> Report:
    """Ask about each change that `wishes` select, and apply what was taken.

    The change set is held all the while: nobody changes what a person has just looked at. Raises Usage where there is
    no terminal, SessionError while the change set is in use, and what `apply` raises.
    """
    with store.held(directory) as locked:
        return perform_held(locked, wishes)


def perform_held(locked: ChangeSetDirectory, wishes: Wishes) -> Report:
    """The same for a change set that the caller holds."""
    asker = Terminal()
    with ExitStack() as cleanup:
        lower = shelf.open_repository(locked)
        cleanup.callback(os.close, lower)
        upper = shelf.open_upper(locked)
        cleanup.callback(os.close, upper)
        journal.recover(locked.lock, upper, lower)
        chosen = Review(wishes, locked.lock, (upper, lower), asker).choose()
        return apply_held(locked, chosen)
