"""Attacks on other processes: those of the host are neither seen nor touched; those inside only as the plan says."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import struct

from paddock.probes.inside.effects import Given, Skipped, check, in_child, libc, opens, row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterator

_PTRACE_TRACEME, _PTRACE_ATTACH, _PTRACE_DETACH, _PTRACE_SEIZE = 0, 16, 17, 0x4206
# From 424 on, system calls have one number on all machines; Python has names for these from 3.9 on only.
_PIDFD_SEND_SIGNAL, _PIDFD_OPEN = 424, 434
_LENGTH = 39  # of a canary
_THEIRS = b"as the child changed it"


def processes() -> list[str]:
    return [name for name in os.listdir("/proc") if name.isdigit()]


def contents(name: str, pids: list[str]) -> bytes:
    """One file of some processes."""
    found = b""
    for pid in pids:
        try:
            with open(f"/proc/{pid}/{name}", "rb") as file:
                found += file.read()
        except OSError:
            continue
    return found


def pidfd_open(pid: int) -> int:
    return check(libc.syscall(ctypes.c_long(_PIDFD_OPEN), ctypes.c_long(pid), ctypes.c_long(0)))


@row("PK-01 host-proc-visible")
def visible(given: Given) -> list[str]:
    return ["saw a command line of the host"] if given.holds(contents("cmdline", processes())) else []


@row("PK-02 host-proc-environ")
def environ_of_others(given: Given) -> list[str]:
    return ["read an environment of the host"] if given.holds(contents("environ", processes())) else []


@row("CR-25 pid1-environ")
def first_environ(given: Given) -> list[str]:
    found = contents("environ", ["1", "2", str(os.getppid()), "self"])
    return ["read the caller's environment"] if given.holds(found) else []


@row("CR-26 pid1-cmdline")
def first_cmdline(given: Given) -> list[str]:
    with open("/proc/1/cmdline", "rb") as file:
        line = file.read().split(b"\0")
    return [f"PID 1 tells {word!r}" for word in line if given.repo.encode() in word or b"setenv" in word]


@row("PK-03 signal-host")
def signal_host(given: Given) -> list[str]:
    """The host hears whether it arrived."""
    os.kill(given["victim"], signal.SIGUSR1)
    return []


@row("PK-03 signal-by-descriptor")
def signal_by_descriptor(given: Given) -> list[str]:
    """The host hears whether it arrived."""
    descriptor = pidfd_open(given["victim"])
    words = [ctypes.c_long(word) for word in (_PIDFD_SEND_SIGNAL, descriptor, signal.SIGUSR2, 0, 0)]
    check(libc.syscall(*words))
    return []


@row("PK-03 prlimit-host")
def prlimit(given: Given) -> list[str]:
    """The host looks at the limits of its process."""
    _, hard = resource.prlimit(given["victim"], resource.RLIMIT_NOFILE)
    resource.prlimit(given["victim"], resource.RLIMIT_NOFILE, (77, hard))
    return []


@row("PK-04 ptrace-attach-host")
def ptrace_seize(given: Given) -> list[str]:
    given.syscall("ptrace", _PTRACE_SEIZE, given["victim"], 0, 0)
    return ["attached to a process of the host"]


def memory_of(given: Given, pid: int, address: int) -> bytes:
    """Some bytes of a process, by process_vm_readv with iovecs that hold something: empty ones always succeed."""
    buffer = ctypes.create_string_buffer(64)
    local = struct.pack("QQ", ctypes.addressof(buffer), _LENGTH)
    given.syscall("process_vm_readv", pid, local, 1, struct.pack("QQ", address, _LENGTH), 1, 0)
    return buffer.raw


@row("PK-05 process-vm-read")
def process_vm_read(given: Given) -> list[str]:
    read = memory_of(given, given["victim"], given["victim address"])
    return ["read memory of the host"] if given.holds(read) else []


@row("PK-05 proc-mem")
def proc_mem(given: Given) -> list[str]:
    with open(f"/proc/{given['victim']}/mem", "rb", buffering=0) as file:
        file.seek(given["victim address"])
        return ["read memory of the host"] if given.holds(file.read(_LENGTH)) else []


@row("PK-05 pidfd_getfd")
def pidfd_getfd(given: Given) -> list[str]:
    os.close(given.syscall("pidfd_getfd", pidfd_open(given["victim"]), 0, 0))
    return ["took a descriptor of the host"]


@contextlib.contextmanager
def sleeper(task: Callable[[], object]) -> Iterator[int]:
    """A child of ours that has done something and waits; ended afterwards."""
    here, there = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            task()
            os.write(there, b"!")
            signal.pause()
        finally:
            os._exit(0)
    try:
        os.read(here, 1)
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(here)
        os.close(there)


@row("PK-05 memory-of-own-child")
def own_memory(given: Given) -> list[str]:
    buffer = ctypes.create_string_buffer(64)

    def change() -> None:
        buffer.value = _THEIRS

    with sleeper(change) as child:
        read = memory_of(given, child, ctypes.addressof(buffer))
    return ["read memory of a child"] if read.startswith(_THEIRS) else []


@row("PK-26 ptrace-own")
def ptrace_own(given: Given) -> list[str]:
    def ask() -> bytes:
        given.syscall("ptrace", _PTRACE_TRACEME, 0, 0, 0)
        return b"!"

    return ["a child is traced"] if in_child(ask) else []


def _let_anybody_trace() -> None:
    """Where Yama asks who may: a program can say so of itself (prctl(2), PR_SET_PTRACER), and others may not."""
    libc.prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)


@row("PK-54 ptrace-sibling")
def ptrace_sibling(given: Given) -> list[str]:
    """One program inside, an agent, and another, its tool."""
    try:
        with open("/proc/sys/kernel/yama/ptrace_scope") as file:
            scope = int(file.read())
    except OSError:
        scope = 0
    if scope > 1:
        raise Skipped("Yama lets nobody trace here")
    with sleeper(_let_anybody_trace) as pid:
        here, there = os.pipe()
        sibling = os.fork()
        if sibling == 0:
            try:
                given.syscall("ptrace", _PTRACE_SEIZE, pid, 0, 0)
                os.write(there, b"!")
            finally:
                os._exit(0)
        os.waitpid(sibling, 0)
        os.close(there)
        return ["traced a sibling"] if os.read(here, 1) else []


@row("PK-54 memory-of-sibling")
def memory_of_sibling(given: Given) -> list[str]:
    """By /proc, which no filter of system calls tells from a file."""
    buffer = ctypes.create_string_buffer(64)

    def change() -> None:
        buffer.value = _THEIRS
        _let_anybody_trace()

    with sleeper(change) as pid, open(f"/proc/{pid}/mem", "rb", buffering=0) as file:
        file.seek(ctypes.addressof(buffer))
        return ["read memory of another program inside"] if file.read(_LENGTH).startswith(_THEIRS) else []


@row("PK-47 namespaces-differ")
def namespaces(given: Given) -> list[str]:
    found = []
    for name, host in given["namespaces"].items():
        try:
            if os.readlink(f"/proc/self/ns/{name}") == host:
                found.append(f"the host's {name}")
        except OSError:  # a kernel of another kind has no such links
            continue
    return found


@row("PK-47 hostname")
def hostname(given: Given) -> list[str]:
    return ["knows the host's name"] if os.uname().nodename == given["nodename"] else []


@row("PK-47 control-group-names")
def control_groups(given: Given) -> list[str]:
    """The path of a control group names the session, the container or the job of whoever started us."""
    outside = [path for path in given["control groups"] if path != "/"]
    if not outside:
        raise Skipped("the caller is in no control group with a name")
    with open("/proc/self/cgroup") as file:
        own = [line.rstrip("\n").split(":", 2)[2] for line in file]
    return sorted({f"saw {path}" for path in outside for name in own if name.startswith(path)})


def _planted(given: Given, name: str) -> None:
    if not given["planted"][name]:
        raise Skipped("this machine has no such thing")


@row("PK-49 sysv-shm")
def sysv(given: Given) -> list[str]:
    _planted(given, "shm")
    segment = check(libc.shmget(given["shm key"], ctypes.c_size_t(64), 0))
    libc.shmat.restype = ctypes.c_void_p
    address = libc.shmat(segment, None, 0o10000)
    return ["read shared memory of the host"] if given.holds(ctypes.string_at(address, 64)) else []


@row("PK-49 sysv-queue")
def sysv_queue(given: Given) -> list[str]:
    """Looked at only: IPC_STAT tells whose it is."""
    _planted(given, "sysv queue")
    queue = check(libc.msgget(given["shm key"], 0))
    check(libc.msgctl(queue, 2, ctypes.create_string_buffer(512)))
    return ["saw a message queue of the host"]


@row("PK-49 posix-mq")
def message_queue(given: Given) -> list[str]:
    _planted(given, "queue")
    queue = check(libc.mq_open(given["queue"].encode(), os.O_RDWR | os.O_NONBLOCK))
    buffer = ctypes.create_string_buffer(8192)
    check(libc.mq_receive(queue, buffer, ctypes.c_size_t(8192), None))
    return ["took a message of the host"] if given.holds(buffer.raw) else []


@row("PK-03 files-of-host-process")
def files_of_process(given: Given) -> list[str]:
    """Opened only: through these the kernel would kill another program first, or let nobody read its memory."""
    names = ("oom_score_adj", "coredump_filter", "comm", "clear_refs", "timerslack_ns")
    return opens(*(f"/proc/{given['victim']}/{name}" for name in names), flags=os.O_WRONLY)


@row("PK-19 keyring-search")
def keyring(given: Given) -> list[str]:
    """The user's keyring: one of our own, that anybody may read, would prove nothing."""
    _planted(given, "key")
    key = given.syscall("keyctl", 10, -4, b"user", given["key name"].encode(), 0)
    buffer = ctypes.create_string_buffer(256)
    given.syscall("keyctl", 11, key, buffer, 256)
    return ["read a key of the host"] if given.holds(buffer.raw) else []


@row("PK-19 keyring-by-number")
def keyring_by_number(given: Given) -> list[str]:
    """A key's number is the same in all namespaces."""
    _planted(given, "key")
    buffer = ctypes.create_string_buffer(256)
    given.syscall("keyctl", 11, given["key number"], buffer, 256)
    return ["read a key of the host"] if given.holds(buffer.raw) else []


@row("PK-19 request_key")
def request_key(given: Given) -> list[str]:
    given.syscall("request_key", b"user", given["key name"].encode(), None, 0)
    return ["found a key"]


@row("PK-19 add_key")
def add_key(given: Given) -> list[str]:
    """In the keyring of this process, which goes with it: a filter may refuse the call that takes one away."""
    given.syscall("add_key", b"user", b"paddock-probe", b"x", 1, -2)
    return ["left a key"]
