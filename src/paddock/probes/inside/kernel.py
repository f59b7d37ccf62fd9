"""Attacks on processes and on the kernel's surface: other processes, namespaces, system calls, devices."""

from __future__ import annotations

import ctypes
import mmap
import os
import platform
import resource
import struct

from paddock.probes.inside.effects import Given, check, in_child, libc, row

NEWUSER, NEWNS, NEWNET, NEWTIME = 0x10000000, 0x20000, 0x40000000, 0x80


def processes() -> list[str]:
    return [name for name in os.listdir("/proc") if name.isdigit()]


def contents(name: str) -> bytes:
    """One file of all processes."""
    found = b""
    for pid in processes():
        try:
            with open(f"/proc/{pid}/{name}", "rb") as file:
                found += file.read()
        except OSError:
            continue
    return found


@row("PK-01 host-proc-visible")
def visible(given: Given) -> list[str]:
    return ["saw a command line of the host"] if given.holds(contents("cmdline")) else []


@row("PK-02 host-proc-environ")
def environ_of_others(given: Given) -> list[str]:
    return ["read an environment of the host"] if given.holds(contents("environ")) else []


@row("CR-25 pid1-environ")
def first_environ(given: Given) -> list[str]:
    found = b""
    for pid in ("1", "2", str(os.getppid()), "self"):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                found += file.read()
        except OSError:
            continue
    return ["read the caller's environment"] if given.holds(found) else []


@row("CR-26 pid1-cmdline")
def first_cmdline(given: Given) -> list[str]:
    with open("/proc/1/cmdline", "rb") as file:
        line = file.read().split(b"\0")
    return [f"PID 1 tells {word!r}" for word in line if given.repo.encode() in word or b"setenv" in word]


@row("PK-03 signal-host")
def signal_host(given: Given) -> list[str]:
    """The host hears whether it arrived."""
    os.kill(given["victim"], 10)
    return []


@row("PK-04 ptrace-attach-host")
def ptrace_seize(given: Given) -> list[str]:
    given.syscall("ptrace", 0x4206, given["victim"], 0, 0)
    return ["attached to a process of the host"]


@row("PK-05 process-vm-read")
def process_vm_read(given: Given) -> list[str]:
    buffer = ctypes.create_string_buffer(64)
    local = struct.pack("QQ", ctypes.addressof(buffer), 39)
    remote = struct.pack("QQ", given["victim address"], 39)
    given.syscall("process_vm_readv", given["victim"], local, 1, remote, 1, 0)
    return ["read memory of the host"] if given.holds(buffer.raw) else []


@row("PK-05 proc-mem")
def proc_mem(given: Given) -> list[str]:
    with open(f"/proc/{given['victim']}/mem", "rb", buffering=0) as file:
        file.seek(given["victim address"])
        return ["read memory of the host"] if given.holds(file.read(39)) else []


@row("PK-05 pidfd_getfd")
def pidfd_getfd(given: Given) -> list[str]:
    os.close(given.syscall("pidfd_getfd", os.pidfd_open(given["victim"]), 0, 0))
    return ["took a descriptor of the host"]


@row("PK-03 prlimit-host")
def prlimit(given: Given) -> list[str]:
    """The host looks at the limits of its process."""
    _, hard = resource.prlimit(given["victim"], resource.RLIMIT_NOFILE)
    resource.prlimit(given["victim"], resource.RLIMIT_NOFILE, (77, hard))
    return []


def _status(name: str) -> str:
    with open("/proc/self/status") as file:
        return next((line.split()[1] for line in file if line.startswith(f"{name}:")), "")


@row("PK-07 no-new-privs")
def no_new_privs(given: Given) -> list[str]:
    return [] if _status("NoNewPrivs") == "1" else ["may gain privileges"]


@row("PK-08 seccomp-on")
def filtered(given: Given) -> list[str]:
    return [] if _status("Seccomp") == "2" else ["no filter"]


@row("PK-09 caps-empty")
def capabilities(given: Given) -> list[str]:
    names = ("CapInh", "CapPrm", "CapEff", "CapAmb")
    return [name for name in names if int(_status(name), 16)]


@row("PK-10 bounding-empty")
def bounding(given: Given) -> list[str]:
    return ["a bounding set"] if int(_status("CapBnd"), 16) else []


@row("PK-09 caps-of-pid1")
def capabilities_of_first(given: Given) -> list[str]:
    """A program inside shares its user id with bubblewrap's two processes."""
    found = []
    for pid in ("1", "2"):
        with open(f"/proc/{pid}/status") as file:
            lines = dict(line.split(":", 1) for line in file if line.startswith("Cap"))
        found += [f"{name} of {pid}: {value.strip()}" for name, value in lines.items() if int(value, 16)]
    return found


@row("PK-11 uid0-not-host0")
def host_root(given: Given) -> list[str]:
    with open("/proc/self/uid_map") as file:
        lines = [list(map(int, line.split())) for line in file]
    # An id of 0 "outside" is that of bubblewrap's own namespace in between, not yet the host's.
    found = [f"{inside} is {outside} outside" for inside, outside, count in lines if inside == 0 or count > 1]
    return found + (["uid 0"] if 0 in os.getresuid() + os.getresgid() else [])


@row("PK-12 nested-userns-unshare")
def unshare(given: Given) -> list[str]:
    check(libc.unshare(NEWUSER))
    return ["a user namespace"]


@row("PK-12 nested-userns-clone")
def clone(given: Given) -> list[str]:
    here, there = os.pipe()
    pid = given.syscall("clone", NEWUSER | 17, 0, 0, 0, 0)
    if pid == 0:
        os.write(there, b"!")
        os._exit(0)
    os.close(there)
    os.waitpid(pid, 0)
    return ["a user namespace"] if os.read(here, 1) else []


@row("PK-12 nested-userns-clone3")
def clone3(given: Given) -> list[str]:
    arguments = struct.pack("8Q", NEWUSER, 0, 0, 0, 17, 0, 0, 0)
    pid = given.syscall("clone3", arguments, len(arguments))
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return ["a user namespace"]


@row("PK-12 other-namespaces")
def other_namespaces(given: Given) -> list[str]:
    found = []
    for name, flag in (
        ("mnt", NEWNS),
        ("net", NEWNET),
        ("uts", 0x04000000),
        ("ipc", 0x08000000),
        ("cgroup", 0x02000000),
    ):
        if libc.unshare(flag) == 0:
            found.append(name)
    return found


@row("PK-14 setns")
def setns(given: Given) -> list[str]:
    found = []
    for pid in ("1", "2", "self"):
        for name, flag in (("mnt", NEWNS), ("net", NEWNET), ("user", NEWUSER), ("pid", 0x20000000)):
            try:
                namespace = os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY)
            except OSError:
                continue
            if libc.setns(namespace, flag) == 0:
                found.append(f"{name} of {pid}")
            os.close(namespace)
    return found


@row("PK-14 setns-by-pidfd")
def setns_pidfd(given: Given) -> list[str]:
    pids = (1, 2, os.getppid())
    return [f"mounts of {pid}" for pid in pids if libc.setns(os.pidfd_open(pid), NEWNS) == 0]


@row("PK-15 bpf")
def bpf(given: Given) -> list[str]:
    program = ctypes.create_string_buffer(struct.pack("=BBhi", 0xB7, 0, 0, 0) + struct.pack("=BBhi", 0x95, 0, 0, 0))
    licence = ctypes.create_string_buffer(b"Apache")
    request = struct.pack("IIQQIIQII", 1, 2, ctypes.addressof(program), ctypes.addressof(licence), 0, 0, 0, 0, 0)
    os.close(given.syscall("bpf", 5, ctypes.create_string_buffer(request, 128), 48))
    return ["loaded a program into the kernel"]


@row("PK-16 io_uring")
def io_uring(given: Given) -> list[str]:
    os.close(given.syscall("io_uring_setup", 1, ctypes.create_string_buffer(120)))
    return ["a ring"]


@row("PK-17 userfaultfd")
def userfaultfd(given: Given) -> list[str]:
    os.close(given.syscall("userfaultfd", 1))
    return ["handles page faults"]


@row("PK-18 perf")
def perf(given: Given) -> list[str]:
    attributes = struct.pack("IIQQQQQ", 1, 112, 0, 0, 0, 0, 1 | 1 << 5 | 1 << 6).ljust(112, b"\0")
    os.close(given.syscall("perf_event_open", ctypes.create_string_buffer(attributes, 112), 0, -1, -1, 0))
    return ["counts events"]


@row("PK-19 keyring-search")
def keyring(given: Given) -> list[str]:
    key = given.syscall("keyctl", 10, -4, b"user", given["key name"].encode(), 0)
    buffer = ctypes.create_string_buffer(256)
    given.syscall("keyctl", 11, key, buffer, 256)
    return ["read a key of the host"] if given.holds(buffer.raw) else []


@row("PK-19 add_key")
def add_key(given: Given) -> list[str]:
    given.syscall("add_key", b"user", b"paddock-probe", b"x", 1, -2)
    return ["left a key"]


@row("PK-19 request_key")
def request_key(given: Given) -> list[str]:
    given.syscall("request_key", b"user", given["key name"].encode(), None, 0)
    return ["found a key"]


@row("PK-21 quotactl-acct-swap")
def accounting(given: Given) -> list[str]:
    found = []
    for name, arguments in (
        ("acct", (None,)),
        ("swapoff", (b"/none",)),
        ("reboot", (0, 0, 0, 0)),
        ("kexec_load", (0,) * 4),
    ):
        if name in given.numbers:
            try:
                given.syscall(name, *arguments)
            except PermissionError:
                continue
            except OSError as error:
                found.append(f"{name}: {error.strerror}")
            else:
                found.append(name)
    return found


@row("PK-23 personality")
def personality(given: Given) -> list[str]:
    given.syscall("personality", 0x0040000)
    return ["no address randomisation"] if given.syscall("personality", 0xFFFFFFFF) & 0x0040000 else []


def _machine_code(code: bytes) -> bytes:
    def run() -> bytes:
        page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        page.write(code)
        function = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
        return b"%d" % function()

    return in_child(run)


@row("PK-24 i386-int80")
def int80(given: Given) -> list[str]:
    if platform.machine() != "x86_64":
        return []
    said = _machine_code(bytes.fromhex("b814000000cd80c3"))  # mov eax, 20 (getpid); int 0x80; ret
    return ["a call of another architecture"] if said and int(said) > 0 else []


@row("PK-25 x32-abi")
def x32(given: Given) -> list[str]:
    if platform.machine() != "x86_64":
        return []
    said = in_child(lambda: b"%d" % libc.syscall(ctypes.c_long(0x40000000 | 39)))
    return ["an x32 call"] if said and int(said) > 0 else []


@row("PK-24 the-64-bit-twin-works")
def native_code(given: Given) -> list[str]:
    """Without this, "held" above could mean that machine code does not run at all."""
    if platform.machine() != "x86_64":
        return []
    said = _machine_code(bytes.fromhex("b8270000000f05c3"))  # mov eax, 39 (getpid); syscall; ret
    return [] if said and int(said) > 0 else ["machine code does not run here"]


@row("PK-26 ptrace-own")
def ptrace_own(given: Given) -> list[str]:
    said = in_child(lambda: b"%d" % libc.syscall(ctypes.c_long(given.numbers["ptrace"]), 0, 0, 0, 0))
    return ["traced"] if said == b"0" else []
