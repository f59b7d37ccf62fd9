"""What the commands about change sets share: which one is meant, which paths, and asking before a loss."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager

from paddock.cli.style import plain
from paddock.cli.views.answer import answer_to
from paddock.errors import Usage, WorkspaceError
from paddock.workspace import shelf, store
from paddock.workspace.selection import Selection, words_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence


def declare_name(parser: argparse.ArgumentParser) -> None:
    """`--name`, which all of them have."""
    parser.add_argument("--name", metavar="CHANGESET", help="a change set other than the one used last")


NOTHING = "no changes are held\n"


def chosen(name: str | None) -> store.ChangeSetDirectory | None:
    """The change set that is meant: the named one, or the current one of the repository around here.

    None where nothing is held and nothing was named. Raises WorkspaceError for a name that is not there.
    """
    repository = store.repository_for(os.getcwd())
    if repository is None:
        if name is None:
            return None
        raise WorkspaceError(f"no change set {name!r} here", why=NOTHING.strip(), next_step="paddock changes --all")
    found = store.find(repository, name) if name else store.current(repository)
    if found is None:  # held ones belong to a directory that was here before
        raise WorkspaceError(
            f"{plain(repository)} was replaced since its change sets were made", next_step="paddock changes --all"
        )
    store.recover(found)
    return found


def selected(directory: store.ChangeSetDirectory, paths: Sequence[str]) -> Selection:
    """The paths and patterns that a person typed, relative to where they are."""
    return Selection(words_in(directory.repository, os.getcwd(), paths))


@contextmanager
def trees(directory: store.ChangeSetDirectory) -> Iterator[tuple[int, int]]:
    """Descriptors of the upper directory and of the repository."""
    lower = shelf.open_repository(directory)
    try:
        upper = shelf.open_upper(directory)
        try:
            yield upper, lower
        finally:
            os.close(upper)
    finally:
        os.close(lower)


def confirm(question: str, *, required: bool) -> bool:
    """Ask on a terminal; elsewhere raise Usage where an answer is `required`, else take it for a yes."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        if required:
            raise Usage("there is nobody to ask", next_step="add --yes")
        return True
    return answer_to(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def size(count: int) -> str:
    """Bytes for people."""
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":  # noqa: PLR2004 - what KiB means
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def counted(number: int, thing: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
