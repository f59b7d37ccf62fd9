"""System calls on files that the standard library lacks: exchange, file-system sync, modes by path descriptor."""

from __future__ import annotations

import ctypes
import fcntl
import os
import sys

from paddock.kernel import libc

RENAME_EXCHANGE = 2  # <linux/fs.h>
_FS_IOC_GETFLAGS, _FS_IOC_SETFLAGS, _FS_TOPDIR_FL = 0x80086601, 0x40086602, 0x20000


def exchange(directory: int, one: str, other: str) -> None:
    """Swap two names of a directory in one step (renameat2(2)). Raises OSError, EINVAL where it is not supported."""
    names = (os.fsencode(one), os.fsencode(other))
    libc.call("renameat2", directory, names[0], directory, names[1], ctypes.c_uint(RENAME_EXCHANGE))


def sync_file_system(descriptor: int) -> None:
    """Write everything of the file system that `descriptor` lies on to the disk (syncfs(2))."""
    libc.call("syncfs", descriptor)


def spread_below(directory: str) -> None:
    """Tell the file system that directories in it have nothing to do with each other (chattr(1), T).

    Ext4 gives each a region of its own then. Nothing happens where a file system knows no such hint.
    """
    held = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    flags = bytearray(8)  # the kernel reads and writes an int
    try:
        fcntl.ioctl(held, _FS_IOC_GETFLAGS, flags)
        flags[:4] = (int.from_bytes(flags[:4], sys.byteorder) | _FS_TOPDIR_FL).to_bytes(4, sys.byteorder)
        fcntl.ioctl(held, _FS_IOC_SETFLAGS, flags)
    except OSError:
        return
    finally:
        os.close(held)


def change_mode(descriptor: int, mode: int) -> None:
    """Change the mode behind any descriptor, O_PATH ones included (fchmod(2) refuses those); never follows a link."""
    os.chmod(f"/proc/self/fd/{descriptor}", mode)


def reopen(descriptor: int, flags: int) -> int:
    """Open the very file of an O_PATH descriptor, whatever its name leads to by now."""
    return os.open(f"/proc/self/fd/{descriptor}", flags | os.O_CLOEXEC)
