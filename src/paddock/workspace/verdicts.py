"""Whether one change may be written to the host now: held, in conflict, or fine.

A conflict, for now, is a doubt: the host's file changed (by its ctime, which nobody can set back, or its mtime)
since the session began that the change comes from, and it is not already what the change would make of it.
"""

from __future__ import annotations

import os
import stat
import time

from paddock.workspace.deletions import beneath
from paddock.workspace.descent import open_beneath, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.workspace.change import Change

APPEARED = "the host has got one of that name meanwhile"
CHANGED = "the host's was changed meanwhile"
VANISHED = "the host has deleted this directory meanwhile"
INSIDE = "something in the host's directory was changed meanwhile"
NOT_EMPTY = "the host's directory is not empty"
NO_PLACE = "its directory is not one on the host"


def newer(found: os.stat_result, since_ns: int) -> bool:
    """Whether the host's file changed since then. An mtime in the future says nothing."""
    return found.st_ctime_ns >= since_ns or since_ns <= found.st_mtime_ns <= time.time_ns()


def held(change: Change, *, links: bool) -> str:
    """The reason why a change is never applied, or not without a further word."""
    return "" if change.held == "link" and links else change.held


def conflict(change: Change, found: os.stat_result | None, since_ns: int) -> str:
    """The doubt about one change, or nothing. `found` is what the host has there now."""
    if change.vanished:
        return VANISHED
    if found is None:
        return ""
    if stat.S_ISDIR(found.st_mode) and (change.type == "directory"):
        return ""  # two directories merge; for a deletion, what is inside is judged by itself
    if newer(found, since_ns):
        return APPEARED if change.kind == "added" else CHANGED
    return ""


def inside(root: int, change: Change, since_ns: int) -> tuple[str, str]:
    """The same for everything below a host directory that a file or link is to replace: (held, conflict)."""
    parent, name = split(change.path)
    place = open_beneath(root, parent, os.O_PATH | os.O_DIRECTORY)
    try:
        for removal in beneath(place, name, change.path):
            if removal.held:
                return removal.held, ""
            found = _stat(root, removal.path)
            if found and newer(found, since_ns):
                return "", INSIDE
    finally:
        os.close(place)
    return "", ""


def _stat(root: int, path: str) -> os.stat_result | None:
    try:
        descriptor = open_beneath(root, path, os.O_PATH)
    except OSError:
        return None
    try:
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)
