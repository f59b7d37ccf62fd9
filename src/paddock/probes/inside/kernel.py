"""Attacks on the kernel's surface: calls that widen it, that go around a filter, or that administer the machine."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import platform
import struct

from paddock.probes.inside.effects import Given, Skipped, in_child, libc, row

# Calls that ask for the privilege before they look at anything else; with these arguments, none of them does
# anything even for root: files, modules and machines that are not there.
_ADMINISTRATION = (
    ("acct", (b"/nowhere/at/all",)),
    ("swapon", (b"/nowhere/at/all", 0)),
    ("swapoff", (b"/nowhere/at/all",)),
    ("reboot", (0, 0, 0, 0)),  # without its magic numbers
    ("kexec_load", (0, 0, None, 0xFFFF)),  # flags that are none
    ("delete_module", (b"paddock-no-such-module", 0x800)),
)


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
    os.close(given.syscall("userfaultfd", 1))  # UFFD_USER_MODE_ONLY, which asks for the least
    return ["handles page faults"]


@row("PK-18 perf")
def perf(given: Given) -> list[str]:
    """A software event of this process alone, without the kernel's part."""
    attributes = struct.pack("IIQQQQQ", 1, 112, 0, 0, 0, 0, 1 | 1 << 5 | 1 << 6).ljust(112, b"\0")
    os.close(given.syscall("perf_event_open", ctypes.create_string_buffer(attributes, 112), 0, -1, -1, 0))
    return ["counts events"]


@row("PK-21 quotactl-acct-swap")
def administration(given: Given) -> list[str]:
    """Past the question for privileges is past the protection; what comes after it fails, harmlessly."""
    found = []
    for name, arguments in _ADMINISTRATION:
        if name in given.numbers:
            try:
                given.syscall(name, *arguments)
            except OSError as error:
                if error.errno in (errno.EPERM, errno.ENOSYS, errno.EACCES):
                    continue
            found.append(name)
    return found


@row("PK-22 fanotify")
def fanotify(given: Given) -> list[str]:
    """Hears of every file that is opened on a whole file system, whoever opens it (FAN_CLASS_NOTIF)."""
    os.close(given.syscall("fanotify_init", 0, 0))
    return ["hears of files being opened"]


def machine_code(code: bytes) -> bytes:
    """What a few instructions give back, in a process of their own."""

    def run() -> bytes:
        page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        page.write(code)
        function = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
        return b"%d" % function()

    return in_child(run)


def _of_x86() -> None:
    if platform.machine() != "x86_64":
        raise Skipped("there is only one way to call the kernel on this machine")


@row("PK-24 i386-int80")
def int80(given: Given) -> list[str]:
    _of_x86()
    said = machine_code(bytes.fromhex("b814000000cd80c3"))  # mov eax, 20 (getpid); int 0x80; ret
    return ["a call of another architecture"] if said and int(said) > 0 else []


@row("PK-24 the-64-bit-twin-works")
def native_code(given: Given) -> list[str]:
    """Without this, "held" above could mean that machine code does not run at all."""
    _of_x86()
    said = machine_code(bytes.fromhex("b8270000000f05c3"))  # mov eax, 39 (getpid); syscall; ret
    return [] if said and int(said) > 0 else ["machine code does not run here"]


@row("PK-25 x32-abi")
def x32(given: Given) -> list[str]:
    _of_x86()
    said = in_child(lambda: b"%d" % libc.syscall(ctypes.c_long(0x40000000 | 39)))
    return ["an x32 call"] if said and int(said) > 0 else []


@row("PK-25 filter-answers-x32")
def x32_past_the_filter(given: Given) -> list[str]:
    """A denied call, unshare, with the x32 bit in its number: a filter that compares numbers does not know it."""
    _of_x86()
    said = in_child(lambda: b"%d" % libc.syscall(ctypes.c_long(0x40000000 | 272), ctypes.c_long(0x10000000)))
    return ["a user namespace, by x32"] if said == b"0" else []
