"""openat2(2): open beneath a directory, whatever somebody makes of the path meanwhile.

Checking a path and then opening it is a race (CVE-2026-88968); here the kernel resolves once, and refuses.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from paddock.kernel import libc

# <linux/openat2.h>
RESOLVE_NO_XDEV, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS = 0x01, 0x02, 0x04  # NO_SYMLINKS: /proc's magic ones, too
RESOLVE_BENEATH, RESOLVE_IN_ROOT = 0x08, 0x10
# INVARIANT FS-08, FS-09: no component may be a link, none may lead above the starting directory, and none
# may cross into another mount (the sandbox's overlay does not see mounts below the repository either).
BENEATH = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV


def openat2(directory: int, path: str, flags: int, *, mode: int = 0, resolve: int = BENEATH) -> int:
    """Open `path` beneath the directory descriptor; the result is close-on-exec.

    Raises OSError: ELOOP for a link, EXDEV for a mount or a way out, else as open(2). `path` is shorter than
    4096 bytes; see `paddock.workspace.descent` for longer ones.
    """
    how = struct.pack("=QQQ", flags | os.O_CLOEXEC, mode, resolve)  # struct open_how
    arguments = (directory, os.fsencode(path), how, ctypes.c_size_t(len(how)))
    while True:
        try:
            return libc.syscall(libc.SYS_OPENAT2, *arguments)
        except InterruptedError:
            continue
        except OSError as error:
            raise OSError(error.errno, os.strerror(error.errno or errno.EIO), path) from None
