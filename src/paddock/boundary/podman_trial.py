"""Whether the podman boundary works on this machine: a command is started as `paddock run` starts it."""

from __future__ import annotations

import os

from paddock.boundary import engine
from paddock.boundary.base import Availability
from paddock.errors import PaddockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.boundary.engine import Engine


def available(base: str) -> Availability:
    """Start a container with an overlay; on this side below `base`, an empty and private directory."""
    try:
        found = engine.find_engine()
        version = engine.version(found)
        old = engine.too_old(found, version)
        if old:
            raise old
        failure = _failure(found, base)
    except PaddockError as error:
        fix = "" if error.next_step.startswith("paddock doctor") else error.next_step
        return Availability(ok=False, reason=f"{error.what}{f' ({error.why})' if error.why else ''}", fix=fix)
    runtime = f" with {os.path.basename(found.runtime)}" if found.runtime else ""
    who = ", as root: the engine is root too" if os.geteuid() == 0 else ""
    return Availability(ok=not failure, reason=failure or f"{version.text}{runtime}{who}")


def _failure(found: Engine, base: str) -> str:
    """What fails when `true` is started in a container, or nothing. Raises PaddockError."""
    import shutil

    from paddock.boundary import container, docker, podman, steps
    from paddock.boundary.bubblewrap_trial import how_it_ended, smallest_plan
    from paddock.boundary.facts import facts_for
    from paddock.boundary.sandbox import Sandbox
    from paddock.kernel import seccomp
    from paddock.kernel.join import Start

    machine = seccomp.machine_here()
    if machine is None:
        return f"no system-call table for {os.uname().machine}"
    plan = smallest_plan(f"{base}/repository", "review")
    source, layers = plan.workspace.source, f"{base}/layers"
    for directory in (source, f"{layers}/upper", f"{layers}/work"):
        os.makedirs(directory, mode=0o700)
    start = Start(
        argv=plan.command, cwd="/", environment={}, uid=plan.person.uid, gid=plan.person.gid, limits={},
        filter=seccomp.program("default", machine),
        streams=("null", "null", "null"),
    )  # fmt: skip
    overlay = steps.Overlay(source, (source,), f"{layers}/upper", f"{layers}/work")
    facts = facts_for(plan)
    if found.daemon:
        facts = docker.facts(found, plan, facts)
    compiled = podman.compile(plan, facts, (overlay,))
    owner = steps.STAND_IN if os.geteuid() == 0 else None
    here = container.place(base)
    try:
        made = container.Container(found, compiled, here, f"paddock-trial-{os.urandom(8).hex()}", owner=owner)
        sandbox = Sandbox(made)
        try:
            return how_it_ended(sandbox.start(start))
        finally:
            sandbox.stop()
    finally:
        shutil.rmtree(here, ignore_errors=True)  # it may not have been made: what refused it is to be said
