"""Taking the last apply back: the host has what it had before, and the change set holds the changes again.

The last deed goes first. Each is looked at before it is taken back: where the host has something else by now, that
stays, and so does the deed. Killed at any point, a second undo goes on, and until then no other apply begins. The
change set is the one that was applied from, made anew under its name if it is gone.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import ExitStack

from paddock.errors import WorkspaceError
from paddock.frozen import frozen, replace
from paddock.kernel import files
from paddock.workspace import base_copies, bases, journal, meta, naming, shelf, store
from paddock.workspace.applying import deeds, verdicts
from paddock.workspace.applying import past as pasts
from paddock.workspace.applying.deeds import DID, UNDONE, VOID
from paddock.workspace.applying.past import Past
from paddock.workspace.applying.reverting import Conflicting, Reverting
from paddock.workspace.applying.wishes import Problem
from paddock.workspace.bases import Base
from paddock.workspace.descent import PLACE, open_beneath, split
from paddock.workspace.host import Host
from paddock.workspace.steps import Intervened
from paddock.workspace.upper import Upper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.workspace.applying.deeds import Deed
    from paddock.workspace.shelf import ChangeSetDirectory

_FATAL = frozenset([errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE])
_ANY_TIME, _NO_LIMIT = 1 << 62, 1 << 62
CHANGED = "the host's was changed since the apply"


@frozen
class Undone:
    """What an undo did. `name` is the change set that holds the changes again; "" where nothing is held."""

    paths: tuple[str, ...]
    problems: tuple[Problem, ...]
    name: str


def undo(repository: str) -> Undone:
    """Take the last apply in a repository back.

    Raises WorkspaceError when there is none or the repository is another one, SessionError while its change set or
    another apply is at work, and WorkspaceError when the disk is full or read-only: a second undo goes on then.
    """
    with ExitStack() as cleanup:
        past = Past(repository)
        cleanup.callback(past.close)
        if past.unit < 0:
            raise nothing_to_undo()
        lower = _open_repository(past, repository)
        cleanup.callback(os.close, lower)
        locked = _change_set(past, repository)
        cleanup.callback(store.unlock, locked)
        upper = shelf.open_upper(locked)
        cleanup.callback(os.close, upper)
        journal.recover(locked.lock, upper, lower)  # of an apply that was killed
        journal.recover(past.unit, upper, lower)
        undoing = _Undoing(past, locked.lock, (upper, lower))
        undoing.perform()
        files.sync_file_system(lower)
        files.sync_file_system(upper)
        held = store.settle(locked, upper, lower, undoing.known)
        if undoing.problems:
            pasts.unmark_undoing(past)
        else:
            past.forget()
        if not held:
            shelf.discard(store.same(locked))
        return Undone(tuple(reversed(undoing.paths)), tuple(undoing.problems), locked.name if held else "")


def forget(repository: str) -> None:
    """Give up the way back, and the room that it takes. Raises WorkspaceError when there is none."""
    past = Past(repository)
    try:
        if past.unit < 0:
            raise nothing_to_undo()
        past.forget()
    finally:
        past.close()


def nothing_to_undo() -> WorkspaceError:
    """There was no apply here, or it was undone."""
    return WorkspaceError("there is no apply to undo here", next_step="paddock changes", code="nothing-to-undo")


def _open_repository(past: Past, repository: str) -> int:
    try:
        descriptor = os.open(repository, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise _lost(f"{repository!a}: {error.strerror}") from error
    if meta.belongs(meta.read(past.unit, repository), os.fstat(descriptor)):
        return descriptor
    os.close(descriptor)
    raise _lost(f"{repository!a} is another directory than the one that was applied to")


def _lost(why: str) -> WorkspaceError:
    return WorkspaceError(
        "the repository of the last apply is not there",
        why=why,
        next_step="move it back; or give up the way back: paddock undo --forget",
        code="repository-lost",
    )


def _change_set(past: Past, repository: str) -> ChangeSetDirectory:
    """The change set to put everything back into, locked: the one that it came from, or one of its name or another."""
    name = pasts.undone_into(past)
    if not name:
        original, created_ns = past.of()
        name = original if _is_free(repository, original, created_ns) else ""
        name = name or naming.invent(shelf.names_in(shelf.home_of(repository)))
        pasts.mark_undoing(past, name)
    locked = store.lock(shelf.open_or_create(repository, name))
    # Should this be killed for good, whoever uses the change set next takes every entry for one of now.
    begun_ns = meta.now_ns(locked.lock)
    meta.write(locked.lock, replace(meta.read(locked.lock, repository), state="filled", begun_ns=begun_ns))
    return locked


def _is_free(repository: str, name: str, created_ns: int) -> bool:
    """Whether a change set of that name is the one, or there is none."""
    home = shelf.home_of(repository)
    if name not in shelf.names_in(home):
        return True
    with shelf.opened(f"{home}/{name}") as place:
        return meta.read(place, repository).created_ns == created_ns


class _Undoing:
    """One undo on its way."""

    def __init__(self, past: Past, directory: int, trees: tuple[int, int]) -> None:
        self.paths: list[str] = []
        self.problems: list[Problem] = []
        self.known: dict[str, str] = {}  # what the entries are based on again, as `Base.text`
        self._past = past
        self._trees = trees
        self._journal = journal.Journal(past.unit)
        self._host = Host(trees[1], trees[0], self._journal)
        self._upper = Upper(trees[0], self._journal)
        self._copies = base_copies.Copies(directory)
        self._reverting = Reverting(self._host, past.unit, trees[0])
        self._over: set[int] = set()  # deeds that were not done, or are undone

    def perform(self) -> None:
        log = self._past.log()
        try:
            deeds.mend(log)
            for record in deeds.backwards(log):
                deed = record.deed
                if record.kind == UNDONE:
                    self.known.setdefault(deed.path, deed.base)
                if record.kind in (VOID, UNDONE):
                    self._over.add(deed.number)
                elif record.kind == DID and deed.number not in self._over:
                    self._one(deed)
        except OSError as error:
            raise self._stopped(error) from error
        finally:
            os.close(log)
            self._settle()

    def _settle(self) -> None:
        self._upper.prune(self._trees[1], self._host.loosened)
        self._upper.loosened.restore()
        self._host.loosened.restore()
        self._host.close()
        self._journal.finish()

    def _one(self, deed: Deed) -> None:
        try:
            self._reverting.revert(deed)
            self._hold_again(deed)
        except (Conflicting, Intervened):
            self.problems.append(Problem(deed.path, "conflict", CHANGED))
        except OSError as error:
            self._failed(deed, error)
        else:
            entry, base = self._based_on(deed)
            self.known[entry] = base.text()
            self._past.remark(UNDONE, replace(deed, path=entry, base=self.known[entry]))
            if deed.before != deed.after:
                self.paths.append(deed.path)

    def _hold_again(self, deed: Deed) -> None:
        lower, on_host = self._trees[1], self._host.loosened
        if stat.S_ISDIR(deed.after.mode):
            self._upper.put_back_directory(
                deed.path,
                stat.S_IMODE(deed.after.mode),
                self._past.unit,
                lower,
                on_host,
                from_below=stat.S_ISDIR(deed.before.mode),
            )
        else:
            self._upper.put_back(deed.path, self._past.unit, f"u{deed.number}", lower, on_host)

    def _based_on(self, deed: Deed) -> tuple[str, Base]:
        """What the change is made from now: the host's file as it is back, or what was in doubt before."""
        if deed.base:
            base = bases.parsed(deed.base)
            self._copies.take_back(base.digest, self._past.unit, f"o{deed.number}")
            return deed.path, base
        if stat.S_ISDIR(deed.after.mode) and not deed.before.mode:
            return deed.path + "/", Base(0)
        found = self._host.look(deed.path)
        if found is None or stat.S_ISDIR(found.st_mode):
            return deed.path, Base(0, found.st_mode if found else 0)
        parent, name = split(deed.path)
        place = open_beneath(self._trees[1], parent, PLACE)
        try:
            now = bases.looked(place, name, _ANY_TIME, self._copies, _NO_LIMIT)
        finally:
            os.close(place)
        return deed.path, Base(found.st_ctime_ns + 1) if now is None else replace(now, since_ns=0)

    def _failed(self, deed: Deed, error: OSError) -> None:
        if error.errno in _FATAL:
            raise error
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            self.problems.append(Problem(deed.path, "conflict", verdicts.NOT_EMPTY))
        elif error.errno in (errno.ENOTDIR, errno.ELOOP, errno.EXDEV):
            self.problems.append(Problem(deed.path, "conflict", verdicts.NO_PLACE))
        else:
            self.problems.append(Problem(deed.path, "failed", error.strerror or str(error)))

    def _stopped(self, error: OSError) -> WorkspaceError:
        return WorkspaceError(
            "undo could not go on",
            why=f"{error.strerror or error}; {len(self.paths)} undone, the rest is still applied",
            next_step="make room (or make it writable), then: paddock undo",
            code="undo-stopped",
        )
