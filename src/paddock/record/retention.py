"""How long logs are kept: nothing younger than two weeks is ever removed, nothing older than 90 days is kept.

In between the oldest go first, as long as all together take more than a gibibyte. A log that is being written stays.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress

from paddock.frozen import frozen
from paddock.record import anchors, logs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from paddock.record.logs import Log

NEVER_YOUNGER_S = 14 * 86400
NEVER_OLDER_S = 90 * 86400
MOST_BYTES = 1 << 30


@frozen
class Kept:
    """A log as it lies there; `age_s` is since its last line."""

    log: Log
    size_bytes: int
    age_s: float


def due(kept: Iterable[Kept]) -> tuple[Kept, ...]:
    """Which are to be removed, the oldest first."""
    oldest_first = sorted(kept, key=lambda one: -one.age_s)
    total = sum(one.size_bytes for one in oldest_first)
    gone: list[Kept] = []
    for one in oldest_first:
        if one.age_s < NEVER_YOUNGER_S:
            break
        if one.age_s > NEVER_OLDER_S or total > MOST_BYTES:
            gone.append(one)
            total -= one.size_bytes
    return tuple(gone)


def tidy(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Remove what is due; what was removed, in words. Raises OSError."""
    removed = []
    for one in due(_kept(environ)):
        anchors.remove(one.log.path)  # first: an anchor without its log would look like a log that somebody took away
        with suppress(FileNotFoundError):  # another Paddock tidies up too
            os.unlink(one.log.path)
        removed.append(f"record {one.log.id}, {int(one.age_s // 86400)} days old")
    return removed


def _kept(environ: Mapping[str, str]) -> list[Kept]:
    now, found = time.time(), []
    for log in logs.every(environ):
        with suppress(OSError):
            opened = logs.open_to_read(log.path)
            try:
                status = os.fstat(opened)
                if not logs.is_live(opened):
                    found.append(Kept(log, status.st_size, now - status.st_mtime))
            finally:
                os.close(opened)
    return found
