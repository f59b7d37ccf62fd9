"""All chosen probes against one sandbox, and the same ones without it, as their control."""

from __future__ import annotations

import os
from contextlib import contextmanager

from paddock.frozen import frozen
from paddock.probes.catalogue.reading import ANYONE, ROOT
from paddock.probes.expectations import expect
from paddock.probes.judging import Seen, asks_for_control, doubt, judge
from paddock.probes.planting import files, place
from paddock.probes.planting.ground import Ground
from paddock.probes.running import Answer, Ran, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping, Sequence
    from concurrent.futures import Future, ThreadPoolExecutor
    from typing import Any

    from paddock.plan.model import Plan
    from paddock.probes.catalogue.reading import Probe
    from paddock.probes.proof import Row

    Aim = Callable[["Ground"], "Target"]

# The control of the pack: mounts that root makes as its control are nobody else's.
_UNSHARE = "/usr/bin/unshare"


@frozen
class Target:
    """The sandbox on one ground: the words before a command, Paddock's own words, and the plan where there is one.

    `ports` are the host's listeners of that ground, by the probe that looks for each.
    """

    prefix: tuple[str, ...]
    paddock: tuple[str, ...] = ()
    plan: Plan | None = None
    gaps: tuple[str, ...] = ()
    ports: Mapping[str, int] = {}


@frozen
class Judged:
    """What came of it. `complete` is false where the run itself cannot be believed; `trouble` says why."""

    rows: tuple[Row, ...]
    trouble: tuple[str, ...]
    complete: bool
    facts: Mapping[str, str]


# How many runs there are at once: they wait more than they work.
_AT_ONCE = 5
# For a whole pack, on a busy machine; a kernel of gVisor's passes each call on to another program.
_PATIENCE_S, _ENGINES_S = 60, 180


def attack(probes: Sequence[Probe], base: str, policy: bytes, aim: Aim) -> Judged:
    """Attack what `aim` makes of each ground, and judge. `policy` is the person's, for all grounds."""
    as_root = os.geteuid() == 0
    controls = [probe for probe in probes if probe.control == ANYONE or (probe.control == ROOT and as_root)]
    controlled = {probe.id for probe in controls}
    together = [probe for probe in probes if probe.where != "scenario"]
    unshared = Target((_UNSHARE, "--mount") if as_root else ())
    with _pool() as pool:
        held = pool.submit(_pack, together, f"{base}/held", policy, aim)
        bare = pool.submit(
            _pack, [it for it in together if it.id in controlled], f"{base}/bare", policy, lambda _: unshared
        )
        known = {probe.id: probe for probe in probes}
        alone = [
            pool.submit(_story, [known[name] for name in names], controlled, f"{base}/{number}", policy, aim)
            for number, names in enumerate(_stories(probes))
        ]
        _await([held, bare, *alone])
    (ran, target), (without, _) = held.result(), bare.result()
    told = {name: both for running in alone for name, both in running.result().items()}
    rows = []
    for probe in probes:
        if probe.absent:
            seen, control = Seen(Answer(inapplicable=probe.absent)), None
        elif probe.where == "scenario":
            seen, control = told[probe.id]
        else:
            seen = _seen(probe, ran)
            control = _seen(probe, without) if probe.id in controlled else None
        row = judge(probe, seen, control, expect(probe, target.plan, target.gaps, target.ports), as_root=as_root)
        rows.append(doubt(row, ran.trouble[0]) if ran.trouble and probe.where != "scenario" else row)
    # What the command said is shown where it may be the reason.
    trouble = (*ran.trouble, *filter(None, [ran.complained.strip()[-500:] if ran.trouble else ""]))
    return Judged(
        tuple(rows), (*trouble, *(f"the control: {what}" for what in without.trouble)), not ran.trouble, ran.facts
    )


@contextmanager
def _pool() -> Iterator[ThreadPoolExecutor]:
    """After Ctrl-C no run begins any more; those that have begun come to their end, and clear up what they planted.

    They would go on without us otherwise, on grounds that are removed. A second Ctrl-C does not wait for them.
    """
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _await(running: Sequence[Future[Any]]) -> None:
    """Wait for the end of all, and hear Ctrl-C meanwhile: a lock that is waited for without end may not (PEP 475)."""
    from concurrent.futures import wait

    while wait(running, timeout=1).not_done:
        pass


def _pack(probes: Sequence[Probe], base: str, policy: bytes, aim: Aim) -> tuple[Ran, Target]:
    """One run of the pack, on a ground of its own."""
    from paddock.probes.scenarios.scene import by_engine

    with Ground(base, policy) as ground:
        target = aim(ground)
        if target.plan:
            ground.given["unmasked"] = files.unmasked(ground, target.plan)
        names = [probe.id for probe in probes if probe.where == "inside"]
        # With scenarios alone there is still a plan to judge them by.
        patience_s = _ENGINES_S if target.plan and by_engine(target.plan) else _PATIENCE_S
        return (run(ground, target.prefix, names, timeout_s=patience_s) if probes else Ran({}, {}, 0, "", ())), target


def _seen(probe: Probe, ran: Ran) -> Seen:
    effects = ran.effects.get(probe.id, ())
    if probe.where == "effect":  # nothing that the attacker says counts
        return Seen(None if ran.trouble else Answer(), effects)
    return Seen(ran.answers.get(probe.id), effects)


def _stories(probes: Sequence[Probe]) -> list[list[str]]:
    """The names of those that share a scenario, which runs once for all of them."""
    from paddock.probes.scenarios import find

    found: dict[object, list[str]] = {}
    for probe in probes:
        if probe.where == "scenario" and not probe.absent:
            found.setdefault(find(probe.id), []).append(probe.id)
    return list(found.values())


def _story(
    probes: Sequence[Probe], controlled: Container[str], base: str, policy: bytes, aim: Aim
) -> dict[str, tuple[Seen, Seen | None]]:
    """What one scenario found of each of its rows, and what it found without a sandbox, where that is asked for."""
    seen = _scene([probe.id for probe in probes], f"{base}-held", policy, aim)
    asking = [probe.id for probe in probes if probe.id in controlled]
    if not any(asks_for_control(probe, seen[probe.id]) for probe in probes if probe.id in asking):
        return {name: (found, None) for name, found in seen.items()}
    without = _scene(asking, f"{base}-bare", policy, lambda _: Target(()))
    return {name: (found, without.get(name)) for name, found in seen.items()}


def _scene(names: Sequence[str], base: str, policy: bytes, aim: Aim) -> dict[str, Seen]:
    """One scenario, on a ground of its own, and what it found of each row."""
    from collections.abc import Mapping

    from paddock.probes.scenarios import find
    from paddock.probes.scenarios.scene import Scene

    try:
        with Ground(base, policy, small=True) as ground:
            target = aim(ground)
            found = find(names[0])(Scene(ground, target.prefix, target.paddock, target.plan, target.gaps))
    except Exception as error:  # noqa: BLE001 - one that is broken must not take the others with it
        found = dict.fromkeys(names, error)
    finally:
        place.remove(base)  # now, beside the others: all together they would take seconds at the end
    findings = found if isinstance(found, Mapping) else {names[0]: found}
    return {name: _found(findings[name]) if name in findings else Seen(None) for name in names}


def _found(finding: Sequence[str] | Exception) -> Seen:
    from paddock.probes.inside.effects import Skipped
    from paddock.probes.scenarios.scene import NotApplicable

    if isinstance(finding, NotApplicable):
        return Seen(Answer(inapplicable=str(finding)))
    if isinstance(finding, Skipped):
        return Seen(Answer(skipped=str(finding)))
    if isinstance(finding, Exception):
        return Seen(Answer(broken=f"{type(finding).__name__}: {finding}"))
    return Seen(Answer(tuple(finding)))
