"""Which other held change sets touch the same paths: told when one is applied, not when the next one fails."""

from __future__ import annotations

import errno
import os
import stat

from paddock.frozen import frozen
from paddock.kernel import xattr
from paddock.kernel.openat2 import openat2
from paddock.workspace import shelf
from paddock.workspace.applying import verdicts
from paddock.workspace.descent import DIRECTORY, open_beneath
from paddock.workspace.ignored.tree import prefixes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from paddock.workspace.shelf import ChangeSetDirectory

_REPLACED = frozenset([errno.ENOTDIR, errno.ELOOP])


@frozen
class Overlap:
    """Another change set of the repository, and which of the given paths it changes too."""

    name: str
    paths: tuple[str, ...]
    in_use: bool


def after(directory: ChangeSetDirectory, applied: Iterable[str]) -> tuple[Overlap, ...]:
    """The change sets that an apply of these paths has got in the way of; sorted by name.

    Costs a look per path and change set, whatever they hold.
    """
    paths = list(applied)
    others = [held for held in shelf.listing(directory.repository) if held.directory.name != directory.name]
    if not paths or not others:
        return ()
    found = []
    lower = os.open(directory.repository, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for held in sorted(others, key=lambda held: held.directory.name):
            touched = _touched(held.directory, paths, lower)
            if touched:
                found.append(Overlap(held.directory.name, touched, held.in_use))
    finally:
        os.close(lower)
    return tuple(found)


def _touched(other: ChangeSetDirectory, paths: list[str], lower: int) -> tuple[str, ...]:
    try:
        upper = os.open(other.upper, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return ()  # gone since it was listed, or `chmod 000 .` inside of it: the next apply sees
    known: dict[str, bool] = {}
    try:
        return tuple(path for path in paths if _touches(upper, path, lower, known))
    finally:
        os.close(upper)


def _touches(upper: int, path: str, lower: int, known: dict[str, bool]) -> bool:
    try:
        place = openat2(upper, path, os.O_PATH | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno in _REPLACED:
            return True  # it deleted or replaced a directory above
        return any(_is_opaque(upper, above, known) for above in prefixes(path)[:-1])
    try:
        is_directory = stat.S_ISDIR(os.fstat(place).st_mode)
    finally:
        os.close(place)
    if not is_directory:
        return True
    host = verdicts.look(lower, path)  # two that add to one directory are in nobody's way
    return host is None or not stat.S_ISDIR(host.st_mode) or _is_opaque(upper, path, known)


def _is_opaque(upper: int, path: str, known: dict[str, bool]) -> bool:
    if path not in known:
        try:
            place = open_beneath(upper, path, DIRECTORY)
        except OSError:
            known[path] = False
        else:
            known[path] = xattr.is_opaque(place)
            os.close(place)
    return known[path]
