"""What two trees show together, in one of them: by renames alone, each of which leaves that as it is."""

from __future__ import annotations

import os
import stat

from paddock.kernel import files, xattr
from paddock.workspace import holding, removal
from paddock.workspace.descent import PLACE, below, open_beneath, split, stat_in
from paddock.workspace.ignored.tree import DIRECTORY, OPAQUE, OTHER, Tree, prefixes, rename

_ENTER = os.O_RDONLY | os.O_DIRECTORY


def move_over(source: Tree, target: Tree, path: str, *models: int) -> None:
    """Move a path from the upper tree to the lower one; `models` as in `Tree.make`."""
    parent, name = split(path)
    here, there = source.open(parent), target.make(parent, *models)
    try:
        if _mergeable(source, target, path):
            merge(source, target, path)
            source.remove_if_empty(path)
        else:
            _replace(here, name, there)
    finally:
        os.close(here)
        os.close(there)


def move_under(source: Tree, target: Tree, path: str, *models: int) -> None:
    """Move what is no directory from the lower tree to the upper one, or away where that hides it."""
    parent, name = split(path)
    here = source.open(parent)
    try:
        if any(target.kind(above) in (OPAQUE, OTHER) for above in prefixes(parent)):
            removal.remove(here, name)
            return
        there = target.make(parent, *models)
        try:
            if stat_in(there, name) is None:
                rename(here, name, there)
            else:
                removal.remove(here, name)
        finally:
            os.close(there)
    finally:
        os.close(here)


def merge(top: Tree, bottom: Tree, path: str = "") -> None:
    """Move what the upper tree says down to the lower one; of the upper one nothing is left but the directory itself.

    Costs what the upper one holds. A kill in between loses nothing, and the next merge goes on.
    """
    waiting, seen = [path], []
    while waiting:
        here = waiting.pop()
        seen.append(here)
        above, beneath = top.open(here), bottom.open(here)
        try:
            for name in os.listdir(above):
                if _mergeable(top, bottom, below(here, name)):
                    waiting.append(below(here, name))
                else:
                    _replace(above, name, beneath)
            if here:
                bottom.imitate(here, top)
        finally:
            os.close(above)
            os.close(beneath)
    for here in reversed(seen[1:]):
        top.remove_if_empty(here)


def _replace(source: int, name: str, target: int) -> None:
    """Move a name to another directory, in place of what it hides there."""
    found, hidden = stat_in(source, name), stat_in(target, name)
    if found is None:
        return
    if hidden is not None and (stat.S_ISDIR(hidden.st_mode) or stat.S_ISDIR(found.st_mode)):
        removal.remove(target, name)
    rename(source, name, target)


def _mergeable(top: Tree, bottom: Tree, path: str) -> bool:
    """Whether both have a directory there, and the upper one lets the lower one show."""
    if len(os.fsencode(path)) > holding.LONGEST_PATH:
        return False  # nobody can open it by its path
    return top.kind(path) == DIRECTORY and bottom.kind(path) in (DIRECTORY, OPAQUE)


def see_through(tree: Tree, path: str, lowers: list[int]) -> None:
    """Let a lower tree show through the directories above `path`, saying of each hidden name that it is deleted.

    What is moved below an opaque directory would be out of sight. Every step keeps the meaning of the whole.
    """
    for above in prefixes(split(path)[0]):
        here = tree.open(above)
        try:
            if xattr.is_opaque(here):
                for lower in lowers:
                    _say_deleted(here, lower, above)
                xattr.set_opaque(here, opaque=False)
        finally:
            os.close(here)


def _say_deleted(here: int, lower: int, path: str) -> None:
    try:
        hidden = open_beneath(lower, path, _ENTER)
    except OSError:
        return  # nothing there that could show
    try:
        for name in os.listdir(hidden):
            ours = stat_in(here, name)
            if ours is None:
                os.mknod(name, stat.S_IFCHR, os.makedev(0, 0), dir_fd=here)  # WHITEOUT_DEV, mknod(2), Linux 5.8
            elif stat.S_ISDIR(ours.st_mode):
                inner = open_beneath(here, name, PLACE)
                try:
                    _mark_opaque(inner)
                finally:
                    os.close(inner)
    finally:
        os.close(hidden)


def _mark_opaque(place: int) -> None:
    mode = os.fstat(place).st_mode & 0o7777
    if mode & stat.S_IRWXU != stat.S_IRWXU:
        files.change_mode(place, mode | stat.S_IRWXU)
    try:
        descriptor = files.reopen(place, _ENTER)
        xattr.set_opaque(descriptor, opaque=True)
        os.close(descriptor)
    finally:
        if mode & stat.S_IRWXU != stat.S_IRWXU:
            files.change_mode(place, mode)
