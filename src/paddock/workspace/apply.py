"""Taking a change set, or a part of it, into the repository.

Order: directories, files and links as the tree is sorted; then deletions, the deepest first. What was
written leaves the change set only after the host's file system has it on the disk. Killed at any point, a second
apply goes on: what the host has already is recognised and dropped.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import ExitStack

from paddock.errors import WorkspaceError
from paddock.frozen import frozen
from paddock.kernel import files
from paddock.workspace import bases, journal, meta, opaque, shelf, store, verdicts
from paddock.workspace.change_set import walk
from paddock.workspace.content import open_upper_file
from paddock.workspace.descent import PLACE, open_beneath, split
from paddock.workspace.host import Host, Intervened
from paddock.workspace.upper import Upper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.workspace.change import Change
    from paddock.workspace.selection import Selection
    from paddock.workspace.shelf import ChangeSetDirectory

BATCH = 4096  # entries between two syncs
_FATAL = frozenset([errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE])
_NO_PLACE = frozenset([errno.ENOTDIR, errno.ELOOP, errno.EXDEV])


@frozen
class Problem:
    """A path that was not applied, and why. `kind` is held, conflict or failed."""

    path: str
    kind: str
    reason: str


@frozen
class Report:
    """What an apply did. `remaining`: the change set still holds something."""

    applied: tuple[str, ...]
    problems: tuple[Problem, ...]
    remaining: bool

    def of(self, kind: str) -> tuple[Problem, ...]:
        """The problems of one kind."""
        return tuple(problem for problem in self.problems if problem.kind == kind)


@frozen
class Wishes:
    """What to apply: the selected paths, conflicts overridden for `force`; `links` that lead out are taken too."""

    selection: Selection
    force: Selection | None = None
    links: bool = False
    dry_run: bool = False


def apply(directory: ChangeSetDirectory, wishes: Wishes) -> Report:
    """Apply a change set and remove it when nothing is left of it.

    Raises SessionError while it is in use, WorkspaceError when the repository is not there, and when the
    disk is full or read-only: what was applied until then is, the rest stays held.
    """
    with ExitStack() as cleanup:
        locked = cleanup.enter_context(store.held(directory))
        lower = shelf.open_repository(locked)
        cleanup.callback(os.close, lower)
        upper = shelf.open_upper(locked)
        cleanup.callback(os.close, upper)
        since = bases.read(locked.lock, meta.read(locked.lock).begun_ns)
        applying = _Applying(wishes, since, upper, lower, journal.Journal(locked.lock))
        if wishes.dry_run:
            applying.pretend()
            return applying.report(remaining=True)
        journal.recover(locked.lock, upper, lower)
        applying.perform()
        remaining = store.settle(locked, upper, lower)
        if not remaining:
            shelf.discard(store.same(locked))
        return applying.report(remaining=remaining)


class _Applying:
    """One apply on its way."""

    def __init__(self, wishes: Wishes, since: bases.Bases, upper: int, lower: int, notes: journal.Journal) -> None:
        self._wishes = wishes
        self._since = since
        self._trees = (upper, lower)
        self._journal = notes
        self._host = Host(lower, upper, notes)
        self._upper = Upper(upper, notes)
        self._blocked = ""  # a directory that could not be made; what is in it waits too
        self._applied: list[str] = []
        self._problems: list[Problem] = []
        self._done: list[str] = []  # on the host, and to leave the change set with the next sync

    def report(self, *, remaining: bool) -> Report:
        return Report(tuple(self._applied), tuple(self._problems), remaining)

    def pretend(self) -> None:
        """Judge everything, write nothing."""
        for change in walk(*self._trees):
            if self._is_free(change) and self._may(change, self._host.look(change.path)):
                self._applied.append(change.path)
        self._host.close()

    def perform(self) -> None:
        try:
            opaque.expand_all(*self._trees, self._upper.loosened.loosen)
            for change in walk(*self._trees, unchanged=True):
                if change.kind != "deleted":
                    self._one(change)
            for change in walk(*self._trees):
                if change.kind == "deleted":
                    self._one(change)
        except OSError as error:
            raise self._stopped(error) from error
        finally:
            self._settle()

    def _settle(self) -> None:
        """Leave both trees consistent, whatever happened."""
        self._flush()
        self._upper.prune(self._trees[1], self._host.loosened)
        self._upper.loosened.restore()
        self._host.loosened.restore()
        self._host.close()
        self._journal.finish()

    def _flush(self) -> None:
        if self._done:
            files.sync_file_system(self._trees[1])
            for path in self._done:
                self._upper.drop(path)
            self._done.clear()

    def _one(self, change: Change) -> None:
        if change.kind == "same":
            if change.type != "directory" and change.path in self._wishes.selection:
                self._done.append(change.path)
            return
        if not self._is_free(change):
            return
        try:
            found = self._host.look(change.path)
            if not self._may(change, found):
                return
            self._write(change, found)
        except Intervened:
            self._problem(change, "conflict", verdicts.CHANGED)
        except OSError as error:
            self._failed(change, error)
        else:
            self._applied.append(change.path)
            self._done.append(change.path)
            if len(self._done) >= BATCH:
                self._flush()

    def _is_free(self, change: Change) -> bool:
        """Whether a change is wanted and its directory could be made."""
        if self._blocked and change.path.startswith(self._blocked + "/"):
            if change.path in self._wishes.selection:
                self._problem(change, "conflict", verdicts.NO_PLACE, block=False)
            return False
        if change.path in self._wishes.selection:
            return True
        if change.vanished and not self._forced(change):
            self._blocked = change.path  # not wanted itself, but no directory for what is in it either
        return False

    def _forced(self, change: Change) -> bool:
        return self._wishes.force is not None and change.path in self._wishes.force

    def _may(self, change: Change, found: os.stat_result | None) -> bool:
        held = verdicts.held(change, links=self._wishes.links)
        doubt = "" if self._forced(change) else verdicts.conflict(change, found, self._since.since_ns(change.path))
        if not held and not doubt and change.kind == "replaced" and found and stat.S_ISDIR(found.st_mode):
            since = (1 << 63) if self._forced(change) else self._since.since_ns(change.path)
            held, doubt = verdicts.inside(self._trees[1], change, since)
        if held:
            self._problem(change, "held", held)
        elif doubt:
            self._problem(change, "conflict", doubt)
        return not held and not doubt

    def _write(self, change: Change, found: os.stat_result | None) -> None:
        if change.kind == "deleted":
            if found is not None:
                self._host.remove(change.path, found)
        elif change.type == "directory":
            self._write_directory(change, found)
        elif change.kind == "mode" and found is not None and found.st_nlink == 1:
            self._host.set_mode(change, found)
        else:
            self._write_leaf(change, found)

    def _write_directory(self, change: Change, found: os.stat_result | None) -> None:
        if found is not None and stat.S_ISDIR(found.st_mode):
            self._host.set_mode(change, found)
        else:
            self._host.put_directory(change.path, change.mode, found)

    def _write_leaf(self, change: Change, found: os.stat_result | None) -> None:
        parent, name = split(change.path)
        place = open_beneath(self._trees[0], parent, PLACE)
        try:
            if change.type == "symlink":
                self._host.put_link(change, os.readlink(name, dir_fd=place), found)
                return
            source = open_upper_file(place, name)
            try:
                self._host.put_file(change, source, found)
            finally:
                os.close(source)
        finally:
            os.close(place)

    def _problem(self, change: Change, kind: str, reason: str, *, block: bool = True) -> None:
        self._problems.append(Problem(change.path, kind, reason))
        if block and change.kind != "deleted" and change.type == "directory":
            self._blocked = change.path

    def _failed(self, change: Change, error: OSError) -> None:
        if error.errno in _FATAL:
            raise error
        if error.errno in _NO_PLACE:
            self._problem(change, "conflict", verdicts.NO_PLACE)
        elif error.errno == errno.ENOTEMPTY:
            self._problem(change, "conflict", verdicts.NOT_EMPTY)
        else:
            self._problem(change, "failed", error.strerror or str(error))

    def _stopped(self, error: OSError) -> WorkspaceError:
        return WorkspaceError(
            "apply could not go on",
            why=f"{error.strerror or error}; {len(self._applied)} applied, the rest is still held",
            next_step="make room (or make it writable), then: paddock apply",
            code="apply-stopped",
        )
