"""`paddock undo`: take the last apply back."""

from __future__ import annotations

import os

from paddock.cli.outcome import Outcome
from paddock.cli.style import plain
from paddock.cli.views import applied, held
from paddock.errors import Usage
from paddock.frozen import as_data
from paddock.workspace.applying import past, undo

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

SUMMARY = "take the last apply in this repository back"
DETAILS = """The repository gets back what it had before the last apply, and the changes are held again, so that they
can be applied another time. What you changed since then stays as it is, is named, and is not held again.

What an apply overwrites is kept until the next apply in the same repository. On one file system that takes no
room but that of what was deleted; --forget gives it up, and apply --no-undo keeps nothing.

  paddock undo                    asks first on a terminal
  paddock undo --forget           remove what is kept

Killed half-way, the next undo goes on. exit status: 0 all is as before; 1 something was changed since"""


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of `undo`."""
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--forget", action="store_true", help="undo nothing; remove what is kept for it")


def perform(options: argparse.Namespace) -> Outcome:
    """Ask, undo and tell."""
    repository = past.repository_for(os.getcwd())
    if repository is None:
        raise undo.nothing_to_undo()
    shown = plain(repository)
    verb = "Forget" if options.forget else "Undo"
    if not options.yes and not held.confirm(f"{verb} the last apply to {shown}?", required=options.forget):
        raise Usage("nothing was done", code="declined")
    if options.forget:
        undo.forget(repository)
        return Outcome("it cannot be undone any more\n", {"schema": 1, "repository": repository, "forgotten": True})
    undone = undo.undo(repository)
    lines = list(applied.problem_lines(undone.problems))
    lines.append(f"{held.counted(len(undone.paths), 'change')} undone")
    if undone.name:
        lines.append(f"held again as {undone.name!r}: paddock diff, paddock apply")
        if os.path.exists(f"{repository}/.git/refs/heads/paddock/{undone.name}"):
            lines.append(f"its branch stays, since it may have gone on: git branch -D paddock/{undone.name}")
    if undone.problems:
        lines.append("what you changed stays; put it back as it was applied, and undo again takes it back too")
    data = {
        "schema": 1,
        "name": undone.name or None,
        "repository": repository,
        "undone": list(undone.paths),
        "problems": [as_data(problem) for problem in undone.problems],
    }
    return Outcome("".join(f"{line}\n" for line in lines), data, applied.NOT_ALL if undone.problems else 0)
