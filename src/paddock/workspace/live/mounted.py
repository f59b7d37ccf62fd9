"""Whether what the sandbox may not write is still held in it, so that a change of it can only be the person's own.

A mount on a file goes when the host renames another file over it (an editor that saves, `git config`); one on a
directory, when the host removes the directory. Asked of the kernel: an inode's number may be used again.
"""

from __future__ import annotations

import os
import re

from paddock.kernel.namespaces import Namespaces, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_ESCAPED = re.compile(rb"\\([0-7]{3})")  # proc(5), mountinfo
_MOUNT_POINT = 4  # the field


class Mounted:
    """The mounts of one sandbox, by its mount namespace, which outlives it for as long as it is held open here."""

    def __init__(self, repository: str, held: Sequence[str]) -> None:
        """`held` are paths in the repository that were mounted read-only before the sandbox's command started."""
        self._repository = repository
        self._held = frozenset(held)
        self._namespaces: Namespaces | None = None

    def know(self, mnt: int, owner: int) -> None:
        """Learn which sandbox it is: its mount namespace, and the user namespace that owns that one."""
        self._namespaces = Namespaces(owner, -1, -1, -1, -1, -1, -1, mnt)

    def holds(self, path: str, *, ended: bool) -> bool:
        """Whether the sandbox cannot have written the file, neither now nor since the start.

        Before we know the sandbox, that is put off until the run has `ended`.
        """
        at = path
        while at and at not in self._held:
            at = at.rpartition("/")[0]
        if not at or self._namespaces is None:
            return bool(at) and not ended
        return self._is_mounted(self._namespaces, at)

    def _is_mounted(self, namespaces: Namespaces, path: str) -> bool:
        wanted = os.fsencode(f"{self._repository}/{path}")
        proc = os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)  # ours: the sandbox's is another

        def look() -> tuple[bytes, tuple[int, ...]]:
            descriptor = os.open("self/mountinfo", os.O_RDONLY, dir_fd=proc)
            with open(descriptor, "rb") as file:
                return b"yes" if any(mount_point(line) == wanted for line in file) else b"no", ()

        try:
            return within(namespaces, ("mnt",), look)[0] == b"yes"
        except (OSError, RuntimeError):
            return False  # in doubt it was the sandbox
        finally:
            os.close(proc)


def mount_point(line: bytes) -> bytes:
    """Where the mount of a line of mountinfo lies."""
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 8)]), line.split(b" ")[_MOUNT_POINT])
