"""The walk over an upper directory, beside what the lower one has in the same places.

It costs what changed and not what the repository holds: only the upper directory is listed, the lower one is
asked for single names. Nothing is followed, nothing recurses; a sandbox that is still writing can make the
walk fail, not stray (FS-09).
"""

from __future__ import annotations

import errno
import os
import stat

from paddock.kernel import xattr
from paddock.workspace.descent import Descent, below, stat_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

ENTRY, ENTER, LEAVE = "entry", "enter", "leave"


class Pair:
    """The same place in the upper and the lower tree; the lower one may end earlier."""

    def __init__(self, upper: int, lower: int) -> None:
        """Both roots stay the caller's."""
        self.upper = Descent(upper)
        self._lower = Descent(lower)
        self._missing = 0  # levels that the lower tree does not have

    @property
    def lower(self) -> int | None:
        """The lower directory, where there is one."""
        return None if self._missing else self._lower.fd

    def enter(self, name: str, *, both: bool) -> None:
        """Go down one level. Raises OSError and stays."""
        self.upper.down(name)
        if self._missing or not both:
            self._missing += 1
            return
        try:
            self._lower.down(name)
        except OSError:
            self.upper.up()
            raise

    def leave(self) -> None:
        """Go up one level."""
        self.upper.up()
        if self._missing:
            self._missing -= 1
        else:
            self._lower.up()

    def close(self) -> None:
        """Let go of both."""
        self.upper.close()
        self._lower.close()


class Visit:
    """One stop of the walk.

    At an `entry` (no directory, or one that cannot be entered: `barred` says why) and at a `leave` the pair
    stands in the parent; at an `enter` in the directory itself, whose names have not been listed yet. Set
    `skip` there to go no deeper.
    """

    __slots__ = ("barred", "lower", "name", "opaque", "path", "phase", "skip", "upper")

    def __init__(self, path: str, name: str, upper: os.stat_result, lower: os.stat_result | None) -> None:
        self.path = path
        self.name = name
        self.upper = upper
        self.lower = lower
        self.phase = ENTRY
        self.barred = ""
        self.opaque = False  # the directory hides the lower one of its name
        self.skip = False

    @property
    def over_directory(self) -> bool:
        """Whether the lower tree has a directory here."""
        return self.lower is not None and stat.S_ISDIR(self.lower.st_mode)


def is_whiteout(found: os.stat_result) -> bool:
    """Whether an upper entry says "deleted". Its owner says nothing: the mounter's id may be any."""
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == 0


def traverse(pair: Pair) -> Iterator[Visit]:
    """Every entry of the upper tree, sorted within its directory; directories twice, before and after."""
    way: list[tuple[Visit | None, list[str]]] = [(None, _names(pair.upper.fd))]
    while way:
        directory, names = way[-1]
        if not names:
            way.pop()
            if directory:
                pair.leave()
                directory.phase = LEAVE
                yield directory
            continue
        visit = _look(pair, directory, names.pop())
        if visit is None:
            continue
        if visit.phase == ENTER:
            yield visit
            if visit.skip:
                pair.leave()
            else:
                way.append((visit, _names(pair.upper.fd)))
        else:
            yield visit


def _names(directory: int) -> list[str]:
    return sorted(os.listdir(directory), reverse=True)


def _look(pair: Pair, directory: Visit | None, name: str) -> Visit | None:
    upper = stat_in(pair.upper.fd, name)
    if upper is None:  # gone since it was listed: the sandbox is still at work
        return None
    lower = None if pair.lower is None else stat_in(pair.lower, name)
    visit = Visit(below(directory.path, name) if directory else name, name, upper, lower)
    if not stat.S_ISDIR(upper.st_mode):
        return visit
    try:
        pair.enter(name, both=visit.over_directory)
    except OSError as error:
        return _barred(visit, error)
    visit.phase = ENTER
    if visit.over_directory:
        visit.opaque = (directory is not None and directory.opaque) or xattr.is_opaque(pair.upper.fd)
    return visit


def _barred(visit: Visit, error: OSError) -> Visit | None:
    if error.errno == errno.EACCES:
        visit.barred = "unreadable"
    elif error.errno == errno.EXDEV:
        visit.barred = "mount"
    elif error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
        return None  # replaced between the two looks: the sandbox or the host is still at work
    else:
        raise error
    return visit
