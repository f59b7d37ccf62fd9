"""How a command starts in a sandbox: a session's first one, and every later `exec`."""

from __future__ import annotations

import os

from paddock.errors import PaddockError
from paddock.frozen import frozen
from paddock.kernel import seccomp, streams
from paddock.kernel.join import Start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from paddock.boundary.confined import LandlockSandbox
    from paddock.boundary.guest import Guest
    from paddock.boundary.gvisor import Runsc
    from paddock.boundary.sandbox import Build, Sandbox
    from paddock.gateway.server import Gateway
    from paddock.kernel.cgroups import Cgroup
    from paddock.kernel.namespaces import Namespaces
    from paddock.kernel.reports import Joined
    from paddock.kernel.seccomp import Machine
    from paddock.plan.model import Plan
    from paddock.unwinding import Unwinding
    from paddock.vetting import Vetting


@frozen
class Running:
    """A sandbox in which the first command runs."""

    sandbox: Sandbox | LandlockSandbox
    joined: Joined
    init_pid: int = 0  # PID 1 of the sandbox, where it has namespaces to enter
    gateway: Gateway | None = None
    people: int = -1  # the user namespace of its commands, where PID 1 is in another


def start_of(plan: Plan, per_process: Mapping[str, int], guest: Runsc | None = None) -> Start:
    """How the plan's command starts; by gVisor's program, where the sandbox has a guest."""
    return Start(
        argv=plan.command,
        cwd=plan.cwd,
        environment={variable.name: variable.value for variable in plan.environment},
        uid=plan.person.uid,
        gid=plan.person.gid,
        limits=per_process,
        filter=seccomp.program(
            "debug" if plan.syscalls == "debug" else "default", machine(), sockets="all", nested=plan.nested
        ),
        nested=plan.nested,
        streams=streams.look(),
        private_home=plan.person.home if any(one.target == plan.person.home for one in plan.private) else "",
        through=_through(plan, per_process, guest) if guest else None,
    )


def _through(plan: Plan, per_process: Mapping[str, int], runsc: Runsc) -> Guest:
    from paddock.boundary.guest import Guest

    return Guest(plan, per_process, runsc)


def machine() -> Machine:
    """The architecture, as the system-call tables name it."""
    found = seccomp.machine_here()
    if found:
        return found
    raise PaddockError(
        f"no system-call table for {os.uname().machine}",
        why="Paddock knows x86_64 and aarch64",
        next_step="paddock doctor",
        code="architecture",
    )


def joining(group: Cgroup | None) -> Callable[[], None]:
    """What a joiner does first: move into the sandbox's control group, where there is one."""

    def join_group() -> None:
        if group:
            group.join(os.getpid())

    return join_group


def enter(
    build: Build,
    start: Start,
    before: Callable[[], None],
    open_gateway: Callable[[Namespaces], Gateway | None],
    vetting: Vetting | None,
    undo: Unwinding,
) -> Running:
    """Start the command in namespaces that are being made, and open the gateway to them. Raises PaddockError.

    With `vetting` the pack of probes comes first, and the command only where that finds nothing.
    """
    from paddock.boundary.sandbox import Sandbox, begin

    joiner = begin(build.compiled, vetting.start(start) if vetting else start, before)
    undo.callback(joiner.cancel)
    sandbox = Sandbox(build)
    undo.callback(sandbox.stop)
    gateway = open_gateway(sandbox.namespaces)
    if gateway:
        undo.callback(gateway.stop)
    joined = sandbox.enter(joiner)
    if vetting:
        vetting.judge(joined)
        vetting.remove()
        joined = sandbox.join(start, before)
    return Running(sandbox, joined, sandbox.init_pid, gateway, sandbox.people)


def confine(plan: Plan, before: Callable[[], None], vetting: Vetting | None, undo: Unwinding) -> Running:
    """Start the command under Landlock, on the host's own file system; with `vetting` as `enter` does."""
    from paddock.boundary import landlock
    from paddock.boundary.confined import LandlockSandbox
    from paddock.boundary.landlock_trial import facts_here
    from paddock.workspace import scratches

    private = scratches.scratch()
    undo.callback(scratches.remove_scratch, private)
    sandbox = LandlockSandbox(landlock.compile(plan, facts_here(), private))
    undo.callback(sandbox.stop)
    if vetting:
        vetting.judge(sandbox.exec(vetting.streams, vetting.argv, before=before))
        vetting.remove()
    return Running(sandbox, sandbox.exec(streams.look(), before=before))
