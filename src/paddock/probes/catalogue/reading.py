"""The catalogue as values. The ids are stable: reports, tests and other pages cite them."""

from __future__ import annotations

import os

from paddock.errors import PaddockError
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

# Layer → the letters that its ids begin with; in the order of a report.
LAYERS = {
    "files": "FS",
    "processes": "PK",
    "network": "NW",
    "credentials": "CR",
    "later": "PE",
    "resources": "RS",
    "lifecycle": "LC",
    "approval": "AP",
    "supply": "SC",
    "work": "OK",
}
# boundary, host: any breach breaks a promise; host is judged outside alone. surface: the boundary says what it
# promises. depends: a fact for the report. work: what must go on.
KINDS = ("boundary", "surface", "depends", "host", "work")
SEVERITIES = ("critical", "high", "medium", "low", "info")
# inside: in the one run of the pack. effect: seen by the host alone after that. scenario: in a run of its own.
WHERE = ("inside", "effect", "scenario")
ANYONE, ROOT = "anyone", "root"
QUICK = "quick"  # the word for all of them
_ENTRY = "[[probe]]"  # what each begins with
_DIRECTORY = os.path.dirname(__file__)
_TEXTS = ("id", "title", "kind", "severity", "promise", "attempt", "holds", "source", "control")
_OPTIONAL = {"where": "inside", "fix": "", "quick": False, "absent": ""}


@frozen
class Probe:
    """One harmless attack, or one piece of work that must go on.

    `attempt` is what is tried and how success is seen; `holds` what a tight sandbox shows; `source` the incident, CVE
    or paper behind it. `promise` names what of the plan it tests (`probes/expectations`). `control` says who must
    breach without a sandbox, "anyone" or "root"; any other text is the reason why that cannot be shown. `absent` says
    why there is nothing yet that it could be tried on.
    """

    id: str
    layer: str
    title: str
    kind: str
    severity: str
    promise: str
    attempt: str
    holds: str
    source: str
    control: str
    where: str = "inside"
    fix: str = ""
    quick: bool = False
    absent: str = ""


def load(layers: Iterable[str] = tuple(LAYERS)) -> tuple[Probe, ...]:
    """All probes of these layers, by id. Raises ValueError where a file of ours is wrong."""
    import tomllib

    found: list[Probe] = []
    for layer in layers:
        with open(f"{_DIRECTORY}/{layer}.toml", "rb") as file:
            found += [_probe(layer, entry) for entry in tomllib.load(file).get("probe", [])]
    return tuple(found)


def quick() -> tuple[Probe, ...]:
    """Those with `quick = true`. The other entries are not read, which would take longer than an attack."""
    import tomllib

    found: list[Probe] = []
    for layer in LAYERS:
        with open(f"{_DIRECTORY}/{layer}.toml", encoding="utf-8") as file:
            entries = file.read().split(_ENTRY)[1:]
        wanted = _ENTRY.join(("", *(entry for entry in entries if "\nquick = true\n" in entry)))
        found += [_probe(layer, entry) for entry in tomllib.loads(wanted).get("probe", [])]
    return tuple(found)


def choose(probes: Iterable[Probe], wanted: Iterable[str]) -> tuple[Probe, ...]:
    """Those that `--only` names: a layer, an id such as FS-02, or with its name, or "quick". Raises PaddockError."""
    probes = tuple(probes)
    words = tuple(wanted)
    for word in words:
        if not any(_means(word, probe) for probe in probes):
            raise PaddockError(
                f"no probe and no layer is called {word!r}",
                why=f"layers are {', '.join(LAYERS)}; ids look like FS-02",
                next_step="paddock prove --list",
                code="unknown-probe",
            )
    return tuple(probe for probe in probes if not words or any(_means(word, probe) for word in words))


def _means(word: str, probe: Probe) -> bool:
    if word == QUICK:
        return probe.quick
    return word in (probe.layer, probe.id) or word.upper() == probe.id.partition(" ")[0]


def _probe(layer: str, entry: Mapping[str, Any]) -> Probe:
    values: dict[str, Any] = {name: entry[name] for name in _TEXTS}
    values |= {name: entry.get(name, default) for name, default in _OPTIONAL.items()}
    unknown = entry.keys() - values.keys()
    wrong = (
        values["kind"] not in KINDS
        or values["severity"] not in SEVERITIES
        or values["where"] not in WHERE
        or not values["id"].startswith(LAYERS[layer])
        or any(not values[name] for name in _TEXTS)
    )
    if unknown or wrong:
        message = f"{layer}.toml: {entry.get('id')}: {sorted(unknown) or 'a field is wrong or empty'}"
        raise ValueError(message)
    return Probe(layer=layer, **values)
