"""A layer whose entries move to another one: by renames alone, whatever modes its directories have."""

from __future__ import annotations

import os
import stat

from paddock.kernel import files, xattr
from paddock.workspace import holding, removal
from paddock.workspace.descent import PLACE, below, open_beneath, split, stat_in

NOTHING, DIRECTORY, OPAQUE, OTHER = "nothing", "directory", "opaque directory", "something else"
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY
_ALL = stat.S_IRWXU


class Tree:
    """A tree that we hold alone. Directories that keep their owner out are opened up until `close`.

    A kill leaves them open: what is in layers comes from programs, which seldom mind.
    """

    def __init__(self, root: int) -> None:
        """`root` stays the caller's."""
        self.root = root
        self._modes: dict[str, int] = {}

    def open(self, path: str) -> int:
        """A directory's descriptor, with all rights for its owner. Raises OSError."""
        try:
            place = open_beneath(self.root, path, PLACE)
        except PermissionError:
            for above in prefixes(path):
                self._open_up(above)
            place = open_beneath(self.root, path, PLACE)
        try:
            self._open_up(path, place)
            return files.reopen(place, _DIRECTORY)
        finally:
            os.close(place)

    def _open_up(self, path: str, place: int | None = None) -> None:
        descriptor = open_beneath(self.root, path, PLACE) if place is None else place
        try:
            mode = os.fstat(descriptor).st_mode & 0o7777
            if mode & _ALL != _ALL:
                self._modes.setdefault(path, mode)
                files.change_mode(descriptor, mode | _ALL)
        finally:
            if place is None:
                os.close(descriptor)

    def make(self, path: str, model: int) -> int:
        """As `open`; directories that are missing are made as the tree `model` has them, with their owners.

        Raises OSError, ENOENT where that one has not got them either, ENOTDIR where something else is in the way.
        """
        for prefix in prefixes(path):
            parent, name = split(prefix)
            here = self.open(parent)
            try:
                if stat_in(here, name) is None:
                    _imitate(here, name, prefix, model)
            finally:
                os.close(here)
        return self.open(path)

    def kind(self, path: str) -> str:
        """What is there: NOTHING, a DIRECTORY that lets others show, an OPAQUE one, or OTHER."""
        parent, name = split(path)
        try:
            here = self.open(parent)
        except (FileNotFoundError, NotADirectoryError):
            return NOTHING
        try:
            found = stat_in(here, name) if name else os.fstat(here)
        finally:
            os.close(here)
        if found is None:
            return NOTHING
        if not stat.S_ISDIR(found.st_mode):
            return OTHER
        here = self.open(path)
        try:
            return OPAQUE if xattr.is_opaque(here) else DIRECTORY
        finally:
            os.close(here)

    def set_opaque(self, path: str, *, opaque: bool = True) -> None:
        """Let a directory hide what is below it, or show that."""
        here = self.open(path)
        try:
            xattr.set_opaque(here, opaque=opaque)
        finally:
            os.close(here)

    def remove(self, path: str) -> None:
        """Remove what is there, if it is."""
        parent, name = split(path)
        try:
            here = self.open(parent)
        except FileNotFoundError:
            return
        try:
            removal.remove(here, name)
        finally:
            os.close(here)

    def remove_if_empty(self, path: str) -> None:
        """Remove a directory that leads to nothing."""
        parent, name = split(path)
        try:
            here = self.open(parent)
        except FileNotFoundError:
            return
        try:
            os.rmdir(name, dir_fd=here)
        except OSError:
            return  # it leads to something, or has gone
        finally:
            os.close(here)

    def close(self) -> None:
        """Give the directories their modes back, the deepest first."""
        for path, mode in sorted(self._modes.items(), reverse=True):
            try:
                place = open_beneath(self.root, path, PLACE)
            except OSError:
                continue  # it has moved on, with its mode
            files.change_mode(place, mode)
            os.close(place)
        self._modes.clear()


def prefixes(path: str) -> list[str]:
    """`a`, `a/b`, `a/b/c` of `a/b/c`; nothing of the root."""
    names = path.split("/") if path else []
    return ["/".join(names[:count]) for count in range(1, len(names) + 1)]


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


def is_opaque(root: int, path: str) -> bool:
    """Whether a directory hides what is below it. One that we may not read, may."""
    try:
        here = open_beneath(root, path, _DIRECTORY)
    except OSError:
        return True
    try:
        return xattr.is_opaque(here)
    finally:
        os.close(here)


def rename(source: int, name: str, target: int, new_name: str = "") -> None:
    """Move one name to another directory. Moving a directory changes its "..", for which its owner must write to it."""
    new_name = new_name or name
    try:
        os.rename(name, new_name, src_dir_fd=source, dst_dir_fd=target)
    except PermissionError:
        place = open_beneath(source, name, PLACE)
        try:
            mode = os.fstat(place).st_mode & 0o7777
            files.change_mode(place, mode | _ALL)
            try:
                os.rename(name, new_name, src_dir_fd=source, dst_dir_fd=target)
            finally:
                files.change_mode(place, mode)
        finally:
            os.close(place)


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
        hidden = open_beneath(lower, path, _DIRECTORY)
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
    if mode & _ALL != _ALL:
        files.change_mode(place, mode | _ALL)
    try:
        descriptor = files.reopen(place, _DIRECTORY)
        xattr.set_opaque(descriptor, opaque=True)
        os.close(descriptor)
    finally:
        if mode & _ALL != _ALL:
            files.change_mode(place, mode)


def _imitate(directory: int, name: str, path: str, model: int) -> None:
    """Make a directory with mode and owner as the model has them; overlayfs shows those of the topmost layer."""
    place = open_beneath(model, path, PLACE)
    try:
        found = os.fstat(place)
    finally:
        os.close(place)
    os.mkdir(name, 0o700, dir_fd=directory)
    if os.geteuid() == 0:
        os.chown(name, found.st_uid, found.st_gid, dir_fd=directory)
    os.chmod(name, found.st_mode & 0o1777 | 0o700, dir_fd=directory)
