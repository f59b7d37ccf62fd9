"""Whether one change may be written to the host now: held, in conflict, or fine.

A conflict is that the host's file is not the one that the sandbox knew. A file that was not written to since (its
ctime says so, which nobody can set back, and its mtime) is that one; any other is compared by content and mode, where
what the sandbox knew was noted (`bases`). So a touch, or an edit and its undoing, is no conflict; a doubt is one.
"""

from __future__ import annotations

import os
import stat
import time

from paddock.workspace.bases import Base, target_digest
from paddock.workspace.content import fingerprint, open_file
from paddock.workspace.deletions import beneath
from paddock.workspace.descent import open_beneath, split, stat_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.workspace.bases import Bases
    from paddock.workspace.change import Change

APPEARED = "the host has got one of that name meanwhile"
CHANGED = "the host's was changed meanwhile"
DELETED = "the host has deleted it meanwhile"
VANISHED = "the host has deleted this directory meanwhile"
INSIDE = "something in the host's directory was changed meanwhile"
NOT_EMPTY = "the host's directory is not empty"
IN_HAZARD = "its directory is a hazard"
HOLDS_HAZARD = "something in it is a hazard"
NO_PLACE = "its directory is not one on the host"

_NO_LIMIT = 1 << 62  # whoever has a digest to compare with wants an answer


def newer(found: os.stat_result, since_ns: int) -> bool:
    """Whether the host's file changed since then. An mtime in the future says nothing."""
    return found.st_ctime_ns >= since_ns or since_ns <= found.st_mtime_ns <= time.time_ns()


def held(change: Change, *, links: bool) -> str:
    """The reason why a change is never applied, or not without a further word."""
    return "" if change.held == "link" and links else change.held


def conflict(root: int, change: Change, found: os.stat_result | None, base: Base) -> str:
    """The doubt about one change, or nothing. `found` is what the host, below `root`, has there now."""
    if change.vanished:
        return VANISHED
    if found is None:
        # What was changed from a file of the host's, and finds none there, would bring back what a person deleted.
        return DELETED if base.mode and change.kind == "added" else ""
    if stat.S_ISDIR(found.st_mode) and (change.type == "directory"):
        return ""  # two directories merge; for a deletion, what is inside is judged by itself
    if stat.S_ISDIR(found.st_mode) and stat.S_ISDIR(base.mode):
        return ""  # the same for one that is to be replaced: see `inside`
    if not newer(found, base.since_ns) or _is_base(root, change, found, base):
        return ""
    return APPEARED if change.kind == "added" else CHANGED


def inside(root: int, change: Change, known: Bases) -> tuple[str, str]:
    """The same for everything below a host directory that a file or link is to replace: (held, conflict)."""
    parent, name = split(change.path)
    place = open_beneath(root, parent, os.O_PATH | os.O_DIRECTORY)
    try:
        for removal in beneath(place, name, change.path):
            if removal.held:
                return removal.held, ""
            if conflict(root, removal, look(root, removal.path), known.of(removal.path)):
                return "", INSIDE
    finally:
        os.close(place)
    return "", ""


def _is_base(root: int, change: Change, found: os.stat_result, base: Base) -> bool:
    """Whether the host's file, though written to, is what the sandbox knew."""
    if found.st_mode != base.mode:
        return False
    if change.kind == "mode":
        return True  # the content is what the sandbox has, however the host came to it
    return base.digest != "" and digest_at(root, change.path, found) == base.digest


def digest_at(root: int, path: str, found: os.stat_result) -> str:
    """The digest of a host's file or link, "" where there is none to be had."""
    parent, name = split(path)
    try:
        place = open_beneath(root, parent, os.O_PATH | os.O_DIRECTORY)
    except OSError:
        return ""
    try:
        if stat.S_ISLNK(found.st_mode):
            return target_digest(os.readlink(name, dir_fd=place))
        descriptor = open_file(place, name)
        try:
            return fingerprint(descriptor, _NO_LIMIT)
        finally:
            os.close(descriptor)
    except OSError:
        return ""
    finally:
        os.close(place)


def look(root: int, path: str) -> os.stat_result | None:
    """What is at a path, links themselves; None also where its directory is not."""
    parent, name = split(path)
    try:
        place = open_beneath(root, parent, os.O_PATH | os.O_DIRECTORY)
    except OSError:
        return None
    try:
        return stat_in(place, name)
    finally:
        os.close(place)
