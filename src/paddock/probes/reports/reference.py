"""The reference page of all probes, made from the catalogue; a test holds `docs/reference/probes.md` to it."""

from __future__ import annotations

from paddock.probes.catalogue.reading import ANYONE, LAYERS, ROOT
from paddock.probes.expectations import PROMISES
from paddock.probes.standing import SENTENCES
from paddock.reporting.text import in_markdown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from paddock.probes.catalogue.reading import Probe

_HEAD = """\
# Probes

<!-- Made by paddock.probes.reports.reference.page(), see scripts/docs; edit src/paddock/probes/catalogue/ instead. -->

What [`paddock prove`](../how-to/prove.md) attempts. Each row is one harmless attack that must fail, or one piece of
work that must go on. The ids are stable. `paddock prove --explain ID` prints one of them, `--only ID` or
`--only LAYER` runs it.

**What counts.** An effect, never an error: a canary that was read, a marker that was written, a listener that was
reached, a process that is still alive. The host plants what is looked for on a made-up person's machine, anew for each
run, and looks at its own side itself. What the attacker says counts against the sandbox only.

**Control.** The same attack without a sandbox must succeed, or its row is *unproven*. Where a control says *root*, only
root can run it. Any other text is the reason why there is none.

**Kinds.** *boundary* and *host*: any breach breaks a promise. *surface*: a risky call of the kernel, which the
boundary promises to refuse. *depends*: a fact for the report. *work*: what must go on.

## Verdicts

| verdict | meaning |
|---|---|
| held | the attack failed, and succeeds without a sandbox or says why that cannot be shown |
| works | what must go on does |
| allowed | it got through, as a line of your policy says |
| open | it got through, and nothing is promised: a gap that you accepted |
| breached | it got through: a promise is broken |
| fails | what must work, or what your policy allows, does not |
| unproven | nothing was shown: no answer, or no control that succeeded |
| skipped | it could not be tried here, for the reason that is given |
| not-applicable | there is nothing of the kind to attack |
| fact | reported, nothing is promised |
"""


def page(probes: Sequence[Probe]) -> str:
    """The page."""
    parts = [_HEAD, _promises()]
    for layer in LAYERS:
        found = [probe for probe in probes if probe.layer == layer]
        if found:
            parts.append("".join(_layer(layer, found)))
    return "\n".join(parts)


def _promises() -> str:
    rows = "".join(
        f"| `{name}` | {promise.sentence} | {', '.join(f'`{gap}`' for gap in promise.gaps)} |\n"
        for name, promise in PROMISES.items()
    )
    head = "## Promises\n\nA gap that was accepted takes its promise back.\n\n"
    return f"{head}| promise | what it says | gaps |\n|---|---|---|\n{rows}"


def _layer(layer: str, probes: Sequence[Probe]) -> Iterator[str]:
    yield f"## {layer}\n\n{SENTENCES[layer][0].upper()}{SENTENCES[layer][1:]}. {len(probes)} probes.\n\n"
    yield "| probe | attempt, and how success is seen | what holds | control | source |\n|---|---|---|---|---|\n"
    for probe in probes:
        about = f"{probe.kind}, {probe.severity}, promise `{probe.promise}`"
        control = probe.control if probe.control in (ANYONE, ROOT) else f"none: {probe.control}"
        cells = (probe.attempt, probe.holds, control, probe.source)
        first = f"**{in_markdown(probe.id)}**<br>{in_markdown(probe.title)}<br>{about}"
        yield f"| {first} | {' | '.join(map(in_markdown, cells))} |\n"


if __name__ == "__main__":
    import sys

    from paddock.probes.catalogue.reading import load

    sys.stdout.write(page(load()))
