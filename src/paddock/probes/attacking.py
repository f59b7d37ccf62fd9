"""All chosen probes against one sandbox, and the same ones without it, as their control."""

from __future__ import annotations

import os

from paddock.errors import PaddockError
from paddock.frozen import frozen
from paddock.probes.catalogue.reading import ANYONE, ROOT
from paddock.probes.expectations import expect
from paddock.probes.judging import Seen, judge
from paddock.probes.planting.ground import Ground
from paddock.probes.running import Answer, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from paddock.plan.model import Plan
    from paddock.probes.catalogue.reading import Probe
    from paddock.probes.proof import Row
    from paddock.probes.running import Ran

# The control of the pack: mounts that root makes as its control are nobody else's.
_UNSHARE = "/usr/bin/unshare"


@frozen
class Target:
    """The sandbox on one ground: the words before a command, Paddock's own words, and the plan where there is one."""

    prefix: tuple[str, ...]
    paddock: tuple[str, ...] = ()
    plan: Plan | None = None
    gaps: tuple[str, ...] = ()


@frozen
class Judged:
    """What came of it. `complete` is false where the run itself cannot be believed; `trouble` says why."""

    rows: tuple[Row, ...]
    trouble: tuple[str, ...]
    complete: bool


# How many runs there are at once: they wait more than they work.
_AT_ONCE = 3

if TYPE_CHECKING:
    Aim = Callable[[Ground], Target]


def attack(probes: Sequence[Probe], base: str, policy: bytes, aim: Aim) -> Judged:
    """Attack what `aim` makes of each ground, and judge. `policy` is the person's, for all grounds."""
    from concurrent.futures import ThreadPoolExecutor

    as_root = os.geteuid() == 0
    together = [probe for probe in probes if probe.where != "scenario"]
    alone = [probe for probe in probes if probe.where == "scenario"]
    controls = [probe for probe in probes if probe.control == ANYONE or (probe.control == ROOT and as_root)]
    nothing = Target((_UNSHARE, "--mount") if as_root else ())
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        held = pool.submit(_pack, together, f"{base}/held", policy, aim)
        bare = pool.submit(_pack, [it for it in together if it in controls], f"{base}/bare", policy, lambda _: nothing)
        scenes = {it.id: pool.submit(_scene, it, f"{base}/{it.id[:5]}-held", policy, aim) for it in alone}
        others = {
            it.id: pool.submit(_scene, it, f"{base}/{it.id[:5]}-bare", policy, lambda _: Target(()))
            for it in alone
            if it in controls
        }
    ran, target = held.result()
    without, _ = bare.result()
    rows = []
    for probe in probes:
        if probe.where == "scenario":
            seen = scenes[probe.id].result()
            control = others[probe.id].result() if probe in controls else None
        else:
            seen = _seen(probe, ran)
            control = _seen(probe, without) if probe in controls else None
        rows.append(judge(probe, seen, control, expect(probe, target.plan, target.gaps), as_root=as_root))
    trouble = (*ran.trouble, *(f"the control: {what}" for what in without.trouble))
    return Judged(tuple(rows), trouble, not trouble)


def _pack(probes: Sequence[Probe], base: str, policy: bytes, aim: Aim) -> tuple[Ran, Target]:
    """One run of the pack, on a ground of its own."""
    with Ground(base, policy) as ground:
        target = aim(ground)
        names = [probe.id for probe in probes if probe.where == "inside"]
        return run(ground, target.prefix, names), target


def _seen(probe: Probe, ran: Ran) -> Seen:
    effects = ran.effects.get(probe.id, ())
    if probe.where == "effect":  # nothing that the attacker says counts
        return Seen(Answer() if not ran.trouble else None, effects)
    return Seen(ran.answers.get(probe.id), effects)


def _scene(probe: Probe, base: str, policy: bytes, aim: Aim) -> Seen:
    """One scenario, on a ground of its own."""
    from paddock.probes.inside.effects import Skipped
    from paddock.probes.scenarios import find
    from paddock.probes.scenarios.scene import NotApplicable, Scene

    try:
        with Ground(base, policy, bare=True) as ground:
            target = aim(ground)
            scene = Scene(ground, target.prefix, target.paddock)
            return Seen(Answer(tuple(find(probe.id)(scene))))
    except (NotApplicable, Skipped) as reason:
        return Seen(Answer(skipped=str(reason)))
    except (PaddockError, OSError) as error:
        return Seen(Answer(broken=f"{type(error).__name__}: {error}"))
