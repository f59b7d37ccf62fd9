"""How a command starts in a sandbox that is there: a session's first one, and every later `exec`."""

from __future__ import annotations

import os

from paddock.errors import PaddockError
from paddock.kernel import seccomp, streams
from paddock.kernel.join import Start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from paddock.boundary.guest import Guest
    from paddock.boundary.gvisor import Runsc
    from paddock.kernel.cgroups import Cgroup
    from paddock.kernel.seccomp import Machine
    from paddock.plan.model import Plan


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
    name = os.uname().machine
    if name == "x86_64":
        return "x86_64"
    if name == "aarch64":
        return "aarch64"
    raise PaddockError(
        f"no system-call table for {name}",
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
