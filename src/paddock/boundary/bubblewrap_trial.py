"""Whether the bubblewrap boundary works on this machine, found out by trying each step, and what mends it.

Never by the distribution's name or version: the same kernel refuses user namespaces in one container and allows
them in the next.
"""

from __future__ import annotations

import os
import select
import signal

from paddock.boundary.base import Availability
from paddock.boundary.packages import install
from paddock.errors import PaddockError
from paddock.frozen import frozen
from paddock.process import SYSTEM_PATH, find, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from paddock.kernel.reports import Joined
    from paddock.plan.model import Plan, WorkspaceMode

_TIMEOUT_S = 20

MEANWHILE = "without it: paddock run --boundary landlock --minimum landlock …, which names its gaps"
APPARMOR_FIX = (
    "sudo apt-get install -y apparmor-profiles && "
    "sudo install -m 644 /usr/share/apparmor/extra-profiles/bwrap-userns-restrict /etc/apparmor.d/ && "
    "sudo apparmor_parser -r /etc/apparmor.d/bwrap-userns-restrict"
)
SWITCHES = (
    "/proc/sys/user/max_user_namespaces",
    "/proc/sys/kernel/unprivileged_userns_clone",
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
)


@frozen
class Surroundings:
    """What explains a refusal: the switches' texts by path, and whether we run under somebody's filter already."""

    switches: Mapping[str, str]
    filtered: bool
    as_root: bool


def available(base: str) -> Availability:
    """Run bubblewrap as it is, then as Paddock uses it: entered from outside, the command started in it."""
    program = find("bwrap")
    if program is None:
        return Availability(ok=False, reason="bubblewrap is not installed", fix=install("bubblewrap"))
    complaint = _bare_failure(program)
    if complaint:
        return diagnose(complaint, surroundings())
    failure = _failure(program, base, "readonly")
    if failure:
        return Availability(ok=False, reason=f"bubblewrap works, but not as Paddock needs it: {failure}", fix=MEANWHILE)
    return Availability(ok=True, reason=_version(program))


def overlay(base: str) -> Availability:
    """Whether a repository can be seen copy-on-write (mode review), on the file system of `base`."""
    program = find("bwrap")
    if program is None or _bare_failure(program):
        return Availability(ok=False, reason="not tried: it needs bubblewrap")
    failure = _failure(program, base, "scratch")
    if failure:
        fix = "set XDG_STATE_HOME to a directory on ext4, xfs or btrfs; or: paddock run --workspace live …"
        return Availability(ok=False, reason=failure, fix=fix)
    return Availability(ok=True, reason="copy-on-write works where Paddock keeps change sets")


def diagnose(complaint: str, around: Surroundings) -> Availability:
    """What a refusal means and what mends it. Pure."""
    limit, clone, apparmor = (around.switches.get(path, "") for path in SWITCHES)
    if limit == "0":
        reason = f"user namespaces are switched off (user.max_user_namespaces = 0): {complaint}"
        fix = "sudo sysctl -w user.max_user_namespaces=15000"
    elif clone == "0" and not around.as_root:
        reason = f"user namespaces are root's alone here (kernel.unprivileged_userns_clone = 0): {complaint}"
        fix = "sudo sysctl -w kernel.unprivileged_userns_clone=1"
    elif "proc" in complaint and "mount" in complaint.lower():
        reason = f"a new /proc is refused, as in a container that masks parts of its own: {complaint}"
        fix = f"start the container with an unmasked /proc, or run Paddock outside of it; {MEANWHILE}"
    elif around.filtered and ("namespace" in complaint or apparmor != "1"):
        reason = f"a system-call filter around this shell, as containers have, refuses namespaces: {complaint}"
        fix = f"run Paddock outside of the container, or allow it user namespaces; {MEANWHILE}"
    elif apparmor == "1" and not around.as_root:
        reason = (
            "AppArmor lets only programs with a profile use user namespaces, and bubblewrap has none here. That "
            f"restriction is worth keeping; the profile lets bubblewrap, and nothing else, through: {complaint}"
        )
        fix = f"{APPARMOR_FIX}   ({MEANWHILE})"
    else:
        reason, fix = f"bubblewrap fails: {complaint}", MEANWHILE
    return Availability(ok=False, reason=reason, fix=fix)


def surroundings() -> Surroundings:
    """Ask the kernel what could be in the way."""
    return Surroundings(
        switches={path: _text(path) for path in SWITCHES},
        filtered="\nSeccomp:\t2" in _text("/proc/self/status"),
        as_root=os.geteuid() == 0,
    )


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def _bare_failure(program: str) -> str:
    """What plain bubblewrap complains about, or nothing."""
    words = [
        program, "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--cap-drop", "ALL",
        "--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev",
    ]  # fmt: skip
    for path in ("/bin", "/sbin", "/lib", "/lib32", "/lib64"):
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            words += ["--ro-bind", path, path]
    try:
        done = run([*words, "--", "/usr/bin/true"], environment=_environment(), timeout_s=_TIMEOUT_S)
    except PaddockError as error:
        return error.what
    if done.status == 0:
        return ""
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].removeprefix("bwrap: ") if lines else f"status {done.status}"


def _version(program: str) -> str:
    done = run([program, "--version"], environment=_environment(), timeout_s=_TIMEOUT_S)
    return done.stdout.decode("utf-8", "replace").strip()


def _environment() -> dict[str, str]:
    return {"PATH": ":".join(SYSTEM_PATH), "LANG": "C.UTF-8"}


def _failure(program: str, base: str, mode: WorkspaceMode) -> str:
    """What fails when `true` is started as `paddock run` starts a command, or nothing."""
    from paddock.boundary import bubblewrap, steps
    from paddock.boundary.build import Build
    from paddock.boundary.facts import facts_for
    from paddock.boundary.sandbox import Sandbox
    from paddock.kernel import seccomp
    from paddock.kernel.join import Start

    machine = seccomp.machine_here()
    if machine is None:
        return f"no system-call table for {os.uname().machine}"
    plan = smallest_plan(f"{base}/{mode}/repository", mode)
    layers = f"{base}/{mode}/layers"
    for directory in (plan.workspace.source, f"{layers}/upper", f"{layers}/work"):
        os.makedirs(directory, mode=0o700)
    start = Start(
        argv=plan.command, cwd="/", environment={}, uid=plan.person.uid, gid=plan.person.gid, limits={},
        filter=seccomp.program("default", machine),
        streams=("null", "null", "null"),
    )  # fmt: skip
    try:
        source = plan.workspace.source
        overlays = (steps.Overlay(source, (source,), f"{layers}/upper", f"{layers}/work"),)
        compiled = bubblewrap.compile(plan, facts_for(plan), overlays)
        sandbox = Sandbox(Build(program, compiled, stand_in=os.geteuid() == 0))
    except PaddockError as error:
        return f"{error.what} ({error.why})"
    try:
        return how_it_ended(sandbox.start(start))
    except PaddockError as error:
        return f"{error.what} ({error.why})"
    finally:
        sandbox.stop()


def how_it_ended(joined: Joined) -> str:
    """Nothing for a command that ended well. Afterwards the command and its joiner are gone."""
    pid = 0
    try:
        while select.select([joined.channel], [], [], _TIMEOUT_S)[0]:
            report = joined.receive()
            if report is None:
                return "the process that entered it died"
            if report.kind == "pid":
                pid = report.number
            elif report.kind != "stopped":
                ended_well = (report.kind, report.number) == ("exited", 0)
                return "" if ended_well else f"a command in it {report.kind} {report.text}".rstrip()
        if pid:
            os.kill(pid, signal.SIGKILL)  # not reaped before the release: it cannot be another process
        return f"a command in it did not end within {_TIMEOUT_S} s"
    finally:
        joined.release()


def smallest_plan(workspace: str, mode: WorkspaceMode) -> Plan:
    """`true`, with the machine's own programs."""
    from paddock.plan.model import (
        BoundaryChoice,
        Link,
        Mount,
        Network,
        Person,
        Plan,
        Private,
        Workspace,
    )
    from paddock.policy.model import BUILT_IN

    system = [path for path in ("/bin", "/sbin", "/lib", "/lib32", "/lib64") if os.path.exists(path)]
    return Plan(
        command=("/usr/bin/true",),
        cwd="/",
        terminal=False,
        person=Person(os.getuid() or 1000, os.getgid() or 1000, "trial", "/home/trial"),
        environment=(),
        workspace=Workspace(workspace, mode, (), BUILT_IN),
        mounts=tuple(Mount(p, p, "read", BUILT_IN) for p in ("/usr", *(p for p in system if not os.path.islink(p)))),
        links=tuple(Link(path, os.readlink(path)) for path in system if os.path.islink(path)),
        files=(),
        private=(Private("/tmp", 1 << 20), Private("/home/trial", 1 << 20)),  # noqa: S108 - inside the sandbox
        network=Network("off", (), BUILT_IN),
        limits=(),
        boundary=BoundaryChoice("bubblewrap", "bubblewrap", (), BUILT_IN),
    )
