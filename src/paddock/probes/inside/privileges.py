"""Attacks on privileges: capabilities, ids, nested namespaces, programs that run as somebody else."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import struct
import time

from paddock.probes.inside.effects import Given, Skipped, check, libc, opens, row
from paddock.probes.inside.processes import pidfd_open

NEWUSER, NEWNS, NEWNET, NEWPID = 0x10000000, 0x20000, 0x40000000, 0x20000000
_OTHERS = (("mnt", NEWNS), ("net", NEWNET), ("uts", 0x04000000), ("ipc", 0x08000000), ("cgroup", 0x02000000))
_GET_NO_NEW_PRIVS = 39  # prctl(2)
_SETUID_CAPABILITY = 1 << 7  # CAP_SETUID
# Programs that are setuid nearly everywhere. Asked for help only, which asks nobody for a password.
_SETUID_PROGRAMS = ("su", "mount", "umount", "passwd", "chsh", "newgrp", "gpasswd", "sudo")


def status(name: str, pid: str = "self") -> list[str]:
    """The words of one line of a process's status; empty where there is none."""
    with open(f"/proc/{pid}/status") as file:
        return next((line.split()[1:] for line in file if line.startswith(f"{name}:")), [])


def _bits(name: str, pid: str = "self") -> int:
    return int((status(name, pid) or ["0"])[0], 16)


@row("PK-07 no-new-privs")
def no_new_privs(given: Given) -> list[str]:
    if libc.prctl(_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1:  # gVisor's /proc does not say it
        return []
    return ["a program may gain privileges when it is started"]


@row("PK-08 seccomp-on")
def filtered(given: Given) -> list[str]:
    return [] if status("Seccomp") == ["2"] else ["no filter of system calls"]


@row("PK-09 caps-empty")
def capabilities(given: Given) -> list[str]:
    return [f"{name} {_bits(name):x}" for name in ("CapInh", "CapPrm", "CapEff", "CapAmb") if _bits(name)]


@row("PK-09 caps-of-pid1")
def capabilities_of_first(given: Given) -> list[str]:
    """A program inside shares its user id with the sandbox's first processes: what they may, it can make its own."""
    found = []
    for pid in ("1", "2"):
        if os.path.isdir(f"/proc/{pid}") and int(status("Uid", pid)[0]) == os.getuid():
            found += [f"{name} of {pid}: {_bits(name, pid):x}" for name in ("CapPrm", "CapEff") if _bits(name, pid)]
    return found


@row("PK-10 bounding-empty")
def bounding(given: Given) -> list[str]:
    return [f"CapBnd {_bits('CapBnd'):x}"] if _bits("CapBnd") else []


def _root_is_root() -> bool:
    """Whether uid 0 here is uid 0 in the namespace above."""
    with open("/proc/self/uid_map") as file:
        return any(line.split()[:2] == ["0", "0"] for line in file)


@row("PK-11 uid0-not-host0")
def host_root(given: Given) -> list[str]:
    """Who is 0 inside is somebody else outside. What others are outside, the host alone can tell (PK-11 host-side)."""
    if not _root_is_root():
        return []
    found = ["uid 0 is 0 outside"] if 0 in os.getresuid() else []
    return found + (["may become uid 0"] if _bits("CapEff") & _SETUID_CAPABILITY else [])


@row("PK-11 host-groups")
def groups(given: Given) -> list[str]:
    """Membership in docker, disk or adm comes with the process, whatever its user is called inside."""
    # 65534 stands for every group that has no number here: a file of such a group is still open to us.
    own = {os.getgid(), os.getegid()}
    return [f"in group {number}" for number in set(os.getgroups()) - own]


@row("PK-12 nested-userns-unshare")
def unshare(given: Given) -> list[str]:
    check(libc.unshare(NEWUSER))
    return ["a user namespace"]


@row("PK-12 nested-userns-clone")
def clone(given: Given) -> list[str]:
    here, there = os.pipe()
    pid = given.syscall("clone", NEWUSER | signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        os.write(there, b"!")
        os._exit(0)
    os.close(there)
    os.waitpid(pid, 0)
    return ["a user namespace"] if os.read(here, 1) else []


@row("PK-12 nested-userns-clone3")
def clone3(given: Given) -> list[str]:
    arguments = struct.pack("8Q", NEWUSER, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
    pid = given.syscall("clone3", arguments, len(arguments))
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return ["a user namespace"]


@row("PK-12 other-namespaces")
def other_namespaces(given: Given) -> list[str]:
    return [name for name, flag in _OTHERS if libc.unshare(flag) == 0]


@row("PK-12 limit-lifted")
def limit_lifted(given: Given) -> list[str]:
    """--disable-userns is kept by a limit that could otherwise be lifted again."""
    return opens("/proc/sys/user/max_user_namespaces", "/proc/sys/user/max_mnt_namespaces", flags=os.O_WRONLY)


@row("PK-14 setns")
def setns(given: Given) -> list[str]:
    found = []
    for pid in ("1", "2", "self"):
        for name, flag in (("mnt", NEWNS), ("net", NEWNET), ("user", NEWUSER), ("pid", NEWPID)):
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
    return [f"mounts of {pid}" for pid in pids if libc.setns(pidfd_open(pid), NEWNS) == 0]


@row("PK-23 personality")
def personality(given: Given) -> list[str]:
    given.syscall("personality", 0x0040000)
    return ["no address randomisation"] if given.syscall("personality", 0xFFFFFFFF) & 0x0040000 else []


@row("PK-51 suid-binaries")
def setuid(given: Given) -> list[str]:
    """Started, held at its first word by a full pipe, and looked at to see whose it is now."""
    programs = [f"/usr/bin/{name}" for name in _SETUID_PROGRAMS if _is_setuid(f"/usr/bin/{name}")]
    if not programs:
        raise Skipped("there is no setuid program here")
    return [f"{programs[0]} runs as root"] if _runs_as_root(programs[0]) else []


def _is_setuid(path: str) -> bool:
    try:
        return bool(os.stat(path).st_mode & 0o4000) and os.access(path, os.X_OK)
    except OSError:
        return False


def _runs_as_root(program: str) -> bool:
    here, there = os.pipe()
    os.set_blocking(there, False)
    try:
        while True:
            os.write(there, bytes(4096))
    except BlockingIOError:
        os.set_blocking(there, True)
    pid = os.fork()
    if pid == 0:
        try:
            os.dup2(there, 1)
            os.dup2(there, 2)
            fcntl.fcntl(there, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
            os.execve(program, [program, "--help"], {})
        finally:
            os._exit(0)
    name = os.path.basename(program)
    found = False
    for _ in range(1600):
        ended, _ = os.waitpid(pid, os.WNOHANG)
        if ended:
            return found
        if status("Name", str(pid)) == [name]:
            # It has its new name a moment before its new rights; asleep at the pipe it has both.
            is_asleep = status("State", str(pid))[:1] == ["S"]
            found = status("Uid", str(pid))[1] == "0" and _root_is_root()
            if found or is_asleep:
                break
        time.sleep(0.005)
    os.close(there)
    os.close(here)  # its next word kills it, where we may not
    with contextlib.suppress(PermissionError):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return found
