"""Run one plan from start to end, and leave nothing behind.

The one place where the parts meet: change set, control group, boundary, gateway, supervision. Undo is
registered before do, so that a failure at any step ends in the same clean-up as a normal end; and a crash of
Paddock itself ends the sandbox (bubblewrap dies with its parent) and leaves the change set where it was.
"""

from __future__ import annotations

import os
import time

from paddock import building, closing, live, outlook, overlaying
from paddock.boundary import choice
from paddock.frozen import as_data, frozen
from paddock.kernel import cgroups, streams
from paddock.kernel.signals import HeldBack
from paddock.remarks import complain
from paddock.unwinding import Unwinding

# What else a run needs is imported while bubblewrap works, and then while the command runs.

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from paddock.boundary.bubblewrap import Facts
    from paddock.boundary.gvisor import Runsc
    from paddock.boundary.sandbox import Build
    from paddock.boundary.steps import Overlay
    from paddock.credentials.holding import Held
    from paddock.gateway.server import Gateway
    from paddock.kernel.cgroups import Cgroup, Site
    from paddock.kernel.namespaces import Namespaces
    from paddock.live import Live
    from paddock.outlook import Outlook
    from paddock.plan.model import Plan
    from paddock.starting import Running
    from paddock.vetting import Vetting
    from paddock.workspace.live.watch import Watch
    from paddock.workspace.shelf import ChangeSetDirectory


_ALARMED = 126  # as what a policy refuses


@frozen
class Ended:
    """What is to be told after a run.

    `messages` hold names that the sandbox made, unescaped; `held` names the change set, with its number of changes.
    """

    exit_code: int
    name: str
    messages: tuple[str, ...]
    held: str = ""
    changed: int = 0
    remarks: tuple[str, ...] = ()  # from before the start
    aside: tuple[str, ...] = ()  # what git ignores of what the command wrote: not in the change set


@frozen
class Kept:
    """A sandbox that stays although its command has ended; `left_s` of its time limit, where it has one."""

    exit_code: int
    name: str
    messages: tuple[str, ...]
    left_s: float | None
    guard: Gateway | None = None  # with which it stays only as long as that has not alarmed


def run(
    plan: Plan,
    *,
    name: str = "",
    fresh: bool = False,
    quiet: bool = False,
    kept: Callable[[Kept], None] | None = None,
) -> Ended:
    """Run the plan's command to its end. With `kept`, the sandbox stays until that function returns.

    `quiet` leaves out remarks before the start. Raises PaddockError before the command starts; from then on the
    result says how it ended.
    """
    begun = time.monotonic()
    streams.refuse_unfit()
    with Unwinding() as undo:
        live_one = _begin(plan, name, fresh=fresh, quiet=quiet, undo=undo)
        own, running = live_one.own, live_one.running
        from paddock.supervision import Supervisor

        wall = plan.limit("wall")
        outcome = Supervisor(running.joined, wall.value if wall else None, running.gateway).run()
        if outcome.failure:
            raise closing.start_failure(plan.command, outcome.failure)
        messages = closing.messages(plan, outcome, live_one.group)
        if kept and not (running.gateway and running.gateway.has_alarmed()):
            left_s = wall.value - (time.monotonic() - begun) if wall else None
            kept(Kept(outcome.exit_code, own.name, tuple(messages), left_s, running.gateway))
        running.sandbox.stop()
        if running.gateway:
            messages += closing.told_by_gateway(running.gateway.stop())
        held, changed, aside = overlaying.held(live_one.change_set)
        if live_one.watch:
            found = live_one.watch.finish()
            messages += live_one.watch.messages(found)
            held, changed = found.held, len(found.moved)
        # Asked once more: it may have been the command's last deed.
        alarmed = running.gateway is not None and running.gateway.has_alarmed()
        code = _ALARMED if alarmed else outcome.exit_code
        return Ended(code, own.name, tuple(messages), held, changed, live_one.remarks, aside)


@frozen
class _Begun:
    """A sandbox whose command runs, and what belongs to it."""

    own: Live
    running: Running
    group: Cgroup | None
    change_set: ChangeSetDirectory | None
    watch: Watch | None
    remarks: tuple[str, ...]


def _begin(plan: Plan, name: str, *, fresh: bool, quiet: bool, undo: Unwinding) -> _Begun:
    held_back = HeldBack()
    undo.callback(held_back.release)
    here = _look(plan)
    choice.refuse_gaps(here.gaps, plan.boundary.accepted_gaps, here.boundary)
    if plan.proving.within_s:
        _refuse_unproven(plan, here)
    held = _hold(plan)
    inside = held.inside(plan) if held else plan
    overlays, change_set = overlaying.lay(plan, name, fresh=fresh, undo=undo)
    wanted = name or (change_set.name if change_set else _default_name(plan))
    own, trust = _claim_early(plan, here, wanted, exact=bool(name), undo=undo)
    vetting = _plant(plan, here, own, undo) if own and plan.proving.at_start else None
    guest = None
    if own and here.boundary == "gvisor":
        held_back.begin()  # trying its platforms may last
        guest = building.find_guest(own)
    # From here on bubblewrap works, and what we do meanwhile costs no time.
    build: Build | None = None
    if here.boundary in building.ENTERED:
        build = _build(inside, here, building.facts(inside, here, trust, held), overlays, own, undo)
    from paddock import egress, starting

    held_back.begin()
    own = own or _claim(wanted, exact=bool(name), undo=undo)
    group = _group(here, own.name, undo)
    # Not earlier: the making of groups would wait for it.
    warm_up = _warm_up(here.site, undo) if here.site and group else None
    remarks = (*plan.notes, *here.division.notes)
    for note in () if quiet else remarks:
        complain(note)
    watch = _watch(here, own.name, undo)
    held_back.leave_if_asked()
    per_process = here.division.per_process
    before = starting.joining(group)
    if build:

        def open_gateway(namespaces: Namespaces) -> Gateway | None:
            if inside.services:
                building.start_services(inside, build, per_process, before, undo)
            return egress.open_gateway(plan, namespaces, own, held, undo)

        start = starting.start_of(inside, per_process, guest)
        running = starting.enter(build, start, before, open_gateway, vetting, undo)
    else:
        running = starting.confine(plan, before, vetting, undo)
    if watch:
        watch.guard(running.init_pid or running.joined.joiner, running.sandbox.namespaces)
    if warm_up:
        warm_up.end()
    own.describe(_description(inside, own.name, running, group, per_process, guest))
    return _Begun(own, running, group, change_set, watch, remarks)


def _refuse_unproven(plan: Plan, here: Outlook) -> None:
    from paddock.proofs import requiring

    gaps = [gap.name for gap in here.gaps if gap.acceptable]
    requiring.refuse_unproven(plan.proving, requiring.here(here.boundary, gaps))


def _claim_early(plan: Plan, here: Outlook, wanted: str, *, exact: bool, undo: Unwinding) -> tuple[Live | None, str]:
    """The sandbox's directory and a place in it that is seen inside, where the gateway will write.

    Where nothing is put there before bubblewrap starts it is claimed later, while that works.
    """
    early = plan.proving.at_start or here.boundary in building.CONTAINERS
    if plan.credentials or plan.network.rules:
        from paddock import egress

        if egress.terminates(plan):
            own = _claim(wanted, exact=exact, undo=undo)
            return own, egress.make_place_of_trust(own)
    return (_claim(wanted, exact=exact, undo=undo) if early else None), ""


def _plant(plan: Plan, here: Outlook, own: Live, undo: Unwinding) -> Vetting:
    """Canaries for the attack at the start. They must be there before anything is that could hold them."""
    from paddock.vetting import Vetting

    vetting = Vetting(plan, [gap.name for gap in here.gaps], f"{own.directory}/probes")
    undo.callback(vetting.remove)
    return vetting


def _claim(wanted: str, *, exact: bool, undo: Unwinding) -> Live:
    own = live.claim(wanted, exact=exact)
    undo.callback(own.remove)
    return own


def _hold(plan: Plan) -> Held | None:
    """What stays outside and what stands for it inside. Nothing is loaded where there is neither."""
    if not plan.credentials and not plan.canaries:
        return None
    from paddock.credentials import holding

    return holding.hold(plan)


def _warm_up(site: Site, undo: Unwinding) -> cgroups.WarmUp:
    warm_up = cgroups.WarmUp(site)
    undo.callback(warm_up.end)
    return warm_up


def _group(here: Outlook, name: str, undo: Unwinding) -> Cgroup | None:
    if not (here.site and here.division.together):
        return None
    group = cgroups.create(here.site, live.group_name(name), here.division.together)
    undo.callback(_remove_group, group)
    return group


def _look(plan: Plan) -> Outlook:
    if plan.workspace.mode != "live":
        return outlook.look(plan)
    from paddock import reviewing

    return outlook.look(plan, reviewing.rules_for(plan.workspace.source))


def _watch(here: Outlook, name: str, undo: Unwinding) -> Watch | None:
    if here.survey is None or here.rules is None:
        return None
    from paddock import watching

    return watching.begin(here.survey, here.rules, name, undo)


def _build(
    plan: Plan, here: Outlook, facts: Facts, overlays: tuple[Overlay, ...], own: Live | None, undo: Unwinding
) -> Build:
    if here.boundary in building.CONTAINERS:
        assert own is not None  # noqa: S101 - claimed early
        return building.build_container(plan, facts, overlays, own, undo, guest=here.boundary == "gvisor")
    return building.build_bubblewrap(plan, facts, overlays, undo)


def _default_name(plan: Plan) -> str:
    return live.readable(plan.workspace.source) or "sandbox"


def _remove_group(group: Cgroup) -> None:
    # The joiner leaves when it is reaped; its exit may lag behind its last word by a moment.
    for _ in range(200):
        try:
            group.remove()
        except OSError:
            time.sleep(0.005)
        else:
            return
    complain(f"a control group is left: {group.directories[0]}; next: paddock clean")


def _description(
    plan: Plan, name: str, running: Running, group: Cgroup | None, per_process: Mapping[str, int], guest: Runsc | None
) -> dict[str, object]:
    from paddock.plan import serial

    return {
        "schema": 1,
        "name": name,
        "pid": os.getpid(),
        "init_pid": running.init_pid,
        "people": f"/proc/{os.getpid()}/fd/{running.people}" if running.people >= 0 else "",
        "started": time.time(),
        "repository": plan.workspace.source,
        "command": list(plan.command),
        "mode": plan.workspace.mode,
        "network": plan.network.mode,
        "cgroup": as_data(group) if group else None,
        "limits": dict(per_process),
        "guest": as_data(guest) if guest else None,
        "plan": serial.as_data(plan),
    }
