"""Which probe notices which mutant: one run of the pack each, and scenarios where that saw nothing."""

from __future__ import annotations

import itertools
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paddock.probes import attacking
from paddock.probes.attacking import Target
from paddock.probes.catalogue.reading import ANYONE, ROOT, load
from paddock.probes.expectations import expect
from paddock.probes.judging import Seen, judge
from paddock.probes.proof import BROKEN
from tests.mutation import fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from paddock.probes.attacking import Aim
    from paddock.probes.catalogue.reading import Probe
    from paddock.probes.planting.ground import Ground
    from paddock.probes.running import Ran
    from tests.mutation.mutants import Mutant

# How a mutant was met. refused: no sandbox came of it. damaged: the run could not be believed, and was no proof.
NOTICED, REFUSED, DAMAGED, MISSED = "noticed", "refused", "damaged", "missed"
HOWS = (NOTICED, REFUSED, DAMAGED, MISSED)
# Who is asked first, by the beginnings of ids; whatever these see, the others need not be asked.
FIRST = {
    "arguments": ("FS-16", "FS-18", "FS-3", "FS-4", "PK-4", "CR-26", "RS-05"),
    "filters": ("PK-1", "PK-2", "PK-3", "FS-22", "FS-24", "NW-10"),
    "landlocked": ("FS", "PK-0", "NW-37"),
    "ceilings": ("RS",),
    "statements": ("PK-0", "PK-1", "FS-15", "FS-3", "NW-01", "NW-1", "NW-2", "NW-3", "NW-41", "RS-1"),
    "hands": ("CR-2", "FS-15", "PK-1"),
    "guests": ("FS-3", "PK-0", "PK-1", "PK-4", "RS-0", "RS-1"),
}
_OURS = (125, 126)  # Paddock's own exit codes
_AS_ROOT = os.geteuid() == 0


@dataclass(frozen=True)
class Met:
    """What came of a mutant: how it was met, and by which probes, or what was said."""

    mutant: Mutant
    how: str
    by: tuple[str, ...] = ()
    said: str = ""


class Measure:
    """The control, and what is broken without any mutant: once for all."""

    def __init__(self, base: str, only: tuple[str, ...] = ("",)) -> None:
        """`only` are the beginnings of the ids of the probes that are asked."""
        probes = [probe for probe in load() if not probe.absent and probe.id.startswith(only)]
        self._base = base
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._together = [probe for probe in probes if probe.where != "scenario"]
        self._probes = {probe.id: probe for probe in probes}
        self._stories = attacking._stories(probes)
        bare = Target((attacking._UNSHARE, "--mount") if _AS_ROOT else ())
        self._control = self._pack([it for it in self._together if _is_controlled(it)], lambda _: bare)[0]
        self._before: dict[str, frozenset[str]] = {}
        self._stories_before: dict[tuple[str, str], frozenset[str]] = {}

    def prepare(self, setting: str) -> frozenset[str]:
        """See what is broken there without any mutant. Raises RuntimeError where nothing runs."""
        seen = frozenset[str]()
        for _ in range(2):
            ran, broken = self._look((), setting)
            if ran.trouble:
                raise RuntimeError(f"{setting}: {ran.trouble} {ran.complained}")
            seen |= broken
        self._before[setting] = seen
        return seen

    def meet(self, mutant: Mutant, together: Sequence[str] = ()) -> Met:
        """Try it, perhaps together with others."""
        names = (mutant.name, *together)
        first = FIRST.get(mutant.family, ())
        likely = [probe for probe in self._together if probe.id.startswith(first)]
        others = [probe for probe in self._together if not probe.id.startswith(first)]
        for probes in filter(None, (likely, others)) if mutant.pack else ():
            met = self._meet(mutant, together, probes)
            if met:
                return met
        for story in self._stories:
            if mutant.scenarios and any(name.startswith(mutant.scenarios) for name in story):
                found = self._broken_in(story, names, mutant.setting)
                if together and found:
                    found -= self._broken_in(story, together, mutant.setting)
                if found:
                    return Met(mutant, NOTICED, tuple(sorted(found)))
        return Met(mutant, MISSED)

    def _meet(self, mutant: Mutant, together: Sequence[str], probes: Sequence[Probe]) -> Met | None:
        """By these probes in one run; None where they miss it. What `together` breaks by itself does not count."""
        ran, broken = self._look((mutant.name, *together), mutant.setting, probes)
        before = self._before[mutant.setting]
        if together and broken - before:
            before |= self._look(together, mutant.setting, probes)[1]
        if broken - before:
            return Met(mutant, NOTICED, tuple(sorted(broken - before)))
        if ran.trouble:
            how = REFUSED if ran.status in _OURS and not ran.answers else DAMAGED
            return Met(mutant, how, said=f"{'; '.join(ran.trouble)}: {_last(ran.complained)}")
        return None

    def _look(self, names: Sequence[str], setting: str, probes: Sequence[Probe] = ()) -> tuple[Ran, frozenset[str]]:
        """The pack, under a sandbox with these mutants, and what it finds broken."""
        probes = probes or self._together
        ran, target = self._pack(probes, fields.aim(self._base, names, setting))
        seen = {probe.id: attacking._seen(probe, ran) for probe in probes}
        controls = {it.id: attacking._seen(it, self._control) for it in probes if _is_controlled(it)}
        return ran, _broken(probes, target, seen, controls)

    def _broken_in(self, story: Sequence[str], names: Sequence[str], setting: str) -> frozenset[str]:
        """What a scenario finds broken with these, and not without."""
        key = (setting, story[0])
        with self._lock:
            if key not in self._stories_before:
                self._stories_before[key] = self._tell(story, (), setting)
        return self._tell(story, names, setting) - self._stories_before[key]

    def _tell(self, story: Sequence[str], names: Sequence[str], setting: str) -> frozenset[str]:
        place, targets = self._place(), list[Target]()
        aim = fields.aim(self._base, names, setting)

        def remembered(ground: Ground) -> Target:
            targets.append(aim(ground))
            return targets[0]

        seen = attacking._scene(story, place, b"", remembered)
        fields.remove(place)
        return _broken([self._probes[name] for name in story], targets[0], seen, {}) if targets else frozenset()

    def _pack(self, probes: Sequence[Probe], aim: Aim) -> tuple[Ran, Target]:
        place = self._place()
        found = attacking._pack(probes, place, b"", aim)
        fields.remove(place)
        return found

    def _place(self) -> str:
        return f"{self._base}/{next(self._numbers)}"


def measure(mutants: Iterable[Mutant], base: str, *, jobs: int, together: Mapping[str, Sequence[str]]) -> Iterator[Met]:
    """All of them, as they come."""
    mutants = list(mutants)
    measured = Measure(base)
    for setting in dict.fromkeys(mutant.setting for mutant in mutants):
        measured.prepare(setting)
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(lambda mutant: measured.meet(mutant, together.get(mutant.name, ())), mutants)


def _broken(
    probes: Iterable[Probe], target: Target, seen: Mapping[str, Seen], controls: Mapping[str, Seen]
) -> frozenset[str]:
    rows = (
        judge(
            probe,
            seen[probe.id],
            controls.get(probe.id),
            expect(probe, target.plan, target.gaps, target.ports),
            as_root=_AS_ROOT,
        )
        for probe in probes
    )
    return frozenset(row.id for row in rows if row.verdict in BROKEN)


def _is_controlled(probe: Probe) -> bool:
    return probe.control == ANYONE or (probe.control == ROOT and _AS_ROOT)


def _last(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return " ".join(lines[-3:])[-300:]
