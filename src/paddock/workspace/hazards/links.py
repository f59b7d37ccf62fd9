"""Links at the top of a repository that give files other names: `CLAUDE.md -> docs/agents.md`.

Who edits the target edits what the link's name means to programs. All links of a repository could be found only
by walking it; those where the programs look, at the top and in its dotted directories, cost one listing each.
"""

from __future__ import annotations

import os
import posixpath

from paddock.workspace.descent import DIRECTORY, below, open_beneath

MOST = 1000


class Aliases:
    """Other names of paths."""

    def __init__(self, *roots: int) -> None:
        """`roots` are descriptors, which stay the caller's."""
        found: dict[str, str] = {}
        for root in roots:
            for directory in ("", *_dotted(root)):
                found.update(_links(root, directory))
        self._links = dict(list(found.items())[:MOST])

    def of(self, path: str) -> list[str]:
        """The other names of a path."""
        if not self._links:
            return []
        return [
            link + path[len(target) :]
            for link, target in self._links.items()
            if path == target or path.startswith(f"{target}/")
        ]


def _dotted(root: int) -> list[str]:
    with os.scandir(root) as entries:
        return [entry.name for entry in entries if entry.name[0] == "." and entry.is_dir(follow_symlinks=False)]


def _links(root: int, directory: str) -> dict[str, str]:
    """The links of a directory that stay in the tree, with where they lead."""
    found = {}
    try:
        place = open_beneath(root, directory, DIRECTORY)
    except OSError:
        return {}
    try:
        with os.scandir(place) as entries:
            for name in [entry.name for entry in entries if entry.is_symlink()]:
                target = posixpath.normpath(posixpath.join(directory, os.readlink(name, dir_fd=place)))
                if not target.startswith(("/", "..")) and target != ".":
                    found[below(directory, name)] = target
    except OSError:
        pass  # somebody is at work there; what is left is judged by its own names
    finally:
        os.close(place)
    return found
