"""Landlock: what this thread and its descendants may do with files, for ever (landlock(7)).

What each version of its interface (ABI) added: 1 files, 2 rename and link across directories, 3 truncate,
4 TCP ports, 5 ioctl on devices, 6 signals and abstract UNIX sockets, 7 audit flags, 8 all threads, 9 UNIX sockets
by path. A right that the kernel does not know is an error to it, so only known ones are handled; what an older
kernel therefore leaves open, callers must say. Never covered: stat, chmod, chown, times, extended attributes.

TCP rules are no wall by themselves: MPTCP and TCP Fast Open go around them (landlock-lsm/linux#54, #41). Close
sockets with seccomp as well.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import stat
import struct

from paddock.frozen import frozen
from paddock.kernel import libc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# <linux/landlock.h>
_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1
_NET_BIND_TCP, _NET_CONNECT_TCP = 1, 2
_SCOPE_ABSTRACT_UNIX_SOCKET, _SCOPE_SIGNAL = 1, 2

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_DIR, REMOVE_FILE = 1 << 4, 1 << 5
MAKE_CHAR, MAKE_DIR, MAKE_REG, MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK, MAKE_SYM = (1 << bit for bit in range(6, 13))
REFER, TRUNCATE, IOCTL_DEV, RESOLVE_UNIX = 1 << 13, 1 << 14, 1 << 15, 1 << 16

READ = READ_FILE | READ_DIR
WRITE = (
    WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SOCK | MAKE_FIFO | MAKE_SYM | REFER | TRUNCATE
)
EVERYTHING = (1 << 17) - 1
_ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV | RESOLVE_UNIX  # the rest is for directories

_REFER = 2  # the ABI from which on renames across directories can be allowed

# The file rights of an ABI are all bits below this one.
_FIRST_UNKNOWN = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16, 6: 16, 7: 16, 8: 16, 9: 17}
NEWEST = max(_FIRST_UNKNOWN)


@frozen
class Rule:
    """Rights on a file, or on a directory and all below it. An `optional` path may be missing."""

    path: str
    rights: int
    optional: bool = False


def version() -> int:
    """The kernel's ABI. Raises OSError: ENOSYS (not built in) or EOPNOTSUPP (switched off at boot)."""
    size, flags = ctypes.c_size_t(0), ctypes.c_uint32(_CREATE_RULESET_VERSION)
    return libc.syscall(libc.SYS_LANDLOCK_CREATE_RULESET, None, size, flags)


def file_rights(abi: int) -> int:
    """All file rights that an ABI knows."""
    return (1 << _FIRST_UNKNOWN[min(abi, NEWEST)]) - 1


def attributes(abi: int, *, tcp: bool, scoped: bool) -> bytes:
    """`struct landlock_ruleset_attr` in the size that the ABI has.

    `tcp` handles TCP (and so denies all of it, there are no rules for ports); `scoped` keeps signals and abstract
    UNIX sockets inside. Both as far as the ABI goes.
    """
    fields = [file_rights(abi)]
    if abi >= 4:
        fields.append(_NET_BIND_TCP | _NET_CONNECT_TCP if tcp else 0)
    if abi >= 6:
        fields.append(_SCOPE_ABSTRACT_UNIX_SOCKET | _SCOPE_SIGNAL if scoped else 0)
    return struct.pack(f"@{len(fields)}Q", *fields)


def restrict(rules: Sequence[Rule], abi: int, *, tcp: bool = True, scoped: bool = True) -> None:
    """Bind this thread to the rules, and its standard input and output to how they are open already.

    Needs no_new_privs. Raises OSError, also for a path that is missing and not optional; the caller must then
    not go on.
    """
    ruleset = _create(attributes(abi, tcp=tcp, scoped=scoped))
    try:
        for rule in rules:
            _add_path(ruleset, rule, abi)
        _add_standard_streams(ruleset, abi)
        libc.syscall(libc.SYS_LANDLOCK_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)


def confine_to_root() -> bool:
    """A second wall around a root of one's own: files that are not below "/" cannot be opened.

    For a descriptor of the host's that was to be closed and is not: it opens nothing further. False where the
    kernel has no Landlock, or its first version, which forbids every rename across directories: then the first
    wall stands alone.
    """
    try:
        abi = version()
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP):
            return False
        raise
    if abi < _REFER:
        return False
    restrict([Rule("/", EVERYTHING)], abi, tcp=False, scoped=False)
    return True


def _create(ruleset_attributes: bytes) -> int:
    size, flags = ctypes.c_size_t(len(ruleset_attributes)), ctypes.c_uint32(0)
    ruleset = libc.syscall(libc.SYS_LANDLOCK_CREATE_RULESET, ruleset_attributes, size, flags)
    os.set_inheritable(ruleset, False)  # noqa: FBT003
    return ruleset


def _add_path(ruleset: int, rule: Rule, abi: int) -> None:
    try:
        place = os.open(rule.path, os.O_PATH | os.O_CLOEXEC)
    except OSError as error:
        if rule.optional and error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ELOOP):
            return
        raise
    try:
        _add(ruleset, place, rule.rights & file_rights(abi))
    finally:
        os.close(place)


def _add_standard_streams(ruleset: int, abi: int) -> None:
    """Let /dev/stdin, /dev/stdout and /dev/stderr be opened again, in the direction that they are open."""
    for descriptor in (0, 1, 2):
        try:
            mode = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE
        except OSError:  # closed
            continue
        rights = 0 if mode == os.O_WRONLY else READ_FILE
        rights |= 0 if mode == os.O_RDONLY else WRITE_FILE | TRUNCATE
        if stat.S_ISCHR(os.fstat(descriptor).st_mode):
            rights |= IOCTL_DEV
        elif stat.S_ISDIR(os.fstat(descriptor).st_mode):
            continue
        try:
            _add(ruleset, descriptor, rights & file_rights(abi))
        except OSError as error:
            if error.errno != errno.EBADFD:  # pipes, sockets and memory files: not bound by path rules at all
                raise


def _add(ruleset: int, place: int, rights: int) -> None:
    if not stat.S_ISDIR(os.fstat(place).st_mode):
        rights &= _ON_FILES
    if not rights:
        return
    beneath = struct.pack("=Qi", rights, place)  # struct landlock_path_beneath_attr is packed
    libc.syscall(
        libc.SYS_LANDLOCK_ADD_RULE,
        ctypes.c_int(ruleset),
        ctypes.c_int(_RULE_PATH_BENEATH),
        beneath,
        ctypes.c_uint32(0),
    )
