"""Whether the gvisor boundary works on this machine: a command is started as `paddock run` starts it."""

from __future__ import annotations

import os

from paddock.boundary import engine, gvisor, runsc
from paddock.boundary.base import Availability
from paddock.boundary.packages import install
from paddock.errors import PaddockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.boundary.gvisor import Runsc

_ASK_TIMEOUT_S = 10.0
_KVM_TIMEOUT_S = 10.0  # where it does not work it hangs; of the others one that is only slow must not be passed over


def available(base: str) -> Availability:
    """Try every platform, each for a bounded time; below `base`, an empty and private directory."""
    from paddock.process import SYSTEM_PATH, run

    if engine.by_docker():
        return Availability(
            ok=False, reason="podman starts its containers, and only Docker is here", fix=install("podman")
        )
    try:
        program = runsc.find_program()
        environment = {"PATH": ":".join(SYSTEM_PATH), "LANG": "C.UTF-8"}
        said = run((program, "--version"), environment=environment, timeout_s=_ASK_TIMEOUT_S).stdout
    except PaddockError as error:
        return Availability(ok=False, reason=f"{error.what} ({error.why})", fix=error.next_step)
    version = said.decode("utf-8", "replace").partition("\n")[0].strip() or "runsc"
    failures: dict[str, str] = {}
    for platform in runsc.PLATFORMS:
        own = f"{base}/{platform}"
        os.makedirs(own, mode=0o700)
        failures[platform] = failure(gvisor.Runsc(program, platform), own)
    return runsc.judge(version, failures)


def failure(found: Runsc, base: str) -> str:
    """What fails when `true` is started under gVisor on that platform, or nothing."""
    import shutil

    from paddock.boundary import container, steps
    from paddock.boundary.bubblewrap_trial import how_it_ended, smallest_plan
    from paddock.boundary.facts import facts_for
    from paddock.boundary.guest import BOOT_TIMEOUT_S, Guest
    from paddock.boundary.guest_programs import machine_here
    from paddock.boundary.sandbox import Sandbox
    from paddock.kernel.join import Start

    plan = smallest_plan(f"{base}/repository", "readonly")
    os.makedirs(plan.workspace.source, mode=0o700)
    patience_s = _KVM_TIMEOUT_S if found.platform == "kvm" else BOOT_TIMEOUT_S
    start = Start(
        argv=plan.command, cwd="/", environment={}, uid=plan.person.uid, gid=plan.person.gid, limits={}, filter=b"",
        streams=("null", "null", "null"), through=Guest(plan, {}, found, timeout_s=patience_s),
    )  # fmt: skip
    here = container.place(base)
    try:
        compiled = gvisor.compile(plan, facts_for(plan), (), machine_here())
        owner = steps.STAND_IN if os.geteuid() == 0 else None
        name = f"paddock-trial-{os.urandom(8).hex()}"
        sandbox = Sandbox(container.Container(engine.find_engine(), compiled, here, name, owner=owner))
        try:
            return how_it_ended(sandbox.start(start))
        finally:
            sandbox.stop()
    except PaddockError as error:
        return f"{error.what} ({error.why})"
    finally:
        shutil.rmtree(here, ignore_errors=True)
