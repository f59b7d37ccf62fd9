"""Namespaces of a running process: hold them open, and do something inside.

A process that wants to work inside a sandbox forks, enters and never returns. It holds capabilities over the
sandbox's namespaces and memory of the caller while it is visible to hostile processes there, so it makes
itself non-dumpable first (CVE-2016-9962 was an init process that did not) and can import nothing once it
is inside: the modules would be read from the sandbox's own files.
"""

from __future__ import annotations

import array
import fcntl
import os
import socket
import sys

from paddock.frozen import frozen
from paddock.kernel import libc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# <linux/sched.h>
CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
FLAGS = {
    "net": CLONE_NEWNET,
    "ipc": CLONE_NEWIPC,
    "uts": CLONE_NEWUTS,
    "cgroup": CLONE_NEWCGROUP,
    "pid": CLONE_NEWPID,
    "mnt": CLONE_NEWNS,
}

NS_GET_USERNS = 0xB701  # ioctl_ns(2)
PR_SET_DUMPABLE = 4  # prctl(2)
PR_SET_PDEATHSIG = 1

# scm(7): the kernel takes at most SCM_MAX_FD descriptors in one message.
SCM_MAX_FD = 253


@frozen
class Namespaces:
    """Descriptors of a sandbox's namespaces.

    `owner` is the user namespace that owns the others, `user` the one the command lives in (bubblewrap's
    `--disable-userns` puts it one level deeper).
    """

    owner: int
    user: int
    net: int
    ipc: int
    uts: int
    cgroup: int
    pid: int
    mnt: int

    def close(self) -> None:
        """Close all descriptors; the object is of no use afterwards."""
        for descriptor in (self.owner, self.user, *(getattr(self, name) for name in FLAGS)):
            os.close(descriptor)


def namespaces_of(pid: int, *, people: str = "") -> Namespaces:
    """Open the namespaces of a process of ours. Raises OSError when it is gone or not ours.

    `people` is where the user namespace of commands is, if not that of the process.
    """
    opened: dict[str, int] = {}
    try:
        opened["user"] = os.open(people or f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
        for name in FLAGS:
            opened[name] = os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY | os.O_CLOEXEC)
        opened["owner"] = fcntl.ioctl(opened["mnt"], NS_GET_USERNS)
        os.set_inheritable(opened["owner"], False)  # noqa: FBT003
    except OSError:
        for descriptor in opened.values():
            os.close(descriptor)
        raise
    return Namespaces(**opened)


def setns(descriptor: int, flag: int) -> None:
    """Enter one namespace (setns(2))."""
    libc.call("setns", descriptor, flag)


def is_ours(user: int) -> bool:
    """Whether that user namespace is the one that this process is in: nobody can enter that again (setns(2), EINVAL).

    Docker of root's gives its containers none of their own.
    """
    return os.path.samestat(os.fstat(user), os.stat("/proc/self/ns/user"))


def be_unreadable() -> None:
    """Forbid ptrace and /proc/PID/{mem,environ,fd} of this process to everyone without capabilities."""
    libc.call("prctl", PR_SET_DUMPABLE, 0, 0, 0, 0)


def die_with_parent(signal_number: int) -> None:
    """Ask for a signal when the parent dies (prctl(2), PR_SET_PDEATHSIG)."""
    libc.call("prctl", PR_SET_PDEATHSIG, signal_number, 0, 0, 0)


def forbid_imports() -> None:
    """Make `import` fail from now on: after a change of root it would read the sandbox's files."""
    sys.path[:] = []
    sys.meta_path.clear()


def enter(namespaces: Namespaces, names: Sequence[str]) -> None:
    """Enter some of the namespaces, as the owner of their user namespace, with all capabilities there.

    Real root keeps its own user namespace: its capabilities reach over all others, and mounts of the host
    stay usable. Call only in a process that was forked for this.
    """
    be_unreadable()
    if os.geteuid() != 0:
        setns(namespaces.owner, CLONE_NEWUSER)
    for name in names:
        setns(getattr(namespaces, name), FLAGS[name])


def within(
    namespaces: Namespaces, names: Sequence[str], task: Callable[[], tuple[bytes, Sequence[int]]]
) -> tuple[bytes, list[int]]:
    """Run `task` in a forked process inside the named namespaces; give back its bytes and descriptors.

    The task must have all modules that it needs imported before. Raises OSError with the task's own
    errno when it failed with one, RuntimeError with its message otherwise.
    """
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            here.close()
            forbid_imports()
            enter(namespaces, names)
            payload, descriptors = task()
            _send(there, payload, descriptors)
            status = 0
        except OSError as error:
            _report(there, error.errno or 0, f"{error.strerror} ({error.filename})")
        except BaseException as error:  # noqa: BLE001 - the parent must hear of everything
            _report(there, 0, f"{type(error).__name__}: {error}")
        finally:
            os._exit(status)
    there.close()
    try:
        return _receive(here)
    finally:
        here.close()
        os.waitpid(pid, 0)


def _send(channel: socket.socket, payload: bytes, descriptors: Sequence[int]) -> None:
    left = list(descriptors)
    channel.sendall(b"D" + len(left).to_bytes(4, "big") + payload)
    while left:
        batch, left = left[:SCM_MAX_FD], left[SCM_MAX_FD:]
        channel.sendmsg([b"F"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", batch))])


def _report(channel: socket.socket, number: int, message: str) -> None:
    channel.sendall(b"E" + number.to_bytes(4, "big") + message.encode("utf-8", "replace")[:4000])


def _receive(channel: socket.socket) -> tuple[bytes, list[int]]:
    message = channel.recv(1 << 16)
    if not message:
        reason = "the process that entered the sandbox died"
        raise RuntimeError(reason)
    number = int.from_bytes(message[1:5], "big")
    if message[:1] == b"E":
        text = message[5:].decode("utf-8", "replace")
        if number:
            raise OSError(number, text)
        raise RuntimeError(text)
    descriptors: list[int] = []
    while len(descriptors) < number:
        _, ancillary, _, _ = channel.recvmsg(1, socket.CMSG_SPACE(SCM_MAX_FD * 4), socket.MSG_CMSG_CLOEXEC)
        if not ancillary:
            reason = "the process that entered the sandbox died"
            raise RuntimeError(reason)
        for _, _, data in ancillary:
            received = array.array("i")
            received.frombytes(data[: len(data) - len(data) % received.itemsize])
            descriptors.extend(received)
    return message[5:], descriptors
