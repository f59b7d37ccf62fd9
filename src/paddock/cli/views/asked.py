"""`paddock apply --ignored`: what git ignores, taken over because a person asks for it by path.

It is copied to a change set of its own first, and then reviewed and applied as any other.
"""

from __future__ import annotations

import os
from contextlib import suppress

from paddock.errors import Usage, WorkspaceError
from paddock.workspace.discard import discard_all
from paddock.workspace.ignored import asking, layers
from paddock.workspace.selection import words_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from paddock.cli.outcome import Outcome
    from paddock.workspace.store import ChangeSetDirectory


def perform(options: argparse.Namespace, apply: Callable[[ChangeSetDirectory, argparse.Namespace], Outcome]) -> Outcome:
    """Gather, and apply all of that; nothing of it stays held that nobody has said yes to."""
    directory = _gathered(options)
    options.paths = []
    try:
        outcome = apply(directory, options)
    except BaseException:
        with suppress(WorkspaceError):  # gone with the last of its changes, before Ctrl-C was heard
            discard_all(directory)
        raise
    if options.dry_run:
        discard_all(directory)
    return outcome


def _gathered(options: argparse.Namespace) -> ChangeSetDirectory:
    if not options.paths:
        raise Usage("--ignored takes paths", next_step="paddock apply --ignored dist   or: paddock changes")
    repository = layers.repository_for(os.getcwd())
    if repository is None:
        raise WorkspaceError("no ignored files are kept here", next_step="paddock changes --all")
    return asking.gather(repository, words_in(repository, os.getcwd(), options.paths), name=options.name)
