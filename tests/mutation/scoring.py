"""From what was met to a score. A mutant counts as found where a probe noticed it, or where no sandbox came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.mutation import known
from tests.mutation.measuring import HOWS, MISSED, Met

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.mutation.known import Equivalent

EQUIVALENT = "equivalent"


@dataclass(frozen=True)
class Line:
    """One mutant in a report. `how` is one of `HOWS`, or equivalent; `reason` says why, or what was said."""

    boundary: str
    name: str
    how: str
    by: tuple[str, ...]
    reason: str = ""
    shown: bool = False  # of an equivalent one: together with what backs it, it was noticed


def lines(met: Iterable[Met], equivalents: Sequence[Equivalent]) -> list[Line]:
    """As they come."""
    found = []
    for one in met:
        equivalent = known.of(one.mutant.boundary, one.mutant.name, equivalents)
        if equivalent and (one.how == MISSED or equivalent.together):
            shown = bool(equivalent.together) and one.how != MISSED
            found.append(Line(one.mutant.boundary, one.mutant.name, EQUIVALENT, one.by, equivalent.reason, shown))
        else:
            found.append(Line(one.mutant.boundary, one.mutant.name, one.how, one.by, one.said))
    return found


def wrong(found: Iterable[Line], equivalents: Sequence[Equivalent]) -> list[str]:
    """What is said of equivalents and is not so."""
    said = []
    for line in found:
        equivalent = known.of(line.boundary, line.name, equivalents)
        if equivalent and line.how != EQUIVALENT:
            said.append(f"{line.name} is no equivalent: {', '.join(line.by) or line.how}")
        elif equivalent and equivalent.together and not line.shown:
            said.append(f"{line.name} is not noticed together with {', '.join(equivalent.together)} either")
    return said


def scores(found: Sequence[Line]) -> dict[str, float]:
    """In percent, by boundary: of those that are no equivalents, how many were found."""
    result = {}
    for boundary in dict.fromkeys(line.boundary for line in found):
        real = [line for line in found if line.boundary == boundary and line.how != EQUIVALENT]
        result[boundary] = round(100 * sum(line.how != MISSED for line in real) / max(1, len(real)), 1)
    return result


def counted(found: Iterable[Line], boundary: str) -> dict[str, int]:
    """How many of each kind there are."""
    hows = [line.how for line in found if line.boundary == boundary]
    return {how: hows.count(how) for how in (*HOWS, EQUIVALENT)}


def below(scored: Mapping[str, float], kept: Mapping[str, float]) -> list[str]:
    """Where a score has fallen."""
    return [
        f"{boundary}: {score:g} %, and it was {kept[boundary]:g} %"
        for boundary, score in scored.items()
        if score < kept.get(boundary, 0)
    ]
