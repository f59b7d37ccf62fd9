"""Who works on a change set: a session from claim to release, or an apply between lock and unlock."""

from __future__ import annotations

import os

from paddock.errors import SessionError, WorkspaceError
from paddock.frozen import frozen, replace
from paddock.workspace import meta as metas
from paddock.workspace import naming, shelf
from paddock.workspace.shelf import (
    ChangeSetDirectory,
    Held,
    current,
    discard,
    find,
    listing,
    open_or_create,
    repository_for,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from paddock.workspace.meta import Meta, State

__all__ = [
    "ChangeSetDirectory",
    "Finished",
    "Held",
    "claim",
    "current",
    "discard",
    "find",
    "finish",
    "held",
    "listing",
    "lock",
    "open_or_create",
    "recover",
    "release",
    "repository_for",
    "same",
    "settle",
    "unlock",
]


def claim(repository: str, *, name: str | None = None, fresh: bool = False, sandbox: bool = True) -> ChangeSetDirectory:
    """Choose and lock the change set of a new session, and note when that began.

    The named one; else the current one, unless `fresh` or in use; else a new one with a name of its own. Without
    `sandbox` the caller fills it, and what git ignores is part of it. Raises SessionError when the named one is in
    use, or is there and `fresh` asks for a new one; WorkspaceError when the repository was replaced.
    """
    if name is not None:
        naming.validate(name)
    try:
        root = os.stat(repository)
    except OSError as error:
        raise WorkspaceError(f"cannot look at {repository!a}", why=error.strerror or str(error)) from error
    with shelf.home_locked(shelf.home_of(repository)) as home:
        shelf.clear_halves(home)
        taken = shelf.names_in(home)
        chosen: ChangeSetDirectory | None = None
        if name in taken:
            chosen = _claim_named(ChangeSetDirectory(str(name), f"{home}/{name}", repository), root, fresh=fresh)
        elif name is None and not fresh:
            chosen = _claim_current(home, repository, root)
        if chosen is None:
            free = name or naming.invent(taken)
            chosen = ChangeSetDirectory(free, f"{home}/{free}", repository, shelf.create(home, repository, free))
    try:
        _begin(chosen, root, "open" if sandbox else "filled")
        return _layered(chosen, root) if sandbox else chosen
    except BaseException:
        unlock(chosen)
        raise


def _layered(directory: ChangeSetDirectory, root: os.stat_result) -> ChangeSetDirectory:
    """With what git ignores: the repository's layers, as they are from now on, and above them the change set's own."""
    held = None
    if os.path.isdir(shelf.ignored_home_of(directory.repository)):
        from paddock.workspace.ignored import layers, watch

        held = layers.hold(directory.repository, root)
        if held and not watch.is_current(held.home):
            held.close()
            from paddock.workspace.ignored import sorting

            held = sorting.refresh(directory, root)
    if os.path.lexists(f"{directory.path}/{shelf.OWN}"):
        from paddock.workspace.ignored import sorting

        sorting.bring_back(directory)
    return replace(directory, layers=held.paths, ignored=held) if held else directory


@frozen
class Finished:
    """What a session has left: changes, and paths that git ignores (the topmost ones) and that were put aside."""

    changed: int
    aside: tuple[str, ...] = ()


def finish(directory: ChangeSetDirectory) -> Finished:
    """A session's sandbox has ended: take out what git ignores, note the end, and count the changes that are left."""
    from paddock.workspace.ignored import sorting

    aside = sorting.put_aside(directory)
    changed = directory.count_changes()
    meta = metas.read(directory.lock, directory.repository)
    if changed or directory.has_git_work():
        with shelf.both(directory, meta) as (upper, lower):
            _end(directory, meta, upper, lower)
    else:
        metas.write(directory.lock, replace(meta, state="held"))
    return Finished(changed, aside)


def release(directory: ChangeSetDirectory) -> bool:
    """End a session: remove a change set without changes, keep any other. Whether it was kept."""
    from contextlib import ExitStack

    with ExitStack() as cleanup:
        cleanup.callback(unlock, directory)
        meta = metas.read(directory.lock, directory.repository)
        upper = shelf.open_upper(directory)
        cleanup.callback(os.close, upper)
        try:
            lower = shelf.open_repository(directory, meta)
        except WorkspaceError:
            return True  # nothing to compare with: keep everything, and look again at the next claim
        cleanup.callback(os.close, lower)
        if meta.state == "open" and os.listdir(upper):  # its sandbox never came to its end
            from paddock.workspace.ignored import sorting

            sorting.put_aside(directory)
        if _has_changes(upper, lower) or directory.has_git_work():
            if meta.state != "held":  # else its end was noted: looking at it again is not using it
                _end(directory, meta, upper, lower)
            return True
        shelf.discard(same(directory))
        return False


def _has_changes(upper: int, lower: int) -> bool:
    if not os.listdir(upper) and os.fstat(upper).st_mode == os.fstat(lower).st_mode:
        return False  # most runs of a test or a linter: the walk need not even be imported
    from paddock.workspace.change_set import walk

    return next(walk(upper, lower), None) is not None


def settle(directory: ChangeSetDirectory, upper: int, lower: int, known: Mapping[str, str] | None = None) -> bool:
    """After an apply or a partial discard: the same as the end of a session, but the lock is kept. Whether it is.

    `known` is what the caller knows of the host's side of entries, since it wrote that itself.
    """
    from paddock.workspace.change_set import walk

    if os.path.lexists(f"{directory.path}/{shelf.OWN}"):
        from paddock.workspace.ignored import sorting

        sorting.put_aside(directory)  # an apply may have made the directories that they are for
    if next(walk(upper, lower), None) is None and not directory.has_git_work():
        return False
    _end(directory, metas.read(directory.lock, directory.repository), upper, lower, known)
    return True


def lock(directory: ChangeSetDirectory) -> ChangeSetDirectory:
    """The same, held by us. Raises SessionError while a sandbox or another apply holds it."""
    with shelf.home_locked(directory.home):
        descriptor = shelf.try_lock(directory.path)
    if descriptor is None:
        raise in_use(directory)
    locked = replace(directory, lock=descriptor)
    try:
        _catch_up(locked)
    except BaseException:
        unlock(locked)
        raise
    return locked


def recover(directory: ChangeSetDirectory) -> None:
    """Where Paddock was killed, do now what the end of that session should have done. Nothing while it is in use.

    One that needs nothing is not locked: whoever comes meanwhile would take it for used.
    """
    from contextlib import suppress

    with suppress(FileNotFoundError), shelf.opened(directory.path) as place:
        if metas.read(place, directory.repository).state == "held":
            return
    with suppress(SessionError):
        unlock(lock(directory))


def unlock(directory: ChangeSetDirectory) -> None:
    """Let go, and leave everything as it is."""
    os.close(directory.lock)
    if directory.ignored:
        directory.ignored.close()


def same(directory: ChangeSetDirectory) -> ChangeSetDirectory:
    """A second hold on a change set that we hold, for those who let go of theirs."""
    return replace(directory, lock=os.dup(directory.lock), ignored=None)


class held:  # noqa: N801 - used as contextlib's functions are, which a start would pay for with their import
    """Lock a change set for a while."""

    def __init__(self, directory: ChangeSetDirectory) -> None:
        self._locked = lock(directory)

    def __enter__(self) -> ChangeSetDirectory:
        return self._locked

    def __exit__(self, *_: object) -> None:
        unlock(self._locked)


def in_use(directory: ChangeSetDirectory) -> SessionError:
    """Two never share a change set."""
    return SessionError(
        f"change set {directory.name!r} is in use",
        why="a sandbox or another apply is at work on it",
        next_step="wait for its end, or find it with `paddock ps` and end it with `paddock kill`",
        code="in-use",
    )


def _claim_named(directory: ChangeSetDirectory, root: os.stat_result, *, fresh: bool) -> ChangeSetDirectory:
    descriptor = shelf.try_lock(directory.path)
    if descriptor is None:
        raise in_use(directory)
    if fresh:
        os.close(descriptor)
        raise SessionError(
            f"change set {directory.name!r} holds changes already",
            why="a new one was asked for, and two cannot have one name",
            next_step=f"paddock discard --name {directory.name}, or another --name",
            code="name-held",
        )
    if not metas.belongs(metas.read(descriptor, directory.repository), root):
        os.close(descriptor)
        raise shelf.lost(directory, f"{directory.repository!a} is another directory than the sandbox worked on")
    return replace(directory, lock=descriptor)


def _claim_current(home: str, repository: str, root: os.stat_result) -> ChangeSetDirectory | None:
    """The one used last, if it is free; `home` is locked, so we cannot ask `shelf.current`."""
    newest = (-1, "")
    for name in shelf.names_in(home):
        with shelf.opened(f"{home}/{name}") as place:
            meta = metas.read(place, repository)
        if metas.belongs(meta, root):
            newest = max(newest, (meta.used_ns, name))
    _, name = newest
    descriptor = shelf.try_lock(f"{home}/{name}") if name else None
    return None if descriptor is None else ChangeSetDirectory(name, f"{home}/{name}", repository, descriptor)


def _begin(directory: ChangeSetDirectory, root: os.stat_result, state: State) -> None:
    meta = _catch_up(directory)
    begun = metas.now_ns(directory.lock)
    where = {"device": root.st_dev, "inode": root.st_ino, "boot": metas.boot_id()}
    metas.write(directory.lock, replace(meta, state=state, begun_ns=begun, used_ns=begun, **where))


def _catch_up(directory: ChangeSetDirectory) -> Meta:
    """Do what the end of a session should have done, where Paddock was killed; nothing where its repository is lost."""
    meta = metas.read(directory.lock, directory.repository)
    if meta.state == "held":
        return meta
    from paddock.workspace import bases
    from paddock.workspace.ignored import sorting

    try:
        if meta.state == "open":
            sorting.put_aside(directory)
        with shelf.both(directory, meta) as (upper, lower):
            bases.record(directory.lock, upper, lower, meta.begun_ns)
    except WorkspaceError:
        return meta
    meta = replace(meta, state="held")
    metas.write(directory.lock, meta)
    return meta


def _end(
    directory: ChangeSetDirectory, meta: Meta, upper: int, lower: int, known: Mapping[str, str] | None = None
) -> None:
    from paddock.workspace import bases

    bases.record(directory.lock, upper, lower, meta.begun_ns, known)
    used = metas.now_ns(directory.lock)
    metas.write(directory.lock, replace(meta, state="held", used_ns=used), durable=True)
