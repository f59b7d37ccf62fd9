"""A process that can add to the files it holds, and never change what is in them, whoever takes it over.

O_APPEND alone binds nobody: whoever holds a descriptor may take that flag off again (fcntl(2), F_SETFL), cut the file
(ftruncate(2)), punch holes into it (fallocate(2)) or write at a place of their choice (on Linux pwrite(2) appends, but
pwritev2(2) has RWF_NOAPPEND). So a filter takes these calls away, and opening files for writing with them.
"""

from __future__ import annotations

import errno
import os

from paddock.kernel import seccomp
from paddock.kernel.seccomp import Deny, Where

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.kernel.seccomp import Machine

_F_SETFL = 4
_ACCESS = 3  # O_ACCMODE; O_RDONLY is 0

_TABLE = (
    Deny(
        ("fcntl",), errno.EPERM, "what is opened for appending stays so",
        (Where(1, (_F_SETFL,)), Where(2, (0,), os.O_APPEND)),
    ),
    Deny(("ftruncate", "truncate", "fallocate"), errno.EPERM, "nothing is cut"),
    Deny(("pwrite64", "pwritev", "pwritev2"), errno.EPERM, "nothing is written but at the end"),
    Deny(("open",), errno.EACCES, "files are opened for reading only", (Where(1, (0,), _ACCESS, other=True),)),
    Deny(("openat",), errno.EACCES, "files are opened for reading only", (Where(2, (0,), _ACCESS, other=True),)),
    Deny(("creat",), errno.EACCES, "files are opened for reading only"),
    Deny(("openat2",), errno.ENOSYS, "its flags are in memory"),
    Deny(
        ("io_uring_setup", "io_uring_enter", "io_uring_register"), errno.EPERM,
        "does system calls that no filter sees",
    ),
)  # fmt: skip


def allow_appending_only() -> None:
    """Bind this process, and all that it will start, for ever. Needs no_new_privs. Raises OSError or ValueError."""
    name = os.uname().machine
    machine: Machine = "aarch64" if name == "aarch64" else "x86_64"
    if name != machine:
        message = f"no system-call table for {name}"
        raise ValueError(message)
    seccomp.install(seccomp.compile_rules(_TABLE, machine))
