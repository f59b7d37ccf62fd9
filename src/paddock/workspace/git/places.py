"""The git directories that a change set has layers of: the repository's own, its submodules', nested ones'.

One that only the sandbox has is not among them: its commits have nowhere to go.
"""

from __future__ import annotations

import os
import stat

from paddock.workspace import holding, shelf
from paddock.workspace.descent import below, split, stat_in
from paddock.workspace.entries import ENTER, Pair, traverse
from paddock.workspace.git import layer
from paddock.workspace.git.place import Opened, Place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.workspace.shelf import ChangeSetDirectory

MODULES = "modules"


def find(directory: ChangeSetDirectory) -> tuple[Place, ...]:
    """All git directories that a change set touches and the host has, its own first."""
    return tuple(place for place, known in _all(directory) if known)


def unknown(directory: ChangeSetDirectory) -> tuple[str, ...]:
    """Where in the repository the sandbox has a git directory of its own making."""
    return tuple(place.name for place, known in _all(directory) if not known)


def _all(directory: ChangeSetDirectory) -> Iterator[tuple[Place, bool]]:
    outside = layer.place(directory.path)
    if outside:
        yield outside, True
        yield from _modules(outside)
    with shelf.both(directory) as (upper, lower):
        root = os.path.realpath(f"/proc/self/fd/{lower}")
        for path, known in _git_directories(upper, lower):
            found = Place("" if path == ".git" else split(path)[0], directory.upper, path, f"{root}/{path}")
            yield found, known
            if known:
                yield from _modules(found)


def _git_directories(upper: int, lower: int) -> list[tuple[str, bool]]:
    """The paths of `.git` directories in the upper tree, and whether the lower one has them too."""
    pair = Pair(upper, lower)
    found = []
    try:
        for visit in traverse(pair):
            if visit.phase == ENTER and holding.is_git(visit.name):
                visit.skip = True
                if visit.name == ".git":  # git itself knows no other spelling
                    found.append((visit.path, visit.over_directory))
    finally:
        pair.close()
    return sorted(found, key=lambda one: (one[0] != ".git", one))


def _modules(place: Place) -> Iterator[tuple[Place, bool]]:
    """The submodules of a git directory, which lie in its `modules`, and theirs."""
    with Opened(place) as opened:
        pair = Pair(opened.upper, opened.lower)
        try:
            theirs = stat_in(opened.lower, MODULES)
            pair.enter(MODULES, both=theirs is not None and stat.S_ISDIR(theirs.st_mode))
            found = list(_repositories(pair))
        except (FileNotFoundError, NotADirectoryError):
            return
        finally:
            pair.close()
    for name, known in found:
        inner = below(place.inner, f"{MODULES}/{name}")
        module = Place(below(place.name, name), place.layer, inner, f"{place.lower}/{MODULES}/{name}")
        yield module, known
        if known:
            yield from _modules(module)


def _repositories(pair: Pair) -> Iterator[tuple[str, bool]]:
    """The directories that hold a HEAD, on either side, as far as the layer has them."""
    for visit in traverse(pair):
        if visit.phase != ENTER:
            continue
        known = pair.lower is not None and _has_head(pair.lower)
        if known or _has_head(pair.upper.fd):
            visit.skip = True
            yield visit.path, known


def _has_head(directory: int) -> bool:
    head = stat_in(directory, "HEAD")
    return head is not None and stat.S_ISREG(head.st_mode)
