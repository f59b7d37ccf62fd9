"""Git at work on a sandbox's objects, in a sandbox of its own: no network, no way to write but one descriptor.

Whatever the objects do to the git that reads them (CVE-2022-23521 was an overflow in such a reader) happens in
there. What comes out is a stream of bytes that the host's git checks.
"""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import ExitStack

from paddock.boundary import bubblewrap
from paddock.boundary.build import Build
from paddock.boundary.facts import facts_for
from paddock.boundary.sandbox import Sandbox
from paddock.errors import BoundaryUnavailable
from paddock.kernel import seccomp
from paddock.kernel.join import Start
from paddock.plan.model import BoundaryChoice, File, Link, Mount, Network, Person, Plan, Private, Workspace
from paddock.plan.paths import within
from paddock.policy.model import BUILT_IN
from paddock.process import find
from paddock.workspace.git.parcel import INSIDE, Packed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.kernel.reports import Joined, Report
    from paddock.workspace.git.parcel import Order

TIMEOUT_S = 600.0
_COMPLAINT_BYTES = 4096
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
_UID = 1000  # for root; others keep their own
_LIMITS = {"core": 0, "open_files": 1024, "processes": 64, "memory": 2 << 30}


def pack(order: Order, target: int) -> Packed:
    """Carry out an order; what the program writes goes to the descriptor `target`, a file. Raises PaddockError."""
    program = find("bwrap")
    if program is None:
        raise BoundaryUnavailable(
            "commits cannot be taken out of the sandbox",
            why="bubblewrap is not installed",
            next_step="paddock doctor --boundary bubblewrap",
        )
    plan = _plan(order)
    compiled = bubblewrap.compile(plan, facts_for(plan), ())
    with ExitStack() as undo:
        complaints, revisions = _memory_file(b"", undo), _memory_file(order.revisions, undo)
        build = Build(program, compiled, stand_in=os.geteuid() == 0)
        undo.callback(build.kill)
        sandbox = Sandbox(build)
        undo.callback(sandbox.stop)
        joined = sandbox.start(_start(plan, order), lambda: _connect(revisions, target, complaints))
        undo.callback(joined.release)  # before the stop: PID 1 ends only when the command was reaped
        started = joined.receive()
        if started is None or started.kind != "pid":
            raise _not_run(started)
        # Whatever happens now, Ctrl-C too. It is not reaped before the release: it cannot be another process.
        undo.callback(os.kill, started.number, signal.SIGKILL)
        status = _await(joined)
        return Packed(status, os.pread(complaints, _COMPLAINT_BYTES, 0).decode("utf-8", "surrogateescape").strip())


def _memory_file(data: bytes, undo: ExitStack) -> int:
    descriptor = os.memfd_create("git")
    undo.callback(os.close, descriptor)
    with open(os.dup(descriptor), "wb") as file:
        file.write(data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _connect(*streams: int) -> None:
    """In the process that becomes the command: its standard streams are these."""
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)


def _start(plan: Plan, order: Order) -> Start:
    machine = seccomp.machine_here()
    if machine is None:
        raise BoundaryUnavailable(f"no system-call table for {os.uname().machine}", next_step="paddock doctor")
    return Start(
        argv=plan.command,
        cwd="/",
        environment=order.environment,
        uid=plan.person.uid,
        gid=plan.person.gid,
        limits={**_LIMITS, "file_size": order.limit_bytes},
        filter=seccomp.program("default", machine),
        streams=("own", "own", "own"),
    )


def _await(joined: Joined) -> int:
    """The exit code, or minus the signal."""
    deadline = time.monotonic() + TIMEOUT_S
    while select.select([joined.channel], [], [], max(0.0, deadline - time.monotonic()))[0]:
        report = joined.receive()
        if report is None or report.kind == "failed":
            raise _not_run(report)
        if report.kind in ("exited", "killed"):
            return report.number if report.kind == "exited" else -report.number
    raise BoundaryUnavailable("git did not end inside", why=f"it was given {TIMEOUT_S:g} s")


def _not_run(report: Report | None) -> BoundaryUnavailable:
    why = f"{report.text}" if report else "the process that entered the sandbox died"
    return BoundaryUnavailable("git could not be started inside", why=why, next_step="paddock doctor")


def _plan(order: Order) -> Plan:
    """A root with the system's programs, the objects, and a repository of our making; nothing of the person's."""
    system = [path for path in _SYSTEM if os.path.exists(path)]
    shown = [*(path for path in system if not os.path.islink(path)), *order.shown]
    # Parents show what is below them.
    mounts = [path for path in shown if not any(path != other and within(path, other) for other in shown)]
    return Plan(
        command=order.argv,
        cwd="/",
        terminal=False,
        person=Person(os.getuid() or _UID, os.getgid() or _UID, "git", "/nonexistent"),
        environment=(),
        workspace=Workspace(order.layer, "readonly", (), BUILT_IN),
        mounts=tuple(Mount(path, path, "read", BUILT_IN) for path in dict.fromkeys(mounts)),
        links=tuple(Link(path, os.readlink(path)) for path in system if os.path.islink(path)),
        files=tuple(File(f"{INSIDE}/{path}", text) for path, text in order.files.items()),
        private=(Private("/tmp", 1 << 20),),  # noqa: S108 - inside the sandbox
        network=Network("off", (), BUILT_IN),
        limits=(),
        boundary=BoundaryChoice("bubblewrap", "bubblewrap", (), BUILT_IN),
    )
