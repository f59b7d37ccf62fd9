"""Begin to make a sandbox that can be entered: by bubblewrap, or by a container engine."""

from __future__ import annotations

import os

from paddock import live
from paddock.boundary import bubblewrap, steps
from paddock.boundary.build import Build
from paddock.boundary.facts import facts_for
from paddock.errors import SessionError
from paddock.frozen import replace
from paddock.process import find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from paddock.boundary.bubblewrap import Facts
    from paddock.boundary.container import Container
    from paddock.boundary.engine import Engine
    from paddock.boundary.gvisor import Runsc
    from paddock.boundary.sheet import Compiled
    from paddock.boundary.steps import Overlay
    from paddock.credentials.holding import Held
    from paddock.live import Live
    from paddock.outlook import Outlook
    from paddock.plan.model import Plan
    from paddock.unwinding import Unwinding

CONTAINERS = ("podman", "gvisor")
ENTERED = ("bubblewrap", *CONTAINERS)  # the boundaries whose sandboxes are made here


def build_bubblewrap(plan: Plan, facts: Facts, overlays: tuple[Overlay, ...], undo: Unwinding) -> Build:
    """Start bubblewrap, which works while we go on."""
    compiled = bubblewrap.compile(plan, facts, overlays)
    build = Build(find("bwrap") or "", compiled, stand_in=os.geteuid() == 0, owner=live.live_directory())
    undo.callback(build.kill)
    return build


def build_container(
    plan: Plan, facts: Facts, overlays: tuple[Overlay, ...], own: Live, undo: Unwinding, *, guest: bool
) -> Container:
    """Start a container, which comes up while we go on; one with room for a guest. Raises BoundaryUnavailable."""
    from paddock.boundary import container, engine, podman

    found = engine.find_engine()
    if plan.nested:
        facts = replace(facts, storage=_storage(undo))
    if found.daemon:
        from paddock.boundary import docker

        facts = docker.facts(found, plan, facts)
    here = container.place(own.directory)
    _clear(here, own.name, found)
    undo.callback(live.remove_directory, here)
    owner = steps.STAND_IN if facts.as_root else None
    name = f"paddock-{own.name}-{os.urandom(4).hex()}"
    compiled = _with_guest(plan, facts, overlays) if guest else podman.compile(plan, facts, overlays)
    made = container.Container(found, compiled, here, name, owner=owner, live=own.directory)
    undo.callback(made.kill)
    return made


def _clear(here: str, name: str, found: Engine) -> None:
    """Remove what a run of that name left that was killed, when its guard is through. Raises SessionError."""
    from paddock.boundary import container, guard

    if not guard.wait_for(container.lock(here), guard.latest()):
        raise SessionError(
            f"the container of the last sandbox named {name} is still being removed",
            why="its guard has been at work for more than a minute: the engine is slow, or hangs",
            next_step=f"{found.name} ps --all   and: paddock clean",
            code="container-left",
        )
    live.remove_directory(here)


def start_services(
    plan: Plan, made: object, per_process: Mapping[str, int], before: Callable[[], None], undo: Unwinding
) -> None:
    """Start what runs beside a container that is complete. Raises PaddockError."""
    from paddock.boundary import engine
    from paddock.boundary.container import Container
    from paddock.boundary.services import Services

    assert isinstance(made, Container)  # noqa: S101 - `choice` has seen to it
    services = Services(engine.find_engine(), plan, made, per_process, before)
    undo.callback(services.stop)
    services.start()


def _storage(undo: Unwinding) -> str:
    """A directory on disk for the containers that are made inside, gone at the end."""
    from paddock.workspace import scratches

    scratch = scratches.scratch()
    undo.callback(scratches.remove_scratch, scratch)
    return f"{scratch}/upper"


def _with_guest(plan: Plan, facts: Facts, overlays: tuple[Overlay, ...]) -> Compiled:
    from paddock.boundary import gvisor
    from paddock.boundary.guest_programs import machine_here

    umask = os.umask(0)
    os.umask(umask)
    return gvisor.compile(plan, facts, overlays, machine_here(), umask)


def find_guest(own: Live) -> Runsc:
    """The program of gVisor, and a platform that works. Raises BoundaryUnavailable."""
    from paddock.boundary import runsc

    def attempt(found: Runsc) -> str:
        from paddock.boundary import gvisor_trial

        place = f"{own.directory}/{found.platform}"
        live.remove_directory(place)  # of a run of that name that was killed
        os.mkdir(place, 0o700)
        return gvisor_trial.failure(found, place)

    return runsc.find_runsc(attempt)


def facts(plan: Plan, here: Outlook, trust: str, held: Held | None) -> Facts:
    """What the boundary must know of this machine."""
    survey = here.survey
    found = (
        facts_for(plan, pinned=survey.pinned, read_only=survey.read_only, trust=trust)
        if survey
        else facts_for(plan, trust=trust)
    )
    return replace(found, planted=held.planting.files) if held else found
