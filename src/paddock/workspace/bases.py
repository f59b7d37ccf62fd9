"""From which session each entry of a change set is, so that a host file that changed since then is noticed.

Overlayfs keeps no copy of what the sandbox started from. What was changed in an earlier session was based on
the host as it was then; noting at the end of every session which entries are there (new ones get that session's
beginning) keeps this apart. A directory that only the upper tree has is one entry, marked with a slash.
"""

from __future__ import annotations

import os

from paddock.workspace import holding
from paddock.workspace.entries import ENTER, ENTRY, Pair, traverse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "bases"


class Bases:
    """When the session began in which an entry was first seen."""

    def __init__(self, known: dict[str, int], otherwise_ns: int) -> None:
        """`otherwise_ns` holds for entries that no ended session has left."""
        self._known = known
        self._otherwise_ns = otherwise_ns

    def since_ns(self, path: str) -> int:
        """The time after which a change on the host is one that the sandbox has not seen."""
        found = self._known.get(path)
        place = path
        while found is None:
            found = self._known.get(place + "/")
            place, slash, _ = place.rpartition("/")
            if not slash:
                break
        return self._otherwise_ns if found is None else found


def read(directory: int, otherwise_ns: int) -> Bases:
    """What earlier sessions noted."""
    try:
        descriptor = os.open(NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    except FileNotFoundError:
        return Bases({}, otherwise_ns)
    with open(descriptor, "rb") as file:
        parts = file.read().split(b"\0")
    known = {os.fsdecode(path): int(time) for path, time in zip(parts[::2], parts[1::2], strict=False)}
    return Bases(known, otherwise_ns)


def record(directory: int, upper: int, lower: int, begun_ns: int) -> None:
    """Note all entries that are there now; those not yet known began at `begun_ns`."""
    before = read(directory, begun_ns)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(f".{NAME}", flags, 0o600, dir_fd=directory), "wb") as file:
        os.fchmod(file.fileno(), 0o600)  # whatever the umask is
        for entry in _entries(upper, lower):
            path = entry.removesuffix("/")
            file.write(b"%b\0%d\0" % (os.fsencode(entry), before.since_ns(path)))
        file.flush()
        os.fsync(file.fileno())
    os.rename(f".{NAME}", NAME, src_dir_fd=directory, dst_dir_fd=directory)


def _entries(upper: int, lower: int) -> Iterator[str]:
    pair = Pair(upper, lower)
    try:
        for visit in traverse(pair):
            if visit.phase == ENTER:
                visit.skip = holding.is_git(visit.name) or visit.opaque or not visit.over_directory
                yield visit.path + "/" if visit.skip else visit.path
            elif visit.phase == ENTRY:
                yield visit.path
    finally:
        pair.close()
