"""Which calls a filter refuses and which the kernel: both say no to whoever has no privileges, in other words.

Each call is made in a way that the kernel itself would refuse at once, whoever asks: descriptors that are not open,
addresses of nothing, flags that do not go together. An answer other than a filter's means that the kernel heard it.
Nothing is ever done, and so nothing here is a way in: it shows whether the second line stands.
"""

from __future__ import annotations

import errno
import os

from paddock.probes.inside.effects import Given, row

# Bits that go with nothing: CLONE_THREAD without CLONE_SIGHAND for clone(2), an exit signal for unshare(2).
_ALONE, _SIGNAL = 0x10000, 0x1
_NAMESPACES = {
    "mnt": 0x20000, "cgroup": 0x2000000, "uts": 0x4000000, "ipc": 0x8000000, "user": 0x10000000, "pid": 0x20000000,
    "net": 0x40000000,
}  # fmt: skip
_NEWTIME = 0x80  # of unshare(2) alone: in clone(2) these bits are the exit signal
_NOBODY, _NOWHERE, _CLOSED = 0x7FFFFFFF, 1, -1
_INVALID = 0x7FFFFF00  # flags that no call has
_AF_INET, _AF_INET6, _AF_NETLINK, _STREAM, _SEQPACKET, _NO_TYPE = 2, 10, 16, 1, 5, 15
_PROTOCOLS = (132, 136, 262)  # SCTP, UDP-Lite, Multipath TCP
# What filters answer; none of the calls below gets one of these from the kernel.
_REFUSALS = (errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT)
# Call and arguments.
_CALLS = (
    ("ioctl", (_CLOSED, 0x5412, _NOWHERE)),  # TIOCSTI
    ("ioctl", (_CLOSED, 0x541C, _NOWHERE)),  # TIOCLINUX
    ("io_uring_enter", (_CLOSED, 0, 0, 0, 0, 0)),
    ("io_uring_register", (_CLOSED, 0, 0, 0)),
    ("bpf", (0, _NOWHERE, 1 << 20)),  # longer than a page
    ("perf_event_open", (_NOWHERE, 0, -1, -1, 0)),
    ("keyctl", (_NOBODY, 0, 0, 0, 0)),
    ("request_key", (_NOWHERE, _NOWHERE, 0, 0)),
    ("add_key", (_NOWHERE, _NOWHERE, 0, 0, -2)),
    ("kcmp", (_NOBODY, _NOBODY, 0, 0, 0)),
    ("pidfd_getfd", (_CLOSED, _CLOSED, 1)),
    ("name_to_handle_at", (_CLOSED, _NOWHERE, _NOWHERE, _NOWHERE, _INVALID)),
    ("open_by_handle_at", (_CLOSED, _NOWHERE, 0)),
    ("fanotify_init", (0x200, 0)),  # FAN_REPORT_FID, which anybody may since kernel 5.13
    ("swapon", (_NOWHERE, _INVALID)),
    ("quotactl", (0xFF, 0, 0, 0)),
    ("quotactl_fd", (_CLOSED, 0xFF, 0, 0)),
    ("clock_settime", (_NOBODY, _NOWHERE)),
    ("settimeofday", (_NOWHERE, 0)),
    ("iopl", (4,)),
    ("ioperm", (0x10000, 1, 0)),
    ("modify_ldt", (_NOBODY, 0, 0)),
    ("userfaultfd", (_INVALID,)),
)
# What containers are made with, which a plan may let through.
_NESTING = (
    ("setns", (_CLOSED, 0)),
    ("mount", (0, 0, _NOWHERE, 0, 0)),
    ("umount2", (_NOWHERE, _INVALID)),
    ("chroot", (_NOWHERE,)),
    ("open_tree", (_CLOSED, _NOWHERE, _INVALID)),
    ("open_tree_attr", (_CLOSED, _NOWHERE, _INVALID, 0, 0)),
    ("fsconfig", (_CLOSED, 0, 0, 0, 0)),
    ("mount_setattr", (_CLOSED, 0, _INVALID, 0, 0)),
)
# For sandboxes that share the host's namespace of the one kind or of the other.
_IPC = (
    ("shmget", (_NOBODY, 0, 0)),
    ("shmat", (_CLOSED, 0, 0)),
    ("shmctl", (_CLOSED, 2, _NOWHERE)),
    ("semget", (_NOBODY, 0, 0)),
    ("semop", (_CLOSED, _NOWHERE, 1)),
    ("semtimedop", (_CLOSED, _NOWHERE, 1, 0)),
    ("semctl", (_CLOSED, 0, 2, _NOWHERE)),
    ("msgget", (_NOBODY, 0)),
    ("msgsnd", (_CLOSED, _NOWHERE, 0, 0)),
    ("msgrcv", (_CLOSED, _NOWHERE, 0, 0, 0)),
    ("msgctl", (_CLOSED, 2, _NOWHERE)),
)
_BEST_EFFORT = 2 << 13 | 4  # of ioprio_set(2): class and level that everybody may have
_PRIORITY = (
    ("setpriority", (0, _NOBODY, 0)),
    ("setpriority", (1, _NOBODY, 0)),
    ("setpriority", (1, 0, 0)),  # our own group, as it is
    ("ioprio_set", (1, _NOBODY, _BEST_EFFORT)),
    ("ioprio_set", (2, _NOBODY, _BEST_EFFORT)),
    ("ioprio_set", (2, 0, _BEST_EFFORT)),  # as above
)
_TRACING = (
    ("ptrace", (_NOBODY, _NOBODY, 0, 0)),
    ("process_vm_readv", (_NOBODY, 0, 0, 0, 0, _INVALID)),
    ("process_vm_writev", (_NOBODY, 0, 0, 0, 0, _INVALID)),
)


@row("PK-21 calls-refused-unheard")
def calls(given: Given) -> list[str]:
    """Those that widen the kernel's surface, or go around the other layers."""
    return [f"the kernel heard {name}{arguments}" for name, arguments in _CALLS if _is_heard(given, name, arguments)]


@row("PK-21 mounts-refused-unheard")
def mounts(given: Given) -> list[str]:
    """Those that change the view of files, or go to other namespaces."""
    return [f"the kernel heard {name}{arguments}" for name, arguments in _NESTING if _is_heard(given, name, arguments)]


@row("PK-26 tracing-refused-unheard")
def tracing(given: Given) -> list[str]:
    """Those that look into the memory of other processes."""
    return [f"the kernel heard {name}" for name, arguments in _TRACING if _is_heard(given, name, arguments)]


@row("PK-49 objects-refused-unheard")
def objects(given: Given) -> list[str]:
    """System V memory, semaphores and queues, where they would be the host's."""
    return _of_the_host(given, "ipc", _IPC)


@row("PK-03 priority-refused-unheard")
def priority(given: Given) -> list[str]:
    """The priority of others, where those would be the host's."""
    return _of_the_host(given, "pid", _PRIORITY)


def _of_the_host(given: Given, kind: str, tried: tuple[tuple[str, tuple[int, ...]], ...]) -> list[str]:
    """What the kernel hears in the host's own namespace; nothing in one of the sandbox's own."""
    if os.readlink(f"/proc/self/ns/{kind}") != given["namespaces"][kind]:
        return []
    return [f"the kernel heard {name}{arguments}" for name, arguments in tried if _is_heard(given, name, arguments)]


@row("PK-12 namespaces-refused-unheard")
def namespaces(given: Given) -> list[str]:
    """Every kind of namespace, by every call that makes one, with flags that make none."""
    found = []
    for name, flag in (*_NAMESPACES.items(), ("time", _NEWTIME)):
        if name != "time" and _is_heard(given, "clone", (flag | _ALONE, 0, 0, 0, 0)):
            found.append(f"the kernel heard clone for {name}")
        if _is_heard(given, "unshare", (flag | _SIGNAL,)):
            found.append(f"the kernel heard unshare for {name}")
    heard = _is_heard(given, "clone3", (_NOWHERE, 0))  # a size of nothing
    return found + (["the kernel heard clone3"] if heard else [])


@row("PK-29 sockets-refused-unheard")
def sockets(given: Given) -> list[str]:
    """A type that is none, in families where a raw one would need a privilege; pairs that there are not."""
    families = (_AF_INET, _AF_INET6)
    kinds = [("socket", (family, kind, 0)) for family in families for kind in (_SEQPACKET, _NO_TYPE)]
    protocols = [("socket", (family, _STREAM, protocol)) for family in families for protocol in _PROTOCOLS]
    pairs = [("socketpair", (family, _STREAM, 0, _NOWHERE)) for family in (_AF_INET, _AF_NETLINK)]
    asked = [*kinds, *protocols, *pairs]
    return [f"the kernel heard {name}{arguments}" for name, arguments in asked if _is_heard(given, name, arguments)]


def _is_heard(given: Given, name: str, arguments: tuple[int, ...]) -> bool:
    """Whether the answer is none of a filter's; never for a call that this machine does not have."""
    if name not in given.numbers:
        return False
    try:
        made = given.syscall(name, *arguments)
    except OSError as error:
        return error.errno not in _REFUSALS
    if made > 2 and name in ("socket", "open_tree", "open_tree_attr", "userfaultfd", "fanotify_init"):
        os.close(made)
    return True
