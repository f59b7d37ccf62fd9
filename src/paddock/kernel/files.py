"""System calls on files that the standard library lacks: exchange, file-system sync, modes by path descriptor."""

from __future__ import annotations

import ctypes
import os

from paddock.kernel import libc

RENAME_EXCHANGE = 2  # <linux/fs.h>


def exchange(directory: int, one: str, other: str) -> None:
    """Swap two names of a directory in one step (renameat2(2)). Raises OSError, EINVAL where it is not supported."""
    names = (os.fsencode(one), os.fsencode(other))
    libc.call("renameat2", directory, names[0], directory, names[1], ctypes.c_uint(RENAME_EXCHANGE))


def sync_file_system(descriptor: int) -> None:
    """Write everything of the file system that `descriptor` lies on to the disk (syncfs(2))."""
    libc.call("syncfs", descriptor)


def change_mode(descriptor: int, mode: int) -> None:
    """Change the mode behind any descriptor, O_PATH ones included (fchmod(2) refuses those); never follows a link."""
    os.chmod(f"/proc/self/fd/{descriptor}", mode)


def reopen(descriptor: int, flags: int) -> int:
    """Open the very file of an O_PATH descriptor, whatever its name leads to by now."""
    return os.open(f"/proc/self/fd/{descriptor}", flags | os.O_CLOEXEC)
