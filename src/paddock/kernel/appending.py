"""What a process must not be able to call, so that it can add to the files it holds and never change what is in them.

O_APPEND alone binds nobody: whoever holds a descriptor may take that flag off again (fcntl(2), F_SETFL), cut the file
(ftruncate(2)), punch holes into it (fallocate(2)) or write at a place of their choice (on Linux pwrite(2) appends, but
pwritev2(2) has RWF_NOAPPEND). So a filter takes these calls away, and opening files for writing with them.
"""

from __future__ import annotations

import errno
import os

from paddock.kernel.seccomp import Deny, Where

_F_SETFL = 4
_WRITING = 0o3 | os.O_CREAT | os.O_TRUNC  # O_ACCMODE and more; O_RDONLY is 0

RULES = (
    Deny(
        ("fcntl",), errno.EPERM, "what is opened for appending stays so",
        (Where(1, (_F_SETFL,)), Where(2, (0,), os.O_APPEND)),
    ),
    Deny(("ftruncate", "truncate", "fallocate"), errno.EPERM, "nothing is cut"),
    Deny(("pwrite64", "pwritev", "pwritev2"), errno.EPERM, "nothing is written but at the end"),
    Deny(("open",), errno.EACCES, "files are read only", (Where(1, (0,), _WRITING, other=True),)),
    Deny(("openat",), errno.EACCES, "files are read only", (Where(2, (0,), _WRITING, other=True),)),
    Deny(("creat",), errno.EACCES, "files are read only"),
    # Which flags those are is in memory with openat2; the C library does not use it.
    Deny(("openat2",), errno.ENOSYS, "files are opened by calls whose flags can be seen"),
    Deny(
        ("io_uring_setup", "io_uring_enter", "io_uring_register"), errno.EPERM,
        "does system calls that no filter sees",
    ),
)  # fmt: skip
