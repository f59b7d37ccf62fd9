"""The C library and raw system calls, through ctypes, with errno turned into OSError."""

from __future__ import annotations

import ctypes
import os

_libc = ctypes.CDLL(None, use_errno=True)

# Numbers that are the same on x86_64 and aarch64 (asm-generic, all calls since 5.0 share one table).
SYS_OPEN_TREE = 428
SYS_MOVE_MOUNT = 429
SYS_OPENAT2 = 437
SYS_CLOSE_RANGE = 436
SYS_MOUNT_SETATTR = 442
SYS_LANDLOCK_CREATE_RULESET = 444
SYS_LANDLOCK_ADD_RULE = 445
SYS_LANDLOCK_RESTRICT_SELF = 446


def check(result: int, what: str) -> int:
    """`result`, or OSError with errno and `what` when it is negative."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
    return result


def call(function: str, *arguments: object) -> int:
    """A function of the C library that returns int and sets errno."""
    return check(getattr(_libc, function)(*arguments), function)


def syscall(number: int, *arguments: object) -> int:
    """A raw system call; pass sizes and flags as the ctypes type that the kernel expects."""
    return check(_libc.syscall(ctypes.c_long(number), *arguments), f"syscall {number}")
