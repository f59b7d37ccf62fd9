"""A change set as data: what the upper directory says about the lower one, one `Change` for each path.

The content and the mode decide, not the presence in the upper directory: a file that was copied up and put
back is no change. What the sandbox could make but the host must not take is marked as held, with a reason.
"""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack

from paddock.kernel import xattr
from paddock.workspace import content, holding
from paddock.workspace.change import SET_ID, Change, ChangeSet
from paddock.workspace.content import open_file, open_upper_file
from paddock.workspace.deletions import beneath, gone, removed
from paddock.workspace.descent import below
from paddock.workspace.entries import ENTER, ENTRY, Pair, Visit, is_whiteout, traverse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.workspace.change import Kind


def walk(upper: int, lower: int, *, unchanged: bool = False, look: bool = False) -> Iterator[Change]:
    """The changes, one after the other, without renames; memory does not grow with their number.

    `unchanged` also gives entries that say nothing new, as kind "same"; `look` finds out what is binary.
    A directory comes before its content where it is made, and after it where it is deleted.
    """
    pair = Pair(upper, lower)
    try:
        for visit in traverse(pair):
            for change in _changes(pair, visit, look=look):
                if unchanged or change.kind != "same":
                    yield change
    finally:
        pair.close()


def read(upper: int, lower: int) -> ChangeSet:
    """The whole change set, from descriptors of the upper directory and of the repository."""
    from paddock.workspace.renames import paired

    return ChangeSet(tuple(paired(list(walk(upper, lower, look=True)), upper, lower)))


def _changes(pair: Pair, visit: Visit, *, look: bool) -> Iterator[Change]:
    if visit.phase not in (ENTER, ENTRY):
        return
    if holding.is_git(visit.name):
        yield from _git(pair, visit)
    elif visit.phase == ENTER and len(os.fsencode(visit.path)) > holding.LONGEST_PATH:
        # One entry for all of it: paths of 20,000 levels would fill the memory with their beginnings.
        visit.skip = True
        yield _made(visit, held="deep")
    elif visit.phase == ENTER:
        yield from _directory(pair, visit)
    elif visit.barred:
        yield _made(visit, held=visit.barred)
    elif is_whiteout(visit.upper):
        yield from _whiteout(pair, visit)
    else:
        if visit.over_directory and pair.lower is not None:
            yield from beneath(pair.lower, visit.name, visit.path)
        yield _leaf(pair, visit, look=look)


def _git(pair: Pair, visit: Visit) -> Iterator[Change]:
    """Everything below is one held change, but for an index that was only refreshed, as `git status` does."""
    if visit.phase == ENTER:
        visit.skip = True
        if not visit.opaque and _same_mode(visit) and _is_refreshed(pair):
            yield _made(visit, kind="same")
            return
    if is_whiteout(visit.upper):
        if visit.lower:
            yield removed(visit.path, visit.lower)
        return
    yield _made(visit, kind="modified" if visit.lower else "added", held="git")


def _made(visit: Visit, *, kind: Kind | None = None, held: str = "", note: str = "", binary: bool = False) -> Change:
    old, new = visit.lower, visit.upper
    if kind is None:
        kind = _kind(old, new)
    if stat.S_ISREG(new.st_mode) and new.st_mode & SET_ID:
        note = "set-id bits are not applied"
    return Change(
        visit.path,
        kind,
        old_mode=old.st_mode if old else 0,
        new_mode=new.st_mode,
        old_size=old.st_size if old else 0,
        new_size=new.st_size,
        held=held,
        note=note,
        binary=binary,
    )


def _kind(old: os.stat_result | None, new: os.stat_result) -> Kind:
    if old is None:
        return "added"
    return "modified" if stat.S_IFMT(old.st_mode) == stat.S_IFMT(new.st_mode) else "replaced"


def _directory(pair: Pair, visit: Visit) -> Iterator[Change]:
    if not visit.over_directory:
        vanished = visit.lower is None and xattr.came_from_below(pair.upper.fd) and not xattr.is_opaque(pair.upper.fd)
        change = _made(visit)
        yield Change(change.path, change.kind, change.old_mode, change.new_mode, vanished=vanished)
        return
    yield _made(visit, kind="same" if _same_mode(visit) else "mode")
    if visit.opaque and pair.lower is not None:
        kept = set(os.listdir(pair.upper.fd))
        for name in sorted(os.listdir(pair.lower)):
            if name not in kept:
                yield from gone(pair.lower, name, below(visit.path, name))


def _same_mode(visit: Visit) -> bool:
    return visit.lower is not None and (visit.lower.st_mode ^ visit.upper.st_mode) & 0o1777 == 0


def _is_refreshed(pair: Pair) -> bool:
    """Whether the git directory that the pair stands in has nothing new but an index of the same entries."""
    if pair.lower is None or os.listdir(pair.upper.fd) != ["index"]:
        return False
    from paddock.workspace import git_index

    found: list[tuple[int, bytes | None]] = []
    with ExitStack() as opened:
        for directory, open_one in ((pair.upper.fd, open_upper_file), (pair.lower, open_file)):
            try:
                descriptor = open_one(directory, "index")
            except OSError:
                return False
            opened.callback(os.close, descriptor)
            found.append((os.fstat(descriptor).st_mode, content.read_all(descriptor, git_index.LIMIT_BYTES)))
    (mode, ours), (old_mode, theirs) = found
    return mode == old_mode and ours is not None and theirs is not None and git_index.same(ours, theirs)


def _whiteout(pair: Pair, visit: Visit) -> Iterator[Change]:
    if visit.lower is None or pair.lower is None:
        yield Change(visit.path, "same", new_mode=visit.upper.st_mode)
        return
    yield from gone(pair.lower, visit.name, visit.path)


def _leaf(pair: Pair, visit: Visit, *, look: bool) -> Change:
    new = visit.upper
    if stat.S_ISLNK(new.st_mode):
        return _link(pair, visit)
    if not stat.S_ISREG(new.st_mode):
        alike = visit.lower is not None and visit.lower.st_mode == new.st_mode and visit.lower.st_rdev == new.st_rdev
        return _made(visit, kind="same" if alike else None, held="" if alike else "special")
    if visit.lower is None or not stat.S_ISREG(visit.lower.st_mode):
        return _made(visit, binary=look and _is_binary(pair.upper.fd, visit.name))
    if _same_content(pair, visit):
        return _made(visit, kind="same" if visit.lower.st_mode == new.st_mode else "mode")
    return _made(visit, binary=look and _is_binary(pair.upper.fd, visit.name))


def _link(pair: Pair, visit: Visit) -> Change:
    target = _target(pair.upper.fd, visit.name)
    was_link = visit.lower is not None and stat.S_ISLNK(visit.lower.st_mode)
    if was_link and pair.lower is not None and _target(pair.lower, visit.name) == target:
        return _made(visit, kind="same")
    return _made(visit, held="link" if holding.leads_out(visit.path, target) else "")


def _target(directory: int, name: str) -> str:
    try:
        return os.readlink(name, dir_fd=directory)
    except OSError:
        return ""  # no link any more: somebody is at work there


def _same_content(pair: Pair, visit: Visit) -> bool:
    """False also where one of them cannot be read: the person may not, or it is something else by now."""
    if visit.lower is None or pair.lower is None or visit.lower.st_size != visit.upper.st_size:
        return False
    with ExitStack() as opened:
        try:
            theirs = open_file(pair.lower, visit.name)
            opened.callback(os.close, theirs)
            ours = open_upper_file(pair.upper.fd, visit.name)
        except OSError:
            return False
        opened.callback(os.close, ours)
        return content.same(ours, theirs)


def _is_binary(directory: int, name: str) -> bool:
    try:
        descriptor = open_upper_file(directory, name)
    except OSError:
        return False
    try:
        return content.looks_binary(descriptor)
    finally:
        os.close(descriptor)
