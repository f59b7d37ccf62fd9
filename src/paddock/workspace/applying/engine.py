"""One apply on its way: change by change to the host, in batches out of the change set."""

from __future__ import annotations

import errno
import os
import stat

from paddock.errors import WorkspaceError
from paddock.frozen import replace
from paddock.kernel import files
from paddock.workspace import base_copies, content, opaque
from paddock.workspace.applying import verdicts
from paddock.workspace.applying.deeds import state_of
from paddock.workspace.applying.keeper import Nobody
from paddock.workspace.applying.wishes import Problem, Report
from paddock.workspace.bases import LARGEST_BYTES, Base, parsed
from paddock.workspace.change_set import walk
from paddock.workspace.content import open_upper_file
from paddock.workspace.deletions import beneath
from paddock.workspace.descent import PLACE, open_beneath, split
from paddock.workspace.host import Host
from paddock.workspace.steps import Intervened
from paddock.workspace.upper import Upper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.workspace.applying.deciding import Decider, Decision
    from paddock.workspace.applying.past import Past
    from paddock.workspace.applying.wishes import Part, Wishes
    from paddock.workspace.change import Change
    from paddock.workspace.journal import Journal

BATCH = 4096  # entries between two syncs
_FATAL = frozenset([errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE])
_NO_PLACE = frozenset([errno.ENOTDIR, errno.ELOOP, errno.EXDEV])


class Applying:
    """Walks over the change set twice: first what is made or written, then what is deleted."""

    def __init__(
        self,
        wishes: Wishes,
        decider: Decider,
        directory: int,
        trees: tuple[int, int],
        notes: Journal,
        past: Past | None,
    ) -> None:
        """`directory` is the change set's, `trees` are its upper and the host's; without `past` nothing is kept."""
        self.based: dict[str, str] = {}  # what entries that stay, and of which the host has a part now, are based on
        self._wishes = wishes
        self._decider = decider
        self._trees = trees
        self._journal = notes
        self._past = past
        self._host = Host(trees[1], trees[0], notes, past or Nobody())
        self._upper = Upper(trees[0], notes, past or Nobody())
        self._copies = base_copies.Copies(directory)
        self._blocked: Problem | None = None  # a directory that could not be made; what is in it waits too
        self._full: set[str] = set()  # directories that cannot go, since something in them is a hazard
        self._applied: list[str] = []
        self._merged: list[str] = []
        self._problems: list[Problem] = []
        self._done: list[tuple[str, int]] = []  # on the host, and to leave the change set with the next sync

    def report(self, *, remaining: bool) -> Report:
        """What was done so far."""
        return Report(tuple(self._applied), tuple(self._problems), remaining, tuple(self._merged))

    def pretend(self) -> None:
        """Judge everything, write nothing."""
        for change in walk(*self._trees):
            if self._is_free(change):
                decision = self._decider.decide(change, self._host.look(change.path))
                if decision.problem:
                    self._problem(change, decision.problem)
                else:
                    self._count(change, decision)
        self._host.close()

    def perform(self) -> None:
        """Raises WorkspaceError when it could not go on; what was applied until then is."""
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
            if self._past:
                self._past.sync()
            for path, number in self._done:
                self._upper.drop(path, number)
            self._done.clear()

    def _one(self, change: Change) -> None:
        if change.kind == "same":
            if change.type != "directory" and change.path in self._wishes.selection:
                self._done.append((change.path, self._note_same(change)))
            return
        if not self._is_free(change):
            return
        try:
            self._do(change)
        except Intervened:
            self._problem(change, Problem(change.path, "conflict", verdicts.CHANGED))
        except OSError as error:
            self._failed(change, error)
        if len(self._done) >= BATCH:
            self._flush()

    def _do(self, change: Change) -> None:
        found = self._host.look(change.path)
        decision = self._decider.decide(change, found)
        if decision.problem:
            self._problem(change, decision.problem)
            return
        number = self._write(change, found, decision)
        self._count(change, decision)
        if self._past and decision.base:  # an undo brings the conflict back, with all its sides
            self._copies.hand_over(parsed(decision.base).digest, self._past.unit, f"o{number}")
        if decision.part is None or decision.part.complete:
            self._done.append((change.path, number))

    def _count(self, change: Change, decision: Decision) -> None:
        self._applied.append(change.path)
        if decision.part and decision.part.doubtful:
            self._merged.append(change.path)

    def _note_same(self, change: Change) -> int:
        """What says nothing new goes too; a killed apply may have made it so, and then an undo wants it back."""
        if not (self._past and self._past.is_begun):
            return 0
        found = state_of(self._host.look(change.path))
        return self._past.note(change.path, found, found)

    def _is_free(self, change: Change) -> bool:
        """Whether a change is wanted and its directory could be made."""
        if self._blocked and change.path.startswith(self._blocked.path + "/"):
            if change.path in self._wishes.selection:
                self._problems.append(_waiting(change, self._blocked))
            return False
        if change.path in self._wishes.selection:
            return change.kind != "deleted" or not self._is_full(change)
        if change.vanished and not self._decider.forced(change.path):
            # Not wanted itself, but there is no directory for what is in it either.
            self._blocked = Problem(change.path, "conflict", verdicts.VANISHED)
        return False

    def _is_full(self, change: Change) -> bool:
        """Whether a directory must stay for what stays in it."""
        if change.path not in self._full:
            return False
        self._problem(change, Problem(change.path, "hazard", verdicts.HOLDS_HAZARD))
        return True

    def _write(self, change: Change, found: os.stat_result | None, decision: Decision) -> int:
        """Gives the number of the deed."""
        if decision.part:
            return self._write_part(change, found, decision.part, decision.base)
        if change.kind == "deleted":
            return 0 if found is None else self._host.remove(change.path, found, base=decision.base)
        if change.type == "directory":
            return self._write_directory(change, found, decision.base)
        if change.kind == "mode" and found is not None and found.st_nlink == 1:
            return self._host.set_mode(change, found, base=decision.base)
        if found is not None and stat.S_ISDIR(found.st_mode):
            self._empty(change.path)
            found = self._host.look(change.path)
        return self._write_leaf(change, found, decision.base)

    def _write_directory(self, change: Change, found: os.stat_result | None, base: str) -> int:
        if found is not None and stat.S_ISDIR(found.st_mode):
            return self._host.set_mode(change, found, base=base)
        return self._host.put_directory(change.path, change.mode, found, base=base)

    def _empty(self, path: str) -> None:
        """Remove what is in a directory that a file or link replaces, one by one, so that each can be brought back."""
        parent, name = split(path)
        place = open_beneath(self._trees[1], parent, PLACE)
        try:
            for removal in beneath(place, name, path):
                found = self._host.look(removal.path)
                if found is not None:
                    self._host.remove(removal.path, found)
        finally:
            os.close(place)

    def _write_leaf(self, change: Change, found: os.stat_result | None, base: str) -> int:
        parent, name = split(change.path)
        place = open_beneath(self._trees[0], parent, PLACE)
        try:
            if change.type == "symlink":
                return self._host.put_link(change, os.readlink(name, dir_fd=place), found, base=base)
            source = open_upper_file(place, name)
            try:
                return self._host.put_file(change, source, found, base=base)
            finally:
                os.close(source)
        finally:
            os.close(place)

    def _write_part(self, change: Change, found: os.stat_result | None, part: Part, base: str) -> int:
        """Write a content that was put together. What stays in the change set is based on it from now on."""
        source = os.memfd_create("part", os.MFD_CLOEXEC)
        try:
            with open(source, "wb", closefd=False) as file:
                file.write(part.content)
            digest = content.fingerprint(source, LARGEST_BYTES)
            written = replace(change, new_mode=stat.S_IFREG | part.mode)
            number = self._host.put_file(written, source, found, base=base, digest=digest)
            if not part.complete:
                self.based[change.path] = Base(0, written.new_mode, digest).text()
                self._copies.keep(source, digest)
            return number
        finally:
            os.close(source)

    def _problem(self, change: Change, problem: Problem) -> None:
        self._problems.append(problem)
        if change.kind == "deleted":
            if problem.kind == "hazard":
                self._full.add(split(change.path)[0])
        elif change.type == "directory":
            self._blocked = problem

    def _failed(self, change: Change, error: OSError) -> None:
        if error.errno in _FATAL:
            raise error
        if error.errno in _NO_PLACE:
            self._problem(change, Problem(change.path, "conflict", verdicts.NO_PLACE))
        elif error.errno == errno.ENOTEMPTY:
            self._problem(change, Problem(change.path, "conflict", verdicts.NOT_EMPTY))
        else:
            self._problem(change, Problem(change.path, "failed", error.strerror or str(error)))

    def _stopped(self, error: OSError) -> WorkspaceError:
        return WorkspaceError(
            "apply could not go on",
            why=f"{error.strerror or error}; {len(self._applied)} applied, the rest is still held",
            next_step="make room (or make it writable), then: paddock apply",
            code="apply-stopped",
        )


def _waiting(change: Change, blocked: Problem) -> Problem:
    """What is to be in a directory that could not be made."""
    if blocked.kind == "hazard":
        return Problem(change.path, "hazard", verdicts.IN_HAZARD, blocked.hazards)
    return Problem(change.path, "conflict", verdicts.NO_PLACE)
