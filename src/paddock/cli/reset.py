"""`paddock reset`: drop what is kept of ignored files."""

from __future__ import annotations

import os

from paddock.cli.outcome import Outcome
from paddock.cli.style import plain
from paddock.cli.views import held
from paddock.errors import SessionError, Usage
from paddock.workspace import shelf
from paddock.workspace.ignored import layers
from paddock.workspace.tally import weigh

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

SUMMARY = "drop the ignored files that are kept for this repository's sandboxes"
DETAILS = """What git ignores (node_modules, .venv, target, caches) is no part of a change set. It is kept apart, for
all sandboxes of the repository, so that nothing has to be installed twice. Reset drops it: the next sandbox sees
the repository's own ignored files again, and none besides. The repository and the held changes are not touched.

  paddock reset                   asks first; needs --yes where nobody can be asked
  paddock reset --dry-run         say how much it is
  paddock reset DIRECTORY         of another repository, which need not be there any more"""

_MOST = 1 << 18  # files that are counted


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of `reset`."""
    parser.add_argument("directory", nargs="?", metavar="DIRECTORY", help="the repository, if it is not around here")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--dry-run", action="store_true", help="say what would be dropped")


def perform(options: argparse.Namespace) -> Outcome:
    """Say how much there is, ask, and drop it."""
    repository = layers.repository_for(os.path.abspath(options.directory or os.getcwd()))
    if repository is None:
        return Outcome("no ignored files are kept\n", {"schema": 1, "repository": None, "dropped": False})
    home = shelf.ignored_home_of(repository)
    weight = weigh([f"{home}/{name}" for name in layers.names_in(home)], _MOST)
    amount = f"{held.counted(weight.files, 'file')}, {held.size(weight.size_bytes)}"
    amount = amount if weight.complete else f"more than {amount}"
    data = {
        "schema": 1,
        "repository": repository,
        "files": weight.files,
        "size_bytes": weight.size_bytes,
        "complete": weight.complete,
        "dropped": not options.dry_run,
    }
    if options.dry_run:
        return Outcome(f"would drop the ignored files kept for {plain(repository)} ({amount})\n", data)
    if not options.yes:
        question = f"Drop the ignored files kept for {plain(repository)} ({amount})? It cannot be undone."
        if not held.confirm(question, required=True):
            raise Usage("nothing was dropped", next_step="paddock reset --dry-run", code="declined")
    if not layers.drop(home):
        raise SessionError(
            "the ignored files are in use",
            why="a sandbox of this repository has them mounted",
            next_step="wait for its end, or find it with `paddock ps` and end it with `paddock kill`",
            code="in-use",
        )
    return Outcome(f"dropped the ignored files kept for {plain(repository)} ({amount})\n", data)
