"""Ignored files in directories that only one change set has: out of its upper directory between sessions.

CHANGE-SET/own/ holds them by number, and the file `paths` says where each belongs. It is written before anything
moves, and everything moves by one rename: killed anywhere, the next session brings back what is there.
"""

from __future__ import annotations

import errno
import os

from paddock.workspace import removal, shelf
from paddock.workspace.descent import split, stat_in
from paddock.workspace.ignored.tree import Tree, rename

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_PATHS = "paths"
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_PLACE = frozenset([errno.ENOENT, errno.ENOTDIR, errno.ELOOP])


def park(change_set: int, upper: Tree, paths: Sequence[str]) -> None:
    """Take paths out of the upper directory of the change set whose descriptor is given; none are parked yet."""
    if not paths:
        return
    os.mkdir(shelf.OWN, 0o700, dir_fd=change_set)
    place = os.open(shelf.OWN, _DIRECTORY, dir_fd=change_set)
    try:
        os.fchmod(place, 0o700)  # whatever the umask is
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with open(os.open(_PATHS, flags, 0o600, dir_fd=place), "wb") as file:
            file.writelines(os.fsencode(path) + b"\0" for path in paths)
        for number, path in enumerate(paths):
            parent, name = split(path)
            here = upper.open(parent)
            try:
                rename(here, name, place, str(number))
            finally:
                os.close(here)
    finally:
        os.close(place)


def unpark(change_set: int, upper: Tree, lower: int) -> None:
    """Bring everything back to where it was. What has no place any more, here or in the repository, goes away."""
    if stat_in(change_set, shelf.OWN) is None:
        return
    place = os.open(shelf.OWN, _DIRECTORY, dir_fd=change_set)
    try:
        for number, path in enumerate(_listed(place)):
            if stat_in(place, str(number)) is not None:
                _bring_back(place, str(number), path, upper, lower)
    finally:
        os.close(place)
    removal.remove(change_set, shelf.OWN)


def _listed(place: int) -> list[str]:
    try:
        descriptor = os.open(_PATHS, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=place)
    except FileNotFoundError:
        return []  # killed before anything moved
    with open(descriptor, "rb") as file:
        return [os.fsdecode(path) for path in file.read().split(b"\0")[:-1]]


def _bring_back(place: int, number: str, path: str, upper: Tree, lower: int) -> None:
    parent, name = split(path)
    try:
        there = upper.make(parent, lower)  # an apply takes directories out of the upper tree that the host has then
    except OSError as error:
        if error.errno in _NO_PLACE:
            return
        raise
    try:
        if stat_in(there, name) is None:
            rename(place, number, there, name)
    finally:
        os.close(there)
