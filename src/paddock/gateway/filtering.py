"""The system calls that the gateway's process gives up: its third wall, behind its ids and Landlock (threat E21).

It reads what a sandbox sends, so it is written in Python, and this is for the day on which that was not enough. What
it still can: sockets, threads, and reading the files that resolving a name takes.
"""

from __future__ import annotations

import errno

from paddock.kernel import appending, seccomp
from paddock.kernel.seccomp import Deny, Where

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.kernel.seccomp import Machine

_CLONE_THREAD = 0x10000
_WRITE_EXECUTE = 0x2 | 0x4  # PROT_WRITE, PROT_EXEC

_MORE = (
    Deny(("execve", "execveat"), errno.EPERM, "no other program"),
    Deny(("fork", "vfork"), errno.EPERM, "no other process"),
    Deny(("clone",), errno.EPERM, "no other process, but threads", (Where(0, (0,), _CLONE_THREAD),)),
    Deny(
        ("kill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal", "process_madvise"),
        errno.EPERM, "the person's other processes",
    ),
    Deny(
        (
            "unlink", "unlinkat", "rename", "renameat", "renameat2", "mkdir", "mkdirat", "rmdir",
            "link", "linkat", "symlink", "symlinkat", "mknod", "mknodat", "chmod", "fchmodat", "fchmodat2", "chown",
            "lchown", "fchownat",
        ), errno.EPERM, "no change of files",
    ),
    Deny(
        ("mmap", "mprotect", "pkey_mprotect"), errno.EACCES, "no code that was just written",
        (Where(2, (_WRITE_EXECUTE,), _WRITE_EXECUTE),),
    ),
)  # fmt: skip


def program(machine: Machine) -> bytes:
    """The filter for one kind of machine."""
    # The record is the one file that it holds: it can add to it, and not take back what is written (threat A9).
    rules = (*seccomp.rules("default", neighbours=True), *appending.RULES, *_MORE)
    return seccomp.compile_rules(rules, machine)


def install() -> None:
    """Bind this process to it, for ever. Needs no_new_privs, and that there is one thread. Raises OSError."""
    machine = seccomp.machine_here()
    if machine:
        seccomp.install(program(machine))
