"""Who gets which path: the review what counts, the repository's layers what git ignores, nobody what is in the way.

At the end of a session the ignored paths leave its upper directory. Those in directories that the host has go to
a layer that every later sandbox of the repository sees; those in directories that only this change set has stay
with it (`parking`). When the host's rules have changed, what they ignore no longer comes back for review at the next
start, unless the host has a file of its own there: that one counts.

Everything moves by renames, each of which leaves what a sandbox would see as it is. Killed anywhere, the next
session's start goes on.
"""

from __future__ import annotations

import os
from contextlib import ExitStack

from paddock.errors import WorkspaceError
from paddock.workspace import shelf
from paddock.workspace.descent import stat_in
from paddock.workspace.ignored import layers, parking, watch
from paddock.workspace.ignored.finding import Search
from paddock.workspace.ignored.moving import merge, move_over, move_under, see_through
from paddock.workspace.ignored.rules import under_git
from paddock.workspace.ignored.tree import Tree, is_opaque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.workspace.ignored.finding import Entry
    from paddock.workspace.ignored.layers import Hold
    from paddock.workspace.shelf import ChangeSetDirectory

PENDING = "pending"  # in a change set: on its way to the repository's layers


def put_aside(directory: ChangeSetDirectory) -> tuple[str, ...]:
    """Take what git ignores out of a change set that we hold, and whose sandbox has ended; the topmost paths of it.

    Without git, or where git refuses, everything stays in the change set; so does what cannot be moved.
    """
    aside: tuple[str, ...] = ()
    if under_git(directory.repository):
        try:
            with ExitStack() as cleanup:
                aside = _Sorting(directory, cleanup).sort_upper()
        except (OSError, WorkspaceError):
            pass  # a full disk, say: every step left things whole
    if directory.ignored:
        directory.ignored.let_go()
    compact(shelf.ignored_home_of(directory.repository))
    return aside


def bring_back(directory: ChangeSetDirectory) -> None:
    """At the start of a session: what only this change set sees is in its upper directory again."""
    with ExitStack() as cleanup:
        _Sorting(directory, cleanup)


def hold(repository: str, root: os.stat_result) -> Hold | None:
    """The layers for a start after the host's rules have changed; None where something in them is ignored no longer.

    Looks only, so that others may have them mounted.
    """
    held = layers.hold(repository, root)
    if held is None or (under_git(repository) and _is_sound(held, repository)):
        return held
    held.close()
    return None


def refresh(directory: ChangeSetDirectory, root: os.stat_result) -> Hold | None:
    """As `hold`; but what is ignored no longer is taken to the change set, unless others have the layers mounted."""
    held = hold(directory.repository, root)
    if held or not under_git(directory.repository):
        return held
    home = shelf.ignored_home_of(directory.repository)
    compact(home)
    mine = layers.alone(home, layers.names_in(home))
    if mine is None:
        return None
    try:
        with ExitStack() as cleanup:
            sorting = _Sorting(directory, cleanup)
            for lock in mine.locks:
                sorting.sort_shared(lock)
    finally:
        mine.close()
    return hold(directory.repository, root)


def compact(home: str) -> None:
    """Merge neighbouring layers that nobody has mounted."""
    top: Hold | None = None
    for name in layers.names_in(home):
        below = layers.alone(home, (name,))
        if top and below:
            _merge(top.locks[0], below.locks[0])
            layers.bury(home, top.names[0])
        if top:
            top.close()
        top = below
    if top:
        top.close()


def _merge(top: int, bottom: int) -> None:
    above, below = Tree(top), Tree(bottom)
    try:
        merge(above, below)
    finally:
        above.close()
        below.close()


def _is_sound(held: Hold, repository: str) -> bool:
    """Whether all that the layers hold is ignored by the host as it is now; if so, that is noted for the next start."""
    lower = os.open(repository, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    sources: dict[str, str] = {}
    try:
        for lock in held.locks:
            search = Search(lock, lower, repository, watching=True)
            if any(_is_lost(entry, lock) for entry in search.entries()) or search.refused:
                return False
            sources.update(search.sources)
    finally:
        os.close(lower)
    watch.write(held.home, sources)
    return True


def _is_lost(entry: Entry, layer: int) -> bool:
    if entry.ignored or entry.unknown:
        return not entry.over_host
    return not (entry.is_directory and entry.over_directory) or is_opaque(layer, entry.path)


class _Sorting:
    """One change set and its repository, while paths go where they belong; it holds both until `cleanup`."""

    def __init__(self, directory: ChangeSetDirectory, cleanup: ExitStack) -> None:
        self._directory = directory
        self._cleanup = cleanup
        self._lower = shelf.open_repository(directory)
        cleanup.callback(os.close, self._lower)
        self._upper = self._tree(shelf.open_upper(directory))
        parking.unpark(directory.lock, self._upper, self._lower)

    def _tree(self, descriptor: int) -> Tree:
        self._cleanup.callback(os.close, descriptor)
        tree = Tree(descriptor)
        self._cleanup.callback(tree.close)
        return tree

    def sort_upper(self) -> tuple[str, ...]:
        """Take what is ignored out of the upper directory; which paths that is."""
        search = Search(self._upper.root, self._lower, self._directory.repository)
        found = [entry for entry in search.entries() if entry.ignored]
        shared = [entry.path for entry in found if entry.over_host]
        if shared or stat_in(self._directory.lock, PENDING):
            self._publish(shared)
        parking.park(self._directory.lock, self._upper, [entry.path for entry in found if not entry.over_host])
        return tuple(entry.path + "/" * entry.is_directory for entry in found if not entry.is_whiteout)

    def _publish(self, paths: list[str]) -> None:
        """Move paths to a new layer; what a killed Paddock had moved already comes with them."""
        shelf.make_part(self._directory.lock, PENDING, os.fstat(self._lower))
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        pending = self._tree(os.open(PENDING, flags, dir_fd=self._directory.lock))
        beneath = [self._lower, pending.root]
        if held := layers.hold(self._directory.repository, os.fstat(self._lower)):
            self._cleanup.callback(held.close)
            beneath += held.locks
        for path in paths:
            see_through(self._upper, path, beneath)
            move_over(self._upper, pending, path, self._lower)
        pending.close()
        layers.publish(self._directory.repository, os.fstat(self._lower), f"{self._directory.path}/{PENDING}")

    def sort_shared(self, layer: int) -> None:
        """See what of one of the repository's layers, held alone, is ignored no longer or has lost its place."""
        shared = self._tree(os.dup(layer))
        found = list(Search(shared.root, self._lower, self._directory.repository).entries())
        for entry in found:
            if not entry.over_host or (entry.is_whiteout and entry.host is None):
                shared.remove(entry.path)  # its directory is gone; or the mark would hide what comes there one day
            elif not entry.ignored and not entry.unknown:
                self._return(shared, entry)
        for entry in reversed(found):
            if entry.is_directory and not entry.ignored and not entry.unknown:
                shared.remove_if_empty(entry.path)

    def _return(self, shared: Tree, entry: Entry) -> None:
        if entry.is_directory and entry.over_directory:
            shared.set_opaque(entry.path, opaque=False)
        elif entry.host is None:
            move_under(shared, self._upper, entry.path, self._lower)
        else:
            shared.remove(entry.path)
