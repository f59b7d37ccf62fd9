"""Opaque directories, said differently: a deletion mark for each hidden name instead of one mark for all.

Taking one file out of an opaque directory would otherwise say that the file was deleted. Every step keeps
the meaning of the whole, so that a crash in between changes nothing.
"""

from __future__ import annotations

import os
import stat

from paddock.kernel import xattr
from paddock.workspace import holding
from paddock.workspace.descent import DIRECTORY, below, open_beneath, stat_in
from paddock.workspace.entries import ENTER, Pair, traverse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def expand_all(upper: int, lower: int, loosen: Callable[[str], bool]) -> None:
    """Expand every opaque directory of a change set that we hold alone; `loosen` lets us write in one."""
    pair = Pair(upper, lower)
    try:
        for visit in traverse(pair):
            if visit.phase != ENTER:
                continue
            if holding.is_git(visit.name):
                visit.skip = True
            elif visit.opaque and pair.lower is not None:
                loosen(visit.path)
                _expand(pair.upper.fd, pair.lower, visit.path, loosen)
            elif xattr.is_opaque(pair.upper.fd):
                # A new directory, or one in place of a file: nothing to hide, until an apply makes it on the host.
                loosen(visit.path)
                xattr.set_opaque(pair.upper.fd, opaque=False)
    finally:
        pair.close()


def _expand(upper: int, lower: int, path: str, loosen: Callable[[str], bool]) -> None:
    for name in os.listdir(lower):
        ours, theirs = stat_in(upper, name), stat_in(lower, name)
        if theirs is None:
            continue
        if ours is None:
            # The one device that everybody may make: 0:0 is no device (mknod(2), WHITEOUT_DEV, Linux 5.8).
            os.mknod(name, stat.S_IFCHR, os.makedev(0, 0), dir_fd=upper)
        elif stat.S_ISDIR(ours.st_mode) and stat.S_ISDIR(theirs.st_mode):
            loosen(below(path, name))
            _mark(upper, name)
    xattr.set_opaque(upper, opaque=False)


def _mark(upper: int, name: str) -> None:
    """An inner directory was hidden by the outer mark; it needs its own before that goes."""
    inner = open_beneath(upper, name, DIRECTORY)
    try:
        xattr.set_opaque(inner, opaque=True)
    finally:
        os.close(inner)
