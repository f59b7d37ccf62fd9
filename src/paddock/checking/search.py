"""Where the configurations of a directory are: its own, and those of the projects below it.

A tool that opens a folder looks for `.devcontainer/devcontainer.json`, `.devcontainer.json`, and one level of folders
in `.devcontainer` (containers.dev/implementors/spec, "devcontainer.json"); any of them may be the one that is used.
"""

from __future__ import annotations

import os

from paddock.devcontainer.finding import FIRST
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME, _FOLDER = "devcontainer.json", ".devcontainer"
# Nobody opens these as a folder of their own, and they may hold most of a repository's files.
_LEFT_OUT = frozenset({".git", "node_modules", "__pycache__", ".venv", "venv", ".tox"})
_DEEPEST = 8
_MOST_ENTRIES = 200_000


@frozen
class Opened:
    """A folder that a tool could open, absolute, and its configurations, relative to it; the one used by default
    first.
    """

    folder: str
    configurations: tuple[str, ...]


def of_folder(folder: str) -> Opened:
    """What a tool finds that opens this very folder."""
    inner = sorted(entry.name for entry in _entries(f"{folder}/{_FOLDER}"))
    candidates = (*FIRST, *(f"{_FOLDER}/{name}/{_NAME}" for name in inner))
    # A FIFO or a link that leads nowhere is found too: reading says what is wrong with it.
    return Opened(folder, tuple(one for one in candidates if os.path.lexists(f"{folder}/{one}")))


def of_file(path: str) -> Opened:
    """The folder that a configuration is for, by its place; that of any other file is the one that holds it."""
    held, name = os.path.split(os.path.abspath(path))
    above, last = os.path.split(held)
    if last == _FOLDER:
        return Opened(above, (f"{_FOLDER}/{name}",))
    if os.path.basename(above) == _FOLDER and name == _NAME:
        return Opened(os.path.dirname(above), (f"{_FOLDER}/{last}/{name}",))
    return Opened(held, (name,))


def below(top: str) -> tuple[tuple[Opened, ...], bool]:
    """Every folder from `top` on that has a configuration, and whether all could be looked at."""
    found: list[Opened] = []
    seen, complete = 0, True
    waiting = [(top, 0)]
    while waiting:
        folder, depth = waiting.pop()
        entries = list(_entries(folder))
        seen += len(entries)
        if seen > _MOST_ENTRIES:
            return tuple(found), False
        names = {entry.name for entry in entries}
        if names & {_FOLDER, FIRST[1]}:
            opened = of_folder(folder)
            found += [opened] if opened.configurations else []
        folders = [
            it.path for it in entries if it.name not in (_FOLDER, *_LEFT_OUT) and it.is_dir(follow_symlinks=False)
        ]
        complete = complete and (depth < _DEEPEST or not folders)
        waiting += [(path, depth + 1) for path in sorted(folders, reverse=True)] if depth < _DEEPEST else []
    return tuple(found), complete


def around(folder: str, *, most: int = 5_000, deepest: int = 3) -> tuple[frozenset[str], bool]:
    """The files of a folder, of its first levels and of all of `.devcontainer`, and whether these are all of them.

    Relative names. Directories end with a slash; what is in `.git` and the like is left out.
    """
    found: set[str] = set()
    waiting = [("", 0)]
    complete = True
    while waiting:
        prefix, depth = waiting.pop()
        for entry in _entries(f"{folder}/{prefix}"):
            if len(found) >= most:
                return frozenset(found), False
            name = f"{prefix}{entry.name}"
            if not entry.is_dir(follow_symlinks=False):
                found.add(name)
                continue
            found.add(f"{name}/")
            limit = _DEEPEST if name.startswith(_FOLDER) else deepest
            if entry.name not in _LEFT_OUT and depth + 1 < limit:
                waiting.append((f"{name}/", depth + 1))
            else:
                complete = complete and entry.name in _LEFT_OUT
    return frozenset(found), complete


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except OSError:  # it is gone, or may not be read; then a tool that runs as this person finds nothing there either
        return
