"""The system-call filter: a table of rules, compiled to classic BPF.

The policy is *default allow*: a call that the table does not name passes, calls newer than this table included.
A filter that lists what is allowed breaks programs with each new C library; this one takes away what widens the
kernel's attack surface or reaches around the other layers, and those are known by name. What it cannot see:
memory behind pointers. That is why clone3 (flags in memory) answers "not implemented", so that the C library
falls back to clone, and why io_uring, which does the calls unseen, is gone.

Arguments are compared by their low 32 bits, as the kernel reads flags, families and ioctl commands; a 64-bit
comparison is bypassed by setting a high bit (CVE-2019-10063).
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from paddock.frozen import frozen
from paddock.kernel import bpf, libc
from paddock.kernel.syscalls import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Literal

    from paddock.kernel.bpf import Instruction

    Profile = Literal["default", "debug"]
    Machine = Literal["x86_64", "aarch64"]
    Sockets = Literal["all", "unix", "none"]

# <linux/prctl.h>, <linux/seccomp.h>, <linux/audit.h>
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
ALLOW = 0x7FFF0000
KILL = 0x80000000  # SECCOMP_RET_KILL_PROCESS
ERRNO = 0x00050000
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
X32 = 0x40000000  # __X32_SYSCALL_BIT: the same architecture word, other numbers

PROFILES = ("default", "debug")
SOCKETS = ("all", "unix", "none")

_WORD = 0xFFFFFFFF
# CLONE_NEWTIME (0x80) is in the exit signal's bits for clone, a flag for unshare only.
_NAMESPACES = 0x7E020000  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_NEWTIME = 0x80
_UNIX, _INET, _INET6, _NETLINK = 1, 2, 10, 16
_TYPE = 0xF  # SOCK_TYPE_MASK: the rest are SOCK_NONBLOCK and SOCK_CLOEXEC
_STREAM, _DGRAM = 1, 2
# IPPROTO_IP, ICMP, TCP, UDP, ICMPV6. Not MPTCP (262), which goes around Landlock's and others' TCP rules, and no
# protocol whose module the kernel would load on demand (SCTP, DCCP, UDP-Lite).
_PROTOCOLS = (0, 1, 6, 17, 58)


@frozen
class Where:
    """True if the masked low word of an argument is one of `values`, or with `other` if it is none of them."""

    argument: int
    values: tuple[int, ...]
    mask: int = _WORD
    other: bool = False


@frozen
class Deny:
    """Calls that fail with `error`; only where all tests are true, if there are any."""

    calls: tuple[str, ...]
    error: int
    why: str
    when: tuple[Where, ...] = ()


_ALWAYS = (
    Deny(("clone3",), errno.ENOSYS, "its flags are in memory; libc falls back to clone"),
    Deny(
        ("ioctl",), errno.EPERM, "no typing into a terminal: TIOCSTI, TIOCLINUX (CVE-2017-5226, CVE-2019-10063)",
        (Where(1, (0x5412, 0x541C)),),
    ),
    Deny(
        ("io_uring_setup", "io_uring_enter", "io_uring_register"), errno.EPERM,
        "does system calls that no filter sees",
    ),
    Deny(("userfaultfd",), errno.EPERM, "makes kernel races reliable"),
    Deny(("bpf", "perf_event_open"), errno.EPERM, "kernel programs and side channels"),
    Deny(("keyctl", "add_key", "request_key"), errno.EPERM, "keyrings are not bound to namespaces"),
    Deny(("kcmp", "pidfd_getfd"), errno.EPERM, "looks into or takes from other processes"),
    Deny(("name_to_handle_at", "open_by_handle_at"), errno.EPERM, "opens files past the view (Shocker)"),
    Deny(("fanotify_init", "lookup_dcookie"), errno.EPERM, "watches or names files past the view"),
    Deny(
        (
            "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "swapon", "swapoff",
            "reboot", "syslog", "acct", "quotactl", "quotactl_fd", "vhangup", "nfsservctl", "clock_settime",
            "settimeofday",
        ), errno.EPERM, "administration of the machine",
    ),
    Deny(("iopl", "ioperm", "modify_ldt", "uselib"), errno.EPERM, "old hardware and old programs"),
    Deny(
        ("personality",), errno.EPERM, "address randomisation stays on; PER_LINUX, PER_LINUX32 and asking are free",
        (Where(0, (0, 8, _WORD), other=True),),
    ),
    Deny(("socketpair",), errno.EAFNOSUPPORT, "pairs are UNIX sockets", (Where(0, (_UNIX,), other=True),)),
)  # fmt: skip

# What containers are made of. Inside a user namespace of its own a program has all capabilities over what it makes
# there, and reaches kernel code that is otherwise root's alone.
_NESTING = (
    Deny(
        ("clone",), errno.EPERM, "no nested namespaces: they open the kernel's widest attack surface (CVE-2022-0492)",
        (Where(0, (0,), _NAMESPACES, other=True),),
    ),
    Deny(
        ("unshare",), errno.EPERM, "no nested namespaces",
        (Where(0, (0,), _NAMESPACES | _NEWTIME, other=True),),
    ),
    Deny(("setns",), errno.EPERM, "no change of namespaces"),
    Deny(
        (
            "mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "open_tree_attr", "fsopen",
            "fsconfig", "fsmount", "fspick", "mount_setattr",
        ), errno.EPERM, "the view of files is made once, outside",
    ),
    Deny(("sethostname", "setdomainname"), errno.EPERM, "the name of the sandbox is made once, outside"),
)  # fmt: skip

_DEBUGGING = (
    Deny(
        ("ptrace", "process_vm_readv", "process_vm_writev"),
        errno.EPERM,
        "the memory of other processes; the debug profile allows it",
    ),
)

_SOCKETS = {
    "all": (
        Deny(
            ("socket",), errno.EAFNOSUPPORT, "UNIX, IPv4, IPv6 and routing netlink only",
            (Where(0, (_UNIX, _INET, _INET6, _NETLINK), other=True),),
        ),
        Deny(
            ("socket",), errno.EAFNOSUPPORT, "of netlink only routing, which getaddrinfo asks",
            (Where(0, (_NETLINK,)), Where(2, (0,), other=True)),
        ),
        Deny(
            ("socket",), errno.EPERM, "no raw and packet sockets",
            (Where(0, (_INET, _INET6)), Where(1, (_STREAM, _DGRAM), _TYPE, other=True)),
        ),
        Deny(
            ("socket",), errno.EPROTONOSUPPORT, "TCP, UDP and ICMP only",
            (Where(0, (_INET, _INET6)), Where(2, _PROTOCOLS, other=True)),
        ),
    ),
    "unix": (Deny(("socket",), errno.EAFNOSUPPORT, "UNIX sockets only", (Where(0, (_UNIX,), other=True),)),),
    "none": (Deny(("socket",), errno.EAFNOSUPPORT, "no sockets but pairs of them"),),
}  # fmt: skip

# For a boundary without namespaces of its own: what pid and ipc namespaces hold elsewhere.
_NEIGHBOURS = (
    Deny(
        (
            "shmget", "shmat", "shmctl", "semget", "semop", "semtimedop", "semctl", "msgget", "msgsnd", "msgrcv",
            "msgctl", "mq_open", "mq_unlink",
        ), errno.ENOSYS, "the host's System V memory, semaphores and message queues",
    ),
    Deny(("prlimit64",), errno.EPERM, "the limits of other processes", (Where(0, (0,), other=True),)),
    Deny(("setpriority",), errno.EPERM, "other processes' priority", (Where(0, (0,), other=True),)),
    Deny(("setpriority",), errno.EPERM, "other processes' priority", (Where(1, (0,), other=True),)),
    Deny(("ioprio_set",), errno.EPERM, "other processes' priority", (Where(0, (1,), other=True),)),
    Deny(("ioprio_set",), errno.EPERM, "other processes' priority", (Where(1, (0,), other=True),)),
)  # fmt: skip


def rules(
    profile: Profile, *, sockets: Sockets = "all", neighbours: bool = False, nested: bool = False
) -> tuple[Deny, ...]:
    """The table for a profile. Raises ValueError for a word that it does not know.

    "debug" allows ptrace and process_vm_*. `sockets`: "all" that an agent in its own network namespace needs,
    "unix", or "none" (connected UNIX pairs stay). `neighbours`: the host's processes and IPC objects are in
    reach, since the boundary has no namespaces. `nested`: programs may make namespaces and mounts of their own, as a
    container engine does.
    """
    if profile not in PROFILES or sockets not in SOCKETS:
        message = f"unknown profile or sockets: {profile!r}, {sockets!r}"
        raise ValueError(message)
    return (
        *_ALWAYS,
        *(() if nested else _NESTING),
        *(() if profile == "debug" else _DEBUGGING),
        *_SOCKETS[sockets],
        *(_NEIGHBOURS if neighbours else ()),
    )


def machine_here() -> Machine | None:
    """The architecture here, or None where there is no table for it."""
    name = os.uname().machine
    return "x86_64" if name == "x86_64" else "aarch64" if name == "aarch64" else None


def program(
    profile: Profile, machine: Machine, *, sockets: Sockets = "all", neighbours: bool = False, nested: bool = False
) -> bytes:
    """The filter as the kernel (and `bwrap --seccomp`) takes it. Pure. Raises ValueError for another machine."""
    if machine not in ARCHITECTURES:
        message = f"no system-call table for {machine!r}, only for {', '.join(ARCHITECTURES)}"
        raise ValueError(message)
    return compile_rules(rules(profile, sockets=sockets, neighbours=neighbours, nested=nested), machine)


def compile_rules(table: Sequence[Deny], machine: Machine) -> bytes:
    """Compile a table; the rules of one call are tried in their order, the first that fits answers."""
    code = [
        bpf.load(bpf.ARCHITECTURE),
        bpf.if_equal(ARCHITECTURES[machine], 1, 0),
        bpf.give(KILL),
        bpf.load(bpf.NUMBER),
    ]
    if machine == "x86_64":
        code += [bpf.if_at_least(X32, 0, 1), bpf.give(KILL)]
    by_call = _by_number(table, machine)
    for answer, numbers in _unconditional(by_call):
        last = len(numbers) - 1
        code += [bpf.if_equal(n, last - i, 0 if i < last else 1) for i, n in enumerate(numbers)]
        code.append(bpf.give(answer))
    for call, given in by_call.items():
        if given[0].when:
            block = [part for rule in given for part in _rule(rule)]
            block.append(bpf.give(ALLOW))
            code += [bpf.if_equal(call, 0, len(block)), *block]
    code.append(bpf.give(ALLOW))
    return bpf.assemble(code)


def install(filter_program: bytes) -> None:
    """Bind this thread and all its descendants to the filter, for ever (prctl(2), PR_SET_SECCOMP).

    Needs no_new_privs. Raises OSError; a caller must then not go on.
    """
    memory = ctypes.create_string_buffer(filter_program, len(filter_program))
    sock_fprog = struct.pack("@HP", len(filter_program) // 8, ctypes.addressof(memory))
    zero = ctypes.c_ulong(0)
    libc.call("prctl", PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER), sock_fprog, zero, zero)


def _by_number(table: Sequence[Deny], machine: str) -> dict[int, list[Deny]]:
    found: dict[int, list[Deny]] = {}
    for rule in table:
        for name in rule.calls:
            call = number(name, machine)
            if call is not None:
                found.setdefault(call, []).append(rule)
    return found


def _unconditional(by_call: dict[int, list[Deny]]) -> Iterator[tuple[int, list[int]]]:
    """(answer, calls) in pieces that a conditional jump can cross."""
    answers: dict[int, list[int]] = {}
    for call, given in by_call.items():
        if not given[0].when:
            answers.setdefault(ERRNO | given[0].error, []).append(call)
    for answer, calls in answers.items():
        for start in range(0, len(calls), 200):
            yield answer, calls[start : start + 200]


def _rule(rule: Deny) -> list[Instruction]:
    """All tests, then the answer; a test that is false jumps behind the answer."""
    code = [bpf.give(ERRNO | rule.error)]
    for test in reversed(rule.when):
        code = _test(test, len(code)) + code
    return code


def _test(test: Where, rest: int) -> list[Instruction]:
    """Fall through if true, skip `rest` instructions if false."""
    code = [bpf.load(bpf.low_word(test.argument))]
    if test.mask != _WORD:
        code.append(bpf.keep(test.mask))
    last = len(test.values) - 1
    for i, value in enumerate(test.values):
        left = last - i  # comparisons that follow this one
        if test.other:
            code.append(bpf.if_equal(value, left + rest, 0))
        else:
            code.append(bpf.if_equal(value, left, 0 if left else rest))
    return code
