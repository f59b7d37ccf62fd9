"""What a process gives up before it becomes the command.

Order matters: limits and groups while there are capabilities, then the capabilities, then
no_new_privs, then the filter (which would forbid some of the steps before it), then descriptors.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal

from paddock.kernel import libc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

# From prctl(2).
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 24, 38, 47, 4
PR_GET_SECCOMP, PR_GET_NO_NEW_PRIVS = 21, 39
LAST_POSSIBLE_CAPABILITY = 63
CAP_SETPCAP, CAP_NET_BIND_SERVICE, CAP_NET_ADMIN = 8, 10, 12
PR_SET_KEEPCAPS = 8
_HEADER = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3, this thread


def become(uid: int, gid: int) -> None:
    """Take on ids inside the current user namespace."""
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def become_with_capabilities(uid: int, gid: int) -> None:
    """Take on ids, and keep what root may do: for a process that has still to enter a namespace."""
    libc.call("prctl", PR_SET_KEEPCAPS, 1, 0, 0, 0)
    become(uid, gid)
    sets = (ctypes.c_uint32 * 6)()
    libc.call("capget", _HEADER, sets)
    sets[0], sets[3] = sets[1], sets[4]  # the change has emptied the effective set, not the permitted one
    libc.call("capset", _HEADER, sets)


def drop_capabilities() -> None:
    """Empty all capability sets, the bounding set included, and forbid ever gaining privileges.

    A process that holds no CAP_SETPCAP cannot empty its bounding set; then no_new_privs makes that one useless.
    """
    drop_capabilities_but()


def drop_capabilities_but(*kept: int) -> None:
    """The same, except for some capabilities (below 32) of this process itself; a program it starts has none."""
    for number in range(LAST_POSSIBLE_CAPABILITY + 1):
        try:
            libc.call("prctl", PR_CAPBSET_DROP, number, 0, 0, 0)
        except OSError as error:
            if error.errno == errno.EINVAL:  # past the kernel's last one
                break
            if _holds(CAP_SETPCAP):
                raise
            break
    libc.call("prctl", PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    sets = (ctypes.c_uint32 * 6)()
    sets[0] = sets[1] = sum(1 << number for number in kept)
    libc.call("capset", _HEADER, sets)
    libc.call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def is_bound() -> bool:
    """Whether this process has no_new_privs and a system-call filter, as every command inside has for ever."""
    return libc.call("prctl", PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 and libc.call("prctl", PR_GET_SECCOMP) != 0


def _holds(capability: int) -> bool:
    """Whether a capability (below 32) is in the effective set."""
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; then their upper halves
    libc.call("capget", _HEADER, sets)
    return bool(sets[0] >> capability & 1)


def default_signals() -> None:
    """Undo what Python and the joiner ignore, and unblock everything: the command would inherit both."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def close_all_but(*keep: int) -> None:
    """Close every descriptor from 3 up except those named, known to us or not (close_range(2))."""
    first = 3
    for descriptor in sorted(set(keep)):
        if descriptor > first:
            _close_range(first, descriptor - 1)
        first = max(first, descriptor + 1)
    _close_range(first, 0xFFFFFFFF)


def _close_range(first: int, last: int) -> None:
    libc.syscall(libc.SYS_CLOSE_RANGE, ctypes.c_uint(first), ctypes.c_uint(last), ctypes.c_uint(0))


def become_program(argv: tuple[str, ...], environment: Mapping[str, str]) -> NoReturn:
    """Find the program along the environment's PATH, in the file system as it is now, and become it.

    Raises OSError as execve(2) does; FileNotFoundError where PATH does not lead to it.
    """
    if "/" in argv[0]:
        os.execve(argv[0], argv, environment)
    failure: OSError = FileNotFoundError(2, "not found on PATH", argv[0])
    for directory in environment.get("PATH", "/usr/bin:/bin").split(":"):
        try:
            os.execve(f"{directory}/{argv[0]}" if directory else argv[0], argv, environment)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            failure = error
    raise failure
