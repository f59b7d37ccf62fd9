"""Files that anybody may have put there: read within bounds, and without waiting for a FIFO or opening a device."""

from __future__ import annotations

import errno
import os
import stat

_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


def content(path: str, limit_bytes: int, *, follow: bool = False) -> tuple[os.stat_result, bytes]:
    """What a regular file is, and its first bytes. Raises OSError, also for what is no file."""
    opened = os.open(path, _READ if follow else _READ | os.O_NOFOLLOW)
    try:
        found = os.fstat(opened)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is no file")
        parts: list[bytes] = []
        while limit_bytes > 0 and (part := os.read(opened, min(limit_bytes, 1 << 20))):
            parts.append(part)
            limit_bytes -= len(part)
        return found, b"".join(parts)
    finally:
        os.close(opened)
