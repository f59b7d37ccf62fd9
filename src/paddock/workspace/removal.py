"""Removal of whole trees that others made: odd modes, odd names, any depth, and never through a link.

`shutil.rmtree` recurses, and stops at a directory that its owner may not read. Here every directory that
is met inside is first moved to the top of the tree; nothing is ever deeper than two levels then, and nobody
has to climb.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from paddock.kernel import files
from paddock.kernel.openat2 import openat2
from paddock.workspace.descent import DIRECTORY, PLACE, stat_in


def remove(directory: int, name: str) -> None:
    """Remove what is at `name`, a tree or not. Nothing there is no error. Can be repeated after a crash."""
    found = stat_in(directory, name)
    if found is None:
        return
    if not stat.S_ISDIR(found.st_mode):
        _unlink(directory, name)
        return
    top = _open_anyhow(directory, name)
    try:
        _empty(top)
    finally:
        os.close(top)
    os.rmdir(name, dir_fd=directory)


def _empty(top: int) -> None:
    waiting = _clear_files(top)
    taken = set(waiting)
    number = 0
    while waiting:
        name = waiting.pop()
        inner = _open_anyhow(top, name)
        try:
            for deeper in _clear_files(inner):
                while (place := str(number)) in taken:
                    number += 1
                number += 1
                # Moving a directory changes its "..", for which its owner needs to write to it.
                os.close(_open_anyhow(inner, deeper))
                os.rename(deeper, place, src_dir_fd=inner, dst_dir_fd=top)
                waiting.append(place)
        finally:
            os.close(inner)
        os.rmdir(name, dir_fd=top)


def _clear_files(directory: int) -> list[str]:
    """Unlink everything but directories, and name those."""
    with os.scandir(directory) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_directory in found:
        if not is_directory:
            _unlink(directory, name)
    return [name for name, is_directory in found if is_directory]


def _unlink(directory: int, name: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=directory)


def _open_anyhow(directory: int, name: str) -> int:
    """Open a directory that is to go, with all rights for its owner (overlayfs leaves a `work` of mode 000)."""
    place = openat2(directory, name, PLACE)
    try:
        if os.fstat(place).st_mode & stat.S_IRWXU != stat.S_IRWXU:
            files.change_mode(place, stat.S_IRWXU)
        return files.reopen(place, DIRECTORY & ~os.O_NOFOLLOW)
    finally:
        os.close(place)
