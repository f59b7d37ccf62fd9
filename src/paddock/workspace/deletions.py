"""What a whiteout or an opaque directory takes away: everything that the lower tree has there."""

from __future__ import annotations

import errno
import os
import stat

from paddock.workspace import holding
from paddock.workspace.change import Change
from paddock.workspace.descent import Descent, below, stat_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator


def removed(path: str, found: os.stat_result, held: str = "") -> Change:
    """The deletion of one lower entry."""
    if _is_repository(path, found):
        held = "git"
    return Change(path, "deleted", old_mode=found.st_mode, old_size=found.st_size, held=held)


def _is_repository(path: str, found: os.stat_result) -> bool:
    """Whether it is git's. A submodule's pointer may go with the submodule: what it names lies elsewhere."""
    parent, _, name = path.rpartition("/")
    return holding.is_git(name) and not (parent and stat.S_ISREG(found.st_mode))


def gone(directory: int, name: str, path: str) -> Iterator[Change]:
    """Deletion of what the lower directory has at `name`, the deepest first."""
    found = stat_in(directory, name)
    if found is None:
        return
    held = ""
    if stat.S_ISDIR(found.st_mode) and not holding.is_git(name):
        held = yield from beneath(directory, name, path)
    yield removed(path, found, held)


class _Level:
    """A lower directory on the way down; `held` says why its name cannot go."""

    __slots__ = ("found", "held", "names", "path")

    def __init__(self, path: str, found: os.stat_result | None) -> None:
        self.path = path
        self.found = found
        self.names: list[str] = []
        self.held = ""


def beneath(directory: int, name: str, path: str) -> Generator[Change, None, str]:
    """Deletion of everything below a lower directory, at any depth, and whether (why) something of it stays.

    The cost is bounded by that directory.
    """
    descent = Descent(directory)
    top = _Level(path, None)
    way = [top]
    try:
        if held := _enter(descent, name, top):
            return held
        while way:
            level = way[-1]
            if level.names:
                yield from _next(descent, level, way)
                continue
            way.pop()
            if level.found and way:
                descent.up()
                way[-1].held = way[-1].held or level.held
                yield removed(level.path, level.found, level.held)
        return top.held
    finally:
        descent.close()


def _next(descent: Descent, level: _Level, way: list[_Level]) -> Iterator[Change]:
    name = level.names.pop()
    found = stat_in(descent.fd, name)
    if found is None:
        return
    inner = _Level(below(level.path, name), found)
    if stat.S_ISDIR(found.st_mode) and not holding.is_git(name):
        inner.held = _enter(descent, name, inner)
        if not inner.held:
            way.append(inner)
            return
    change = removed(inner.path, found, inner.held)
    level.held = level.held or change.held
    yield change


def _enter(descent: Descent, name: str, level: _Level) -> str:
    """Go down and list; or stay, and say why."""
    try:
        descent.down(name)
    except OSError as error:
        if error.errno == errno.EXDEV:
            return "mount"
        if error.errno == errno.EACCES:
            return "unreadable"
        raise
    level.names = sorted(os.listdir(descent.fd), reverse=True)
    return ""
