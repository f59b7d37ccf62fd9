"""A directory for the grounds of one proof, and what becomes of those that a killed proof left behind.

Whoever uses one holds a lock on it (flock(2)), which the kernel takes back however the process ends.
"""

from __future__ import annotations

import fcntl
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

# Between the making of a directory and its lock; nobody takes longer, and what is older and unlocked is nobody's.
_NEW_S = 60


class Place:
    """A new directory below `above`, until the end of `with`. Abandoned ones beside it are removed first."""

    def __init__(self, above: str) -> None:
        import tempfile

        sweep(above)
        self.base = tempfile.mkdtemp(dir=above)
        self._held = os.open(self.base, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(self._held, fcntl.LOCK_EX)

    def __enter__(self) -> str:
        return self.base

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        remove(self.base)
        os.close(self._held)


def sweep(above: str) -> int:
    """Remove what nobody holds any more; how many those were."""
    found = 0
    for name in os.listdir(above):
        path = f"{above}/{name}"
        try:
            held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            if time.time() - os.fstat(held).st_mtime < _NEW_S:
                continue
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove(path)
            found += 1
        except OSError:  # somebody's
            continue
        finally:
            os.close(held)
    return found


def remove(base: str) -> None:
    """The directory with all that probes left in it, whatever modes that has."""
    import shutil

    for directory, names, _ in os.walk(base):
        for name in names:  # before they are looked into
            _open_up(f"{directory}/{name}")
    shutil.rmtree(base, ignore_errors=True)


def _open_up(path: str) -> None:
    try:
        found = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:  # a link
        return
    try:
        os.chmod(f"/proc/self/fd/{found}", 0o700)  # fchmod(2) takes no O_PATH
    finally:
        os.close(found)
