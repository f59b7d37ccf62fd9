"""All layers into one policy: built-in < floor < person < repository < flags.

Words and limits: the later layer decides. Lists add up. The floor takes part like any layer, as the machine's
own defaults, and after it nobody may loosen a key that it states. A repository's file that is not trusted
can only tighten (probe PE-21).
"""

from __future__ import annotations

from paddock.policy.comparing import looseness
from paddock.policy.credentials import is_secret_name
from paddock.policy.keys import CREDENTIALS, KEYS, LIMITS, LISTS
from paddock.policy.model import (
    BUILT_IN,
    Added,
    Allowed,
    Amount,
    Assignment,
    Binding,
    Denial,
    Policy,
    Publication,
    Setting,
    Text,
)
from paddock.policy.tightening import check_floor, entries, floor_bounds, judged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from paddock.policy.comparing import Entry
    from paddock.policy.model import Layer, LayerKind
    from paddock.policy.tightening import Loosening

MOST_NOTES = 20
ORDER: tuple[LayerKind, ...] = ("floor", "machine", "agent", "person", "repository", "flag")


def built_in() -> dict[str, Setting]:
    """Every key with its default."""
    return {
        key.full: Setting(
            key.full,
            tuple(Text(str(word), BUILT_IN) for word in key.default) if isinstance(key.default, tuple) else key.default,
            BUILT_IN,
        )
        for key in KEYS.values()
    }


def merge(layers: Iterable[Layer], *, trusted: bool) -> Policy:
    """The policy that all layers make; `trusted` says whether the repository's file may loosen.

    Raises PolicyError where a layer that may speak loosens the floor.
    """
    settings, left_out, bounded = _merged(layers, trusted=trusted)
    return _policy(settings, (*_ignored(left_out), *_warnings(settings)), bounded)


def effective(layers: Iterable[Layer], *, trusted: bool) -> dict[str, Setting]:
    """What every key says after all layers. Raises what `merge` does."""
    return _merged(layers, trusted=trusted)[0]


def loosenings(layers: Iterable[Layer]) -> tuple[Loosening, ...]:
    """What the repository's file would loosen if it were trusted."""
    return _merged(layers, trusted=False)[1]


def _merged(
    layers: Iterable[Layer], *, trusted: bool
) -> tuple[dict[str, Setting], tuple[Loosening, ...], tuple[str, ...]]:
    now = built_in()
    left_out: tuple[Loosening, ...] = ()
    bounds: dict[str, Setting] = {}
    for layer in sorted(layers, key=lambda layer: ORDER.index(layer.kind)):
        speaking = layer
        if layer.kind == "floor":
            bounds = floor_bounds([layer])
        elif layer.kind == "repository" and not trusted:
            speaking, beyond = judged(layer, now)
            left_out += beyond
        else:
            check_floor(layer, bounds)
        now |= {setting.key: _combined(now[setting.key], setting) for setting in speaking.settings}
        if layer.kind == "floor":
            now["boundary.minimum"] = _tighter(now["boundary.minimum"], bounds.get("boundary.minimum"))
    return now, left_out, tuple(sorted(bounds))


def _tighter(one: Setting, other: Setting | None) -> Setting:
    if other is None or looseness(one.key, one.value) <= looseness(one.key, other.value):
        return one
    return other


def _combined(old: Setting, new: Setting) -> Setting:
    """The value after a layer: lists add up, everything else is replaced."""
    if KEYS[new.key].kind not in LISTS:
        return new
    found = {_identity(entry): entry for entry in entries(old.value)}
    for entry in entries(new.value):
        name = _identity(entry)
        if name not in found or _changes(entry, found[name]):
            found[name] = entry
    return Setting(new.key, tuple(found.values()), new.origin)  # type: ignore[arg-type]  # one key, one kind of entry


def _changes(entry: Entry, known: Entry) -> bool:
    """Whether an entry of the same name says something new: another value, or something that was not allowed."""
    if isinstance(entry, Assignment) and isinstance(known, Assignment):
        return entry.value != known.value
    if isinstance(entry, Allowed) and isinstance(known, Allowed):
        from paddock.policy.reach import covers

        return not covers(known, entry)
    return isinstance(entry, Binding)  # who speaks later says where it comes from and goes


def _identity(entry: Entry) -> tuple[str, int]:
    if isinstance(entry, Allowed | Denial):
        return entry.host, entry.port
    if isinstance(entry, Publication):
        return str(entry.inside), entry.outside
    if isinstance(entry, Added):  # two that differ in anything are two: none takes the other's place
        return f"{entry.pattern}\0{entry.family}\0{entry.severity}\0{entry.why}", 0
    return (entry.name, 0) if isinstance(entry, Assignment | Binding) else (entry.value, 0)


def _policy(now: Mapping[str, Setting], notes: tuple[str, ...], bounded: tuple[str, ...]) -> Policy:
    def text(key: str) -> Text:
        return Text(str(now[key].value), now[key].origin)

    sizes = [(key, now[key.full]) for key in KEYS.values() if key.kind in LIMITS]
    amounts = {
        key.full: Amount(key.name, setting.value, setting.origin)
        for key, setting in sizes
        if isinstance(setting.value, int | float)
    }
    lists = {key: entries(setting.value) for key, setting in now.items()}
    return Policy(
        workspace_mode=text("workspace.mode"),
        mask=_texts(lists["workspace.mask"]),
        read=_texts(lists["workspace.read"]),
        pass_variables=_texts(lists["environment.pass"]),
        set_variables=tuple(entry for entry in lists["environment.set"] if isinstance(entry, Assignment)),
        boundary_use=text("boundary.use"),
        boundary_minimum=text("boundary.minimum"),
        accept=_texts(lists["boundary.accept"]),
        syscalls=text("boundary.syscalls"),
        network_mode=text("network.mode"),
        agent_prompts=text("agents.prompts"),
        allow=tuple(entry for entry in lists["network.allow"] if isinstance(entry, Allowed)),
        setup_allow=tuple(entry for entry in lists["network.setup.allow"] if isinstance(entry, Allowed)),
        limits=tuple(amount for full, amount in amounts.items() if full.startswith("limits.")),
        notes=notes,
        lifted=tuple(
            Text(key.name, setting.origin)
            for key, setting in sizes
            if setting.value is None and setting.origin.kind != "built-in"
        ),
        bounded=bounded,
        hazards_add=tuple(entry for entry in lists["hazards.add"] if isinstance(entry, Added)),
        hazards_allow=_texts(lists["hazards.allow"]),
        hazards_large=amounts.get("hazards.large"),
        deny=tuple(entry for entry in lists["network.deny"] if isinstance(entry, Denial)),
        publish=tuple(entry for entry in lists["network.publish"] if isinstance(entry, Publication)),
        connections=amounts.get("network.connections"),
        rate=amounts.get("network.rate"),
        credentials=tuple(entry for entry in lists[CREDENTIALS] if isinstance(entry, Binding)),
        canaries=_texts(lists["workspace.canaries"]),
        prove_require=amounts.get("prove.require"),
        prove_at_start=text("prove.at_start"),
        nested=text("boundary.nested"),
    )


def _texts(found: Sequence[Entry]) -> tuple[Text, ...]:
    return tuple(entry for entry in found if isinstance(entry, Text))


def _ignored(left_out: Sequence[Loosening]) -> list[str]:
    notes = [
        f"{one.origin.where} asks for {one.brief()}; ignored until you trust this file: paddock trust"
        for one in left_out[:MOST_NOTES]
    ]
    if len(left_out) > MOST_NOTES:
        notes.append(f"and {len(left_out) - MOST_NOTES} more that are ignored; see them all with: paddock trust")
    return notes


def _warnings(now: Mapping[str, Setting]) -> list[str]:
    brokered = {
        name for entry in entries(now[CREDENTIALS].value) if isinstance(entry, Binding) for name in entry.variables
    }
    named = [(entry.value, entry.origin) for entry in _texts(entries(now["environment.pass"].value))]
    named += [(one.name, one.origin) for one in entries(now["environment.set"].value) if isinstance(one, Assignment)]
    notes = [
        f"warning: {origin} puts {name} into the sandbox; it looks like a secret, and everything inside can read it"
        for name, origin in named
        if "*" not in name and name not in brokered and is_secret_name(name)
    ]
    mode, allow = now["network.mode"], now["network.allow"]
    if allow.value and mode.value == "off" and mode.origin == BUILT_IN:
        notes.append(f'{allow.origin.where} lists hosts, but network.mode is "off"; to reach them: --net allow')
    return notes
