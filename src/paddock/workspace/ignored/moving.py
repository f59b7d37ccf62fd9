"""What two trees show together, in one of them: by renames alone, each of which leaves that as it is."""

from __future__ import annotations

import os
import stat

from paddock.kernel import files, xattr
from paddock.workspace import holding, removal
from paddock.workspace.descent import PLACE, below, open_beneath, split, stat_in
from paddock.workspace.ignored.tree import DIRECTORY, OPAQUE, OTHER, Tree, prefixes, rename

_ENTER = os.O_RDONLY | os.O_DIRECTORY


def move_over(source: Tree, target: Tree, path: str, model: int) -> None:
    """Move a path to the tree below the one that it is in. What both show together is the same at every moment."""
    _move(source, target, path, model, hides=True)


def move_under(source: Tree, target: Tree, path: str, model: int) -> None:
    """Move a path to the tree above the one that it is in; what is hidden by that one goes away."""
    _move(source, target, path, model, hides=False)


def _move(source: Tree, target: Tree, path: str, model: int, *, hides: bool) -> None:
    parent, name = split(path)
    here = source.open(parent)
    if not hides and _is_hidden(target, parent):
        removal.remove(here, name)
        os.close(here)
        return
    there = target.make(parent, model)
    try:
        if stat_in(there, name) is not None:
            top, bottom = (source, target) if hides else (target, source)
            merge(top, bottom, path)
            removal.remove(there if hides else here, name)
        if stat_in(here, name) is not None:
            rename(here, name, there)
    finally:
        os.close(here)
        os.close(there)


def _is_hidden(top: Tree, path: str) -> bool:
    """Whether the upper tree lets nothing show in that directory: it, or one above, is opaque or something else."""
    return any(top.kind(above) in (OPAQUE, OTHER) for above in prefixes(path))


def merge(top: Tree, bottom: Tree, path: str = "") -> None:
    """Move from below what the upper tree does not hide, so that the lower one says nothing more.

    Each rename leaves what both show together as it is; a kill in between loses nothing, and the next merge goes on.
    """
    waiting, opaque = [path] if _mergeable(top, bottom, path) else [], []
    while waiting:
        here = waiting.pop()
        above, beneath = top.open(here), bottom.open(here)
        try:
            for name in os.listdir(beneath):
                if stat_in(above, name) is None:
                    rename(beneath, name, above)
                elif _mergeable(top, bottom, below(here, name)):
                    waiting.append(below(here, name))
            if xattr.is_opaque(beneath):
                opaque.append(here)
        finally:
            os.close(above)
            os.close(beneath)
    for here in opaque:  # only now that nothing is below that the mark would hide
        top.set_opaque(here)


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
