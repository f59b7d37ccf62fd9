"""Whether KVM runs a guest here, found out by running one: a single instruction that halts.

A device node that opens proves little: nested and paravirtual hosts offer /dev/kvm and cannot run an ordinary
guest. Source: the kernel's Documentation/virt/kvm/api.rst.
"""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import struct

DEVICE = "/dev/kvm"
API_VERSION = 12

_GET_API_VERSION, _CREATE_VM, _GET_VCPU_MMAP_SIZE, _CREATE_VCPU, _RUN = 0xAE00, 0xAE01, 0xAE04, 0xAE41, 0xAE80
_SET_USER_MEMORY_REGION = 0x4020AE46
_SET_REGS, _SET_SREGS, _GET_SREGS = 0x4090AE82, 0x4138AE84, 0x8138AE83
_SREGS_SIZE, _SELECTOR_AT = 312, 12  # struct kvm_sregs begins with cs: base, limit, selector, …
_EXIT_REASON_AT, _EXIT_HALTED = 8, 5
_PAGE, _HALT = 4096, b"\xf4"


def failure() -> str:
    """Why no guest runs, or nothing. On other machines than x86_64 it makes a virtual machine and stops there.

    Call in a process of its own: a broken host may never give the guest's processor back.
    """
    opened: list[int] = []
    step = f"opening {DEVICE}"
    try:
        device = os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC)
        opened.append(device)
        step = "asking for the version of KVM"
        version = fcntl.ioctl(device, _GET_API_VERSION, 0)
        if version != API_VERSION:
            return f"KVM's interface has version {version}, not {API_VERSION}"
        step = "making a virtual machine"
        machine = fcntl.ioctl(device, _CREATE_VM, 0)
        opened.append(machine)
        if os.uname().machine != "x86_64":
            return ""
        step = "running a guest"
        reason = _run_one_instruction(device, machine, opened)
    except OSError as error:
        return f"{step}: {error.strerror}"
    finally:
        for descriptor in reversed(opened):
            os.close(descriptor)
    return "" if reason == _EXIT_HALTED else f"a guest of one instruction ended with KVM's exit reason {reason}"


def _run_one_instruction(device: int, machine: int, opened: list[int]) -> int:
    memory = mmap.mmap(-1, _PAGE)
    memory[: len(_HALT)] = _HALT
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    fcntl.ioctl(machine, _SET_USER_MEMORY_REGION, struct.pack("IIQQQ", 0, 0, 0, _PAGE, address))
    processor = fcntl.ioctl(machine, _CREATE_VCPU, 0)
    opened.append(processor)
    shared = mmap.mmap(processor, fcntl.ioctl(device, _GET_VCPU_MMAP_SIZE, 0))
    segments = bytearray(fcntl.ioctl(processor, _GET_SREGS, bytes(_SREGS_SIZE)))
    struct.pack_into("Q", segments, 0, 0)  # the code segment begins at the page
    struct.pack_into("H", segments, _SELECTOR_AT, 0)
    fcntl.ioctl(processor, _SET_SREGS, bytes(segments))
    # struct kvm_regs: sixteen general registers, the instruction pointer, flags (bit 1 is always set)
    fcntl.ioctl(processor, _SET_REGS, struct.pack("18Q", *[0] * 17, 2))
    fcntl.ioctl(processor, _RUN, 0)
    (reason,) = struct.unpack_from("I", shared, _EXIT_REASON_AT)
    return int(reason)
