"""Whether the landlock boundary works on this machine, found out by trying, and what it must know of it."""

from __future__ import annotations

import errno
import os
import socket

from paddock.boundary.base import Availability
from paddock.boundary.landlock import Facts
from paddock.errors import BoundaryUnavailable
from paddock.kernel import cgroups, confine, landlock, seccomp


def facts_here() -> Facts:
    """Ask this machine. Raises BoundaryUnavailable where the boundary cannot work at all."""
    machine = seccomp.machine_here()
    if machine is None:
        raise BoundaryUnavailable(f"no system-call table for {os.uname().machine}", next_step="use x86_64 or aarch64")
    try:
        abi = landlock.version()
    except OSError as error:
        raise _no_landlock(error) from error
    site = cgroups.find()
    return Facts(
        abi=abi,
        machine=machine,
        as_root=os.geteuid() == 0,
        tasks=_own_tasks(),
        controllers=tuple(sorted(site.parents)) if site and cgroups.works(site) else (),
    )


def available(base: str = "") -> Availability:  # noqa: ARG001 - all trials have one shape
    """Bind a child to an empty rule set and a filter, and let it look whether both hold."""
    try:
        facts = facts_here()
    except BoundaryUnavailable as error:
        return Availability(ok=False, reason=error.why or error.what, fix=error.next_step)
    if facts.as_root:
        reason = "root stays root without a user namespace"
        return Availability(ok=False, reason=reason, fix="run paddock as an ordinary user")
    failure = _trial(facts)
    if failure:
        return Availability(
            ok=False, reason=failure, fix="a kernel with CONFIG_SECURITY_LANDLOCK and CONFIG_SECCOMP_FILTER"
        )
    return Availability(ok=True, reason=f"Landlock ABI {facts.abi}")


def _own_tasks() -> int:
    """Threads of all processes of the caller's: the kernel counts them against RLIMIT_NPROC."""
    own, count = os.getuid(), 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if os.stat(f"/proc/{name}").st_uid == own:
                    count += len(os.listdir(f"/proc/{name}/task"))
            except OSError:
                continue
    return count


def _no_landlock(error: OSError) -> BoundaryUnavailable:
    if error.errno == errno.EOPNOTSUPP:
        return BoundaryUnavailable(
            "Landlock is switched off",
            why="the kernel has Landlock, but it is not among the security modules that were started",
            next_step="add landlock to the kernel parameter lsm= (beside what /sys/kernel/security/lsm lists), restart",
        )
    return BoundaryUnavailable(
        "Landlock is missing",
        why=f"the kernel {os.uname().release} has no Landlock, or a container's filter hides it ({error.strerror})",
        next_step="a kernel from 5.13 on with CONFIG_SECURITY_LANDLOCK",
    )


def _trial(facts: Facts) -> str:
    """What failed, or nothing."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        said = "the trial's process died"
        try:
            said = _look_from_inside(facts)
        except OSError as error:
            said = f"{error.filename or 'the kernel'}: {error.strerror}"
        finally:
            os.write(write, said.encode())
            os._exit(0)
    os.close(write)
    with open(read, "rb") as pipe:
        said = pipe.read().decode("utf-8", "replace")
    os.waitpid(pid, 0)
    return said


def _look_from_inside(facts: Facts) -> str:
    confine.drop_capabilities()
    landlock.restrict([], facts.abi)
    seccomp.install(seccomp.program("default", facts.machine, sockets="none", neighbours=True))
    for what, attempt in (
        ("opening a file", lambda: os.open("/", os.O_RDONLY)),
        ("making a socket", lambda: socket.socket(socket.AF_UNIX)),
    ):
        try:
            attempt()
        except OSError:
            continue
        return f"{what} is denied but succeeds: the kernel does not enforce"
    return ""
