"""`paddock diff --open`: changed files in the person's own program for differences, $DIFFTOOL.

The program gets two files at a time, the host's and the sandbox's, and both are copies: read-only, alone in a directory
of ours, under names that mean nothing to any program. An editor that was given the overlay, or a copy of a directory,
would obey a `.vscode`, an `.exrc` or a `.dir-locals.el` that it finds beside the file.
"""

from __future__ import annotations

import os
import stat

from paddock import process, state
from paddock.cli.outcome import Outcome
from paddock.cli.style import plain
from paddock.cli.views import held, judged
from paddock.cli.views.paging import words
from paddock.errors import Usage
from paddock.workspace import content, removal, shelf
from paddock.workspace.change_set import walk
from paddock.workspace.content import open_file, open_upper_file
from paddock.workspace.descent import PLACE, open_beneath, split
from paddock.workspace.quoting import quoted
from paddock.workspace.renames import paired_if_few

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paddock.workspace.change import Change
    from paddock.workspace.selection import Selection
    from paddock.workspace.shelf import ChangeSetDirectory

MOST = 20
LARGEST_BYTES = 64 << 20
_LONGEST_NAME = 80


def perform(directory: ChangeSetDirectory, selection: Selection, *, hazards: bool) -> Outcome:
    """Show one after the other; each program is waited for."""
    program = _program()
    with held.trees(directory) as trees:
        changes = [change for change in _changes(directory, selection, trees, hazards=hazards) if _has_content(change)]
        selection.demand()
        if len(changes) > MOST:
            raise Usage(
                f"{len(changes)} files changed, too many to open one by one",
                why=f"{MOST} at most",
                next_step="paddock diff --open PATH",
            )
        left_out = [line for change in changes for line in _open(program, change, trees)]
    return Outcome("".join(f"{line}\n" for line in left_out) or ("" if changes else "no file to open\n"))


def _program() -> list[str]:
    command = os.environ.get("DIFFTOOL", "")
    if not command.strip():
        raise Usage(
            "DIFFTOOL is not set",
            why="it names the program that shows two files side by side",
            next_step="DIFFTOOL='vimdiff -R' paddock diff --open   or: meld, 'code --wait --diff', …",
        )
    found = words(command, os.environ)
    if found is None:
        raise Usage(f"DIFFTOOL names no program that is on your PATH: {command!a}", next_step="DIFFTOOL=vimdiff")
    return found


def _changes(
    directory: ChangeSetDirectory, selection: Selection, trees: tuple[int, int], *, hazards: bool
) -> Iterator[Change]:
    changes = (change for change in paired_if_few(walk(*trees), *trees) if change.path in selection)
    if not hazards:
        return changes
    return (change for change in judged.Judging(directory.repository)(*trees).judged(changes) if change.hazards)


def _has_content(change: Change) -> bool:
    """Whether there are two files to compare, one of which may be empty; a link counts as its target."""
    return change.type in ("file", "symlink") and change.kind != "mode" and change.held in ("", "link")


def _open(program: list[str], change: Change, trees: tuple[int, int]) -> Iterator[str]:
    """Give the program copies of both sides. What cannot be shown is said."""
    upper, lower = trees
    if max(change.old_size, change.new_size) > LARGEST_BYTES:
        yield f"too large to open: {plain(quoted(change.path))}, {held.size(max(change.old_size, change.new_size))}"
        return
    runtime = state.make_private(state.runtime_directory())
    place = f"{runtime}/open-{os.urandom(8).hex()}"
    os.mkdir(place, 0o700)
    try:
        old = f"{place}/host-{_neutral(change.source or change.path)}"
        new = f"{place}/sandbox-{_neutral(change.path)}"
        _copy(lower, change.source or change.path, change.old_mode, open_file, old)
        _copy(upper, change.path, change.new_mode, open_upper_file, new)
        status = process.attend([*program, old, new], environment=os.environ, cwd=place)
        if status < 0 or status > 1:  # 1 is how many of them say "different"
            yield f"{plain(program[0])} ended with {status}: {plain(quoted(change.path))}"
    except OSError as error:
        yield f"cannot be opened: {plain(quoted(change.path))}: {error.strerror}"
    finally:
        with shelf.opened(runtime) as parent:
            removal.remove(parent, os.path.basename(place))


def _neutral(path: str) -> str:
    """A name for a copy: the end of its own, for the program to know the language by, in plain characters."""
    name = split(path)[1]
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-+") else "_" for c in name)[-_LONGEST_NAME:]


def _copy(root: int, path: str, mode: int, opener: Callable[[int, str], int], target: str) -> None:
    """Copy one side; what is not there, or no file, is empty. Raises OSError."""
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400)
    try:
        if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
            return
        parent, name = split(path)
        place = open_beneath(root, parent, PLACE)
        try:
            if stat.S_ISLNK(mode):
                os.write(descriptor, b"-> " + os.fsencode(os.readlink(name, dir_fd=place)) + b"\n")
                return
            source = opener(place, name)
        finally:
            os.close(place)
        try:
            content.copy(source, descriptor)
        finally:
            os.close(source)
    finally:
        os.close(descriptor)
