"""What changed from one proof to another, and whether a stronger boundary holds all that a weaker one does. Pure."""

from __future__ import annotations

from paddock.frozen import fields, frozen
from paddock.probes.proof import BROKEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from paddock.probes.proof import Proof, Row

    Direction = Literal["worse", "better", "other"]

ABSENT = "not tried"
# How good a verdict is: what is broken, what nobody knows, what got through and may, what holds.
_RANKS = {"breached": 0, "fails": 0, "open": 2, "allowed": 3, "held": 4, "works": 4}
_UNKNOWN = 1
_SILENT = ("fact", "not-applicable")


@frozen
class Change:
    """A row whose verdict changed. `before` or `after` is "not tried" where there is no such row."""

    id: str
    title: str
    before: str
    after: str
    direction: Direction
    why: str = ""


@frozen
class Comparison:
    """All changes, the worse ones first; and what else is not the same: (what, before, after)."""

    changes: tuple[Change, ...]
    surroundings: tuple[tuple[str, str, str], ...]
    same: int
    disturbed: bool = False  # the new run cannot be believed, while the old one could

    @property
    def worse(self) -> bool:
        """Whether anything got worse."""
        return self.disturbed or any(change.direction == "worse" for change in self.changes)


def compare(old: Proof, new: Proof) -> Comparison:
    """What changed. Whether these two may be compared at all (the same probes) is for the caller to ask."""
    before, after = ({row.id: row for row in proof.rows} for proof in (old, new))
    found = [_change(before.get(name), after.get(name)) for name in dict.fromkeys((*before, *after))]
    changes = [change for change in found if change]
    order = ("worse", "other", "better")
    changes.sort(key=lambda change: (order.index(change.direction), change.id))
    disturbed = old.complete and not new.complete
    return Comparison(tuple(changes), tuple(_surroundings(old, new)), len(found) - len(changes), disturbed)


def _change(before: Row | None, after: Row | None) -> Change | None:
    was, now = (row.verdict if row else ABSENT for row in (before, after))
    if was == now:
        return None
    row = after or before
    why = "; ".join((*after.evidence, after.reason)).strip("; ") if after else ""
    return Change(row.id, row.title, was, now, _direction(was, now), why) if row else None


def _direction(was: str, now: str) -> Direction:
    """Nothing known is worse than held, but not better than broken: nobody has shown that it was mended."""
    first, then = _RANKS.get(was, _UNKNOWN), _RANKS.get(now, _UNKNOWN)
    silent = {was, now} & {*_SILENT} and not {was, now} & {*BROKEN}
    if silent or first == then:
        return "other"
    if then < first:
        return "worse"
    return "other" if then == _UNKNOWN else "better"


def _surroundings(old: Proof, new: Proof) -> Iterator[tuple[str, str, str]]:
    for name in fields(old.subject):
        was, now = getattr(old.subject, name), getattr(new.subject, name)
        if name == "versions":
            for program in sorted({*was, *now}):
                if was.get(program) != now.get(program):
                    yield program, was.get(program, ""), now.get(program, "")
        elif was != now:
            yield name.replace("_", " "), _said(was), _said(now)
    for fact in sorted({*old.facts, *new.facts}):
        if old.facts.get(fact) != new.facts.get(fact):
            yield fact, old.facts.get(fact, ""), new.facts.get(fact, "")


def _said(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def weaknesses(weaker: Proof, stronger: Proof) -> tuple[Row, ...]:
    """What the stronger boundary lets through although the weaker one holds it: there should be none.

    Gaps that were accepted are no excuse: a stronger boundary breaches a subset of what the weaker one does.
    """
    held = {row.id for row in weaker.rows if row.verdict in ("held", "works")}
    return tuple(row for row in stronger.rows if row.verdict in (*BROKEN, "open") and row.id in held)
