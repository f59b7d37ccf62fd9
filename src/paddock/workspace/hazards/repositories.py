"""What is a git repository, and what of one the host's git would obey.

The commits that a sandbox makes come over by git's own transfer; `.git` itself never does. So inside of it only
what git executes or is steered by is a hazard: objects, refs, the index and logs are not.
"""

from __future__ import annotations

import os
import stat

from paddock.workspace.descent import DIRECTORY, below, open_beneath, split, stat_in
from paddock.workspace.entries import is_whiteout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.workspace.hazards.sides import Sides

REPOSITORY, REPLACED, POINTER, BARE = "git-repository", "git-replaced", "git-pointer", "git-bare"
MOST_ENTRIES = 20_000
_DATA = frozenset(["objects", "logs", "refs", "lfs"])  # directories whose content git checks or does not execute
_STEERING = {"objects": ("info/alternates", "info/http-alternates"), "refs": ("replace",)}
# A change of one of these can make a repository of its directory, or change what one does.
_MARKS = frozenset(["head", "config", "config.worktree", "commondir", "objects", "refs"])
INNER = frozenset(["hooks", "info"])  # the same one level further up
SHAPE = ("HEAD", "commondir", "objects", "refs")  # what makes a repository of a directory


def steering(upper: int, git: str) -> Iterator[tuple[str, os.stat_result]]:
    """Every file and link that a sandbox changed in a git directory, but for plain data.

    After MOST_ENTRIES it ends, with an empty path.
    """
    left, seen = [git], 0
    while left:
        directory = left.pop()
        for name, found in _entries(upper, directory):
            path = below(directory, name)
            seen += 1
            if seen > MOST_ENTRIES:
                yield "", found
                return
            if is_whiteout(found):
                continue
            if not stat.S_ISDIR(found.st_mode):
                yield path, found
            elif name not in _DATA:
                left.append(path)
            else:
                left += [below(path, inner) for inner in _STEERING.get(name, ()) if "/" not in inner]
                yield from _known(upper, path, _STEERING.get(name, ()))


def _known(upper: int, directory: str, names: tuple[str, ...]) -> Iterator[tuple[str, os.stat_result]]:
    for name in names:
        parent, last = split(below(directory, name))
        yield from ((below(parent, last), found) for entry, found in _entries(upper, parent, only=last) if entry)


def _entries(upper: int, directory: str, *, only: str = "") -> Iterator[tuple[str, os.stat_result]]:
    try:
        place = open_beneath(upper, directory, DIRECTORY)
    except OSError:
        return  # gone, or a mode that keeps everybody out
    try:
        found = [(name, stat_in(place, name)) for name in ([only] if only else sorted(os.listdir(place)))]
    finally:
        os.close(place)
    yield from ((name, about) for name, about in found if about is not None)


class Bare:
    """Which directories look like repositories to git, by what the merged tree has in them."""

    def __init__(self, sides: Sides) -> None:
        self._sides = sides
        self._known: dict[str, bool] = {}

    def around(self, parent: str, name: str) -> str | None:
        """The directory with the shape of a repository that a change makes or steers, "" for the top."""
        if name.lower() in _MARKS and self._is_one(parent):
            return parent
        above, inner = split(parent)
        return above if inner.lower() in INNER and self._is_one(above) else None

    def _is_one(self, directory: str) -> bool:
        """As git's is_git_directory (setup.c): HEAD, and objects and refs here or where `commondir` says."""
        if any(part.lower() == ".git" for part in directory.split("/")):
            return False  # judged as what it is
        found = self._known.get(directory)
        if found is None:
            if len(self._known) > MOST_ENTRIES:
                self._known.clear()
            has = self._sides.has
            found = has(below(directory, "HEAD")) and (
                has(below(directory, "commondir"))
                or (has(below(directory, "objects")) and has(below(directory, "refs")))
            )
            self._known[directory] = found
        return found
