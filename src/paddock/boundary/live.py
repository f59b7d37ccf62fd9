"""What in a repository leads out of it when it is mounted as it is (mode live): hard links, sockets.

The overlay of the other modes breaks both. Finding them takes a walk of the whole tree, which only this mode pays.
"""

from __future__ import annotations

import os
import stat

from paddock.boundary.base import Gap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_SHOWN = 3
# Git itself links objects between clones (git clone --local). They are read-only, and named by their content.
_LEFT_OUT = ".git/objects"


def gaps(repository: str) -> Iterator[Gap]:
    """A gap for hard links whose other names are outside, and one for sockets, where there are any."""
    links, sockets = _ways_out(repository)
    if links:
        yield Gap(
            name="hard-links",
            promise="what the command writes in the repository changes nothing outside of it",
            why=f"in mode live a write goes through hard links, and these have names outside: {_some(links)}",
            instead="--workspace review, which breaks them",
        )
    if sockets:
        yield Gap(
            name="host-sockets",
            promise="the host's services are out of reach",
            why=f"in mode live a program of the host that listens in the repository can be reached: {_some(sockets)}",
            instead="--workspace review, in which such sockets refuse connections",
        )


def _ways_out(repository: str) -> tuple[list[str], list[str]]:
    """Paths below the repository: files with names outside, and sockets."""
    linked: dict[tuple[int, int], tuple[int, str]] = {}  # device and inode → names left to find, one of them
    sockets: list[str] = []
    left = [""]
    while left:
        place = left.pop()
        for entry in _entries(f"{repository}/{place}"):
            path = f"{place}/{entry.name}".lstrip("/")
            found = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode):
                left += [path] if path != _LEFT_OUT else []
            elif stat.S_ISSOCK(found.st_mode):
                sockets.append(path)
            elif found.st_nlink > 1:
                identity = (found.st_dev, found.st_ino)
                linked[identity] = (linked.get(identity, (found.st_nlink, path))[0] - 1, path)
    return sorted(path for names, path in linked.values() if names > 0), sorted(sockets)


def _entries(directory: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as found:
            return list(found)
    except PermissionError:  # the command cannot enter it either
        return []


def _some(paths: list[str]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(paths[:_SHOWN]) + more
