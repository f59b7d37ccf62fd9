"""All chosen probes against one sandbox, and the same ones without it, as their control."""

from __future__ import annotations

import os

from paddock.frozen import frozen
from paddock.probes.catalogue.reading import ANYONE, ROOT
from paddock.probes.expectations import expect
from paddock.probes.judging import Seen, doubt, judge
from paddock.probes.planting.ground import Ground
from paddock.probes.running import Answer, Ran, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from paddock.plan.model import Plan
    from paddock.probes.catalogue.reading import Probe
    from paddock.probes.proof import Row

    Aim = Callable[["Ground"], "Target"]

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


def attack(probes: Sequence[Probe], base: str, policy: bytes, aim: Aim) -> Judged:
    """Attack what `aim` makes of each ground, and judge. `policy` is the person's, for all grounds."""
    from concurrent.futures import ThreadPoolExecutor

    as_root = os.geteuid() == 0
    controls = [probe for probe in probes if probe.control == ANYONE or (probe.control == ROOT and as_root)]
    together = [probe for probe in probes if probe.where != "scenario"]
    unshared = Target((_UNSHARE, "--mount") if as_root else ())
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        held = pool.submit(_pack, together, f"{base}/held", policy, aim)
        bare = pool.submit(_pack, [it for it in together if it in controls], f"{base}/bare", policy, lambda _: unshared)
        alone = {
            (probe.id, side): pool.submit(_scene, probe, f"{base}/{side}-{number}", policy, how)
            for number, probe in enumerate(probes)
            for side, how in (("held", aim), ("bare", lambda _: Target(())))
            if probe.where == "scenario" and (side == "held" or probe in controls)
        }
    (ran, target), (without, _) = held.result(), bare.result()
    rows = []
    for probe in probes:
        if probe.where == "scenario":
            seen = alone[probe.id, "held"].result()
            control = alone[probe.id, "bare"].result() if probe in controls else None
        else:
            seen = _seen(probe, ran)
            control = _seen(probe, without) if probe in controls else None
        row = judge(probe, seen, control, expect(probe, target.plan, target.gaps), as_root=as_root)
        rows.append(doubt(row, ran.trouble[0]) if ran.trouble and probe in together else row)
    # What the command said is shown where it may be the reason.
    trouble = (*ran.trouble, *filter(None, [ran.complained.strip()[-500:] if ran.trouble else ""]))
    return Judged(tuple(rows), (*trouble, *(f"the control: {what}" for what in without.trouble)), not ran.trouble)


def _pack(probes: Sequence[Probe], base: str, policy: bytes, aim: Aim) -> tuple[Ran, Target]:
    """One run of the pack, on a ground of its own."""
    with Ground(base, policy) as ground:
        target = aim(ground)
        names = [probe.id for probe in probes if probe.where == "inside"]
        # With scenarios alone there is still a plan to judge them by.
        return (run(ground, target.prefix, names) if probes else Ran({}, {}, 0, "", ())), target


def _seen(probe: Probe, ran: Ran) -> Seen:
    effects = ran.effects.get(probe.id, ())
    if probe.where == "effect":  # nothing that the attacker says counts
        return Seen(None if ran.trouble else Answer(), effects)
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
    except NotApplicable as reason:
        return Seen(Answer(inapplicable=str(reason)))
    except Skipped as reason:
        return Seen(Answer(skipped=str(reason)))
    except Exception as error:  # noqa: BLE001 - one that is broken must not take the others with it
        return Seen(Answer(broken=f"{type(error).__name__}: {error}"))
