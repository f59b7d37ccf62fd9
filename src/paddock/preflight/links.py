"""Which names lead out of a repository: symbolic links by their targets, hard links by counting."""

from __future__ import annotations

import os
import posixpath

from paddock.plan.paths import within

# A sandbox has its own of these, read-only: a link to /usr/bin/python3 tells nobody anything.
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/dev/null", "/proc/self", "/dev/fd")


def leaves(repository: str, path: str, target: str) -> bool:
    """Whether the link at `path` (relative to the real path `repository`) leads to a place outside it.

    A way out through several links has at least one among them that leaves by its own words, and that one is
    found. The words mislead only where ".." follows a name, which may be a link; then the file system is asked.
    """
    here = posixpath.dirname(f"{repository}/{path}")
    if within(posixpath.normpath(posixpath.join(here, target)), repository) and not _turns_back(target):
        return False
    real = os.path.realpath(f"{repository}/{path}")
    return not any(within(real, place) for place in (repository, *_SYSTEM))


def _turns_back(target: str) -> bool:
    names = [part for part in target.split("/") if part not in ("", ".")]
    return ".." in names[next((at for at, name in enumerate(names) if name != ".."), len(names)) :]


class HardLinks:
    """Files of several names; those with a name that was not met have it outside."""

    def __init__(self) -> None:
        self._left: dict[tuple[int, int], tuple[int, str]] = {}

    def meet(self, path: str, found: os.stat_result) -> None:
        """One name of a file with `st_nlink` above 1."""
        identity = (found.st_dev, found.st_ino)
        left, first = self._left.get(identity, (found.st_nlink, path))
        self._left[identity] = (left - 1, min(first, path))

    def outside(self) -> list[tuple[str, int]]:
        """The first path of each file with names outside, and how many those are."""
        return sorted((path, left) for left, path in self._left.values() if left > 0)
