"""`paddock discard`: throw changes away."""

from __future__ import annotations

from paddock.cli.outcome import Outcome
from paddock.cli.style import plain
from paddock.cli.views import held
from paddock.errors import Usage
from paddock.workspace.discard import discard_all, discard_paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

SUMMARY = "throw held changes away"
DETAILS = """Removes a change set, or only some paths of it. The repository is not touched, and nothing can bring
the changes back.

  paddock discard                 all of it; asks first, needs --yes where nobody can be asked
  paddock discard src '*.log'     a directory, a pattern"""


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of `discard`."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="only these; a directory or a pattern means all in it")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    held.declare_name(parser)


def perform(options: argparse.Namespace) -> Outcome:
    """Ask, and discard."""
    directory = held.chosen(options.name)
    if directory is None:
        return Outcome(held.NOTHING, {"schema": 1, "name": None, "remaining": False})
    what = "the chosen part" if options.paths else "everything"
    if not options.yes:
        question = f"Discard {what} of {directory.name!r} for {plain(directory.repository)}? It cannot be undone."
        if not held.confirm(question, required=True):
            raise Usage("nothing was discarded", next_step="paddock diff", code="declined")
    remaining = False
    if options.paths:
        remaining = discard_paths(directory, held.selected(directory, options.paths))
    else:
        discard_all(directory)
    rest = f"the rest is held as {directory.name!r}\n" if remaining else ""
    data = {"schema": 1, "name": directory.name, "repository": directory.repository, "remaining": remaining}
    return Outcome(f"discarded {what} of {directory.name!r}\n{rest}", data)
