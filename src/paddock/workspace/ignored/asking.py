"""Ignored files that a person asks for by path: copied to a change set of their own, to be reviewed as any other.

Nothing of a layer reaches the host in another way. A copy, because sandboxes write in a change set's files and
nobody writes in a layer's.
"""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack

from paddock.errors import WorkspaceError
from paddock.workspace import content, holding, removal, shelf, store
from paddock.workspace.descent import below, split, stat_in
from paddock.workspace.entries import is_whiteout
from paddock.workspace.ignored import layers
from paddock.workspace.ignored.tree import DIRECTORY, NOTHING, OPAQUE, OTHER, Tree, prefixes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from paddock.workspace.shelf import ChangeSetDirectory


def gather(repository: str, paths: Sequence[str], *, name: str | None = None) -> ChangeSetDirectory:
    """A new change set that holds what is ignored at these paths, as sandboxes see it; deletions are in it too.

    `paths` are relative to the repository. Raises WorkspaceError where nothing is kept there, SessionError for a
    name that is taken.
    """
    held = layers.hold(repository, os.stat(repository))
    if held is None:
        raise WorkspaceError(f"no ignored files are kept for {repository!a}", next_step="paddock changes")
    with ExitStack() as cleanup:
        cleanup.callback(held.close)
        stack = [Tree(lock) for lock in held.locks]
        for tree in stack:
            cleanup.callback(tree.close)
        wanted = [(path, *_showing(stack, path)) for path in paths]
        directory = store.claim(repository, name=name, fresh=True, sandbox=False)
        cleanup.callback(store.release, directory)
        upper, lower = cleanup.enter_context(shelf.both(directory))
        target = Tree(upper)
        cleanup.callback(target.close)
        for path, showing, hides in wanted:
            os.close(target.make(split(path)[0], lower, *(layer.root for layer in showing)))
            for layer in reversed(showing):
                _lay(layer, target, path)
            if hides and target.kind(path) == DIRECTORY:
                target.set_opaque(path)
    return shelf.find(repository, directory.name)


def _showing(stack: Sequence[Tree], path: str) -> tuple[list[Tree], bool]:
    """The layers whose word counts at a path, from the top; and whether they hide what the repository has there."""
    found: list[Tree] = []
    hides = False
    for layer in stack:
        kinds = [layer.kind(above) for above in prefixes(path)] if _is_plain(path) else [NOTHING]
        if NOTHING not in kinds:
            found.append(layer)
        hides = OPAQUE in kinds or OTHER in kinds
        if hides:
            break
    if found:
        return found, hides
    raise WorkspaceError(
        f"no ignored file is kept at {path!a}",
        why="only what git ignores and a sandbox has left is kept",
        next_step="paddock changes",
        code="not-ignored",
    )


def _is_plain(path: str) -> bool:
    """Whether it is relative and leads nowhere but down."""
    return not {"", ".", ".."} & set(path.split("/"))


def _lay(layer: Tree, target: Tree, path: str) -> None:
    """Copy a path over what the layers below have made of it so far."""
    waiting = [path]
    while waiting:
        path = waiting.pop()
        parent, name = split(path)
        source, there = layer.open(parent), target.open(parent)
        try:
            found = os.stat(name, dir_fd=source, follow_symlinks=False)
            if not stat.S_ISDIR(found.st_mode):
                removal.remove(there, name)
                _copy_leaf(source, there, name, found)
            elif len(os.fsencode(path)) <= holding.LONGEST_PATH:  # a longer one no program can open
                waiting += [below(path, entry) for entry in _copy_directory(layer, target, there, path, found)]
        finally:
            os.close(source)
            os.close(there)


def _copy_directory(layer: Tree, target: Tree, there: int, path: str, found: os.stat_result) -> list[str]:
    """The directory itself; the names in it."""
    _, name = split(path)
    opaque = layer.kind(path) == OPAQUE
    if opaque or target.kind(path) == OTHER:
        opaque = opaque or stat_in(there, name) is not None  # what replaces a mark hides as that did
        removal.remove(there, name)
    if stat_in(there, name) is None:
        os.mkdir(name, 0o700, dir_fd=there)
    _finish(there, name, found, found.st_mode & 0o1777 | 0o700)
    if opaque:
        target.set_opaque(path)
    inner = layer.open(path)
    try:
        return os.listdir(inner)
    finally:
        os.close(inner)


def _copy_leaf(source: int, target: int, name: str, found: os.stat_result) -> None:
    if stat.S_ISLNK(found.st_mode):
        os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=target)
    elif is_whiteout(found):
        os.mknod(name, stat.S_IFCHR, os.makedev(0, 0), dir_fd=target)
    elif stat.S_ISREG(found.st_mode):
        original = content.open_upper_file(source, name)
        copied = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=target)
        try:
            content.copy(original, copied)
            os.utime(copied, ns=(found.st_atime_ns, found.st_mtime_ns))
        finally:
            os.close(original)
            os.close(copied)
        _finish(target, name, found, stat.S_IMODE(found.st_mode))


def _finish(directory: int, name: str, found: os.stat_result, mode: int) -> None:
    if os.geteuid() == 0:
        os.chown(name, found.st_uid, found.st_gid, dir_fd=directory, follow_symlinks=False)
    os.chmod(name, mode, dir_fd=directory)
