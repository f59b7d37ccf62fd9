"""The probes for a person: all of them, and one of them in full."""

from __future__ import annotations

from paddock.cli.style import paint
from paddock.probes.catalogue.reading import ANYONE, LAYERS, ROOT
from paddock.probes.expectations import PROMISES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from paddock.probes.catalogue.reading import Probe

_WHERE = {
    "inside": "the attacker says what it reached, and the host looks at its own side",
    "effect": "the host alone looks, after all others have tried",
    "scenario": "in a run of its own, which the host looks at",
}
_CONTROLS = {
    ANYONE: "the same is tried without a sandbox, where it must succeed; else the row is unproven",
    ROOT: "the same is tried without a sandbox, where it must succeed for root; else the row is unproven",
}


def listed(probes: Sequence[Probe], width: int) -> str:
    """One line for each probe, under its layer."""
    blocks = []
    for layer in LAYERS:
        found = [probe for probe in probes if probe.layer == layer]
        if found:
            head = paint(f"{layer} ({len(found)})", "bold")
            lines = (line for probe in found for line in _line(probe, width))
            blocks.append("\n".join([head, *lines]) + "\n")
    return "\n".join(blocks)


def _line(probe: Probe, width: int) -> Iterator[str]:
    import textwrap

    margin = 19
    lines = textwrap.wrap(probe.title, max(width - margin, 20), break_on_hyphens=False)
    yield f"  {probe.id.partition(' ')[0]:<6} {probe.severity:<9} {lines[0]}"
    yield from (f"{'':{margin}}{line}" for line in lines[1:])


def explained(probes: Sequence[Probe], width: int) -> str:
    """Each probe in full."""
    return "\n".join("".join(f"{line}\n" for line in _explained(probe, width)) for probe in probes)


def _explained(probe: Probe, width: int) -> Iterator[str]:
    import textwrap

    promise = PROMISES[probe.promise]
    gaps = f" (the gap {' or '.join(promise.gaps)} takes it back)" if promise.gaps else ""
    yield paint(probe.id, "bold")
    parts = (
        ("what", f"{probe.title}: {probe.layer}, {probe.severity}"),
        ("attempt" if probe.kind != "work" else "work", probe.attempt),
        ("holds" if probe.kind != "work" else "works", probe.holds),
        ("judged", _WHERE[probe.where]),
        ("control", _CONTROLS.get(probe.control, f"none: {probe.control}")),
        ("promise", f"{promise.sentence}{gaps}"),
        ("incident", probe.source),
        ("fix", probe.fix),
    )
    for what, said in parts:
        if said:
            lines = textwrap.wrap(said, max(width - 12, 20), break_on_hyphens=False)
            yield f"  {paint(f'{what:<10}', 'dim')}{lines[0]}"
            yield from (f"{'':12}{line}" for line in lines[1:])
