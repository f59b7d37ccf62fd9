"""`paddock prove --boundary all`: which boundaries there are here, and what is not in the order of their strength."""

from __future__ import annotations

from paddock.boundary import registry
from paddock.boundary.base import STRENGTH, Availability
from paddock.cli.style import paint, plain
from paddock.errors import PaddockError
from paddock.frozen import frozen
from paddock.probes.comparing import weaknesses
from paddock.trial_ground import TrialGround

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from paddock.probes.proof import Proof, Row


@frozen
class Weakness:
    """Two boundaries, and what the stronger one lets through although the weaker one holds it: none, it should be."""

    weaker: str
    stronger: str
    rows: tuple[Row, ...]


@frozen
class All:
    """The proofs of all boundaries that could be attacked, and why the others could not."""

    proofs: tuple[Proof, ...]
    unavailable: Mapping[str, Availability]
    weaknesses: tuple[Weakness, ...]

    @property
    def in_order(self) -> bool:
        """Whether no stronger boundary lets through what a weaker one holds."""
        return not any(weakness.rows for weakness in self.weaknesses)

    def as_data(self) -> dict[str, object]:
        """For JSON, with "schema": 1."""
        from paddock.frozen import as_data
        from paddock.probes import proof

        return {
            "schema": 1,
            "proofs": [proof.as_data(one) for one in self.proofs],
            "unavailable": [
                {"boundary": name, "reason": it.reason, "fix": it.fix} for name, it in self.unavailable.items()
            ],
            "weaknesses": as_data(self.weaknesses),
        }


def attack(prove: Callable[[str], Proof]) -> All:
    """Attack each boundary that works here, from the weakest to the strongest."""
    proofs: list[Proof] = []
    unavailable: dict[str, Availability] = {}
    for name, found in _tried().items():
        if not found.ok:
            unavailable[name] = found
            continue
        try:
            proofs.append(prove(name))
        except PaddockError as error:  # a floor that asks for more, for example
            reason = f"{error.what}{f' ({error.why})' if error.why else ''}"
            unavailable[name] = Availability(ok=False, reason=reason, fix=error.next_step)
    return All(tuple(proofs), unavailable, _weaknesses(proofs))


def _tried() -> dict[str, Availability]:
    found = {}
    with TrialGround() as ground:
        for entry in registry.ENTRIES:
            if not entry.present:
                found[entry.name] = Availability(ok=False, reason="it comes with a later version of Paddock")
                continue
            try:
                found[entry.name] = entry.trial(ground.place(entry.name))
            except (PaddockError, OSError) as error:
                found[entry.name] = Availability(ok=False, reason=str(error), fix="paddock doctor")
    return found


def _weaknesses(proofs: Sequence[Proof]) -> tuple[Weakness, ...]:
    """Each pair that can be compared: a run that was disturbed says nothing about what held."""
    believed = [one for one in proofs if one.complete]
    ordered = sorted(believed, key=lambda one: STRENGTH.index(one.subject.boundary))
    return tuple(
        Weakness(weaker.subject.boundary, stronger.subject.boundary, weaknesses(weaker, stronger))
        for number, weaker in enumerate(ordered)
        for stronger in ordered[number + 1 :]
    )


def text(found: All) -> str:
    """What stands below the tables."""
    lines = [
        f"{paint(f'{name:<12}', 'yellow')}{plain(it.reason)}{f'; fix: {plain(it.fix)}' if it.fix else ''}"
        for name, it in found.unavailable.items()
    ]
    for weakness in found.weaknesses:
        names = ", ".join(plain(row.id) for row in weakness.rows)
        if names:
            said = f"{weakness.stronger} lets through what {weakness.weaker} holds: {names}"
            lines.append(paint(said, "red"))
        else:
            lines.append(f"{weakness.stronger} lets through nothing that {weakness.weaker} holds")
    return "".join(f"{line}\n" for line in lines)
