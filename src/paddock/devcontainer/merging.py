"""The rules by which layers come together: containers.dev/implementors/spec, "Merge logic", as the reference has them.

Layers are given lowest first: the label's entries, Features in install order, the file. Every rule keeps the origin of
the value that counts. Where several say the same, it is the lowest: taking away what is above it would change nothing.
"""

from __future__ import annotations

from paddock.devcontainer import hooks
from paddock.devcontainer.model import Port, Requirement, Switch, Text
from paddock.devcontainer.requirements import size
from paddock.devcontainer.source import Source
from paddock.frozen import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeVar

    from paddock.devcontainer.model import Configuration, Hook, Mount, PortAttributes, Variable

    T = TypeVar("T")

DEFAULT = Source("default", "")
# What the metadata of a Feature may say ("Features", devcontainer-feature.json properties). The rest of it is ignored,
# but for `containerEnv`, which becomes part of the image.
_OF_FEATURES = ("privileged", "init", "cap_add", "security_opt", "entrypoint", "mounts", "hooks", "customizations")


def layers(
    labels: Iterable[Configuration], features: Iterable[Configuration], file: Configuration
) -> list[Configuration]:
    """All layers, each with only what counts of it in a merge."""
    found = [replace(one, ports=_forwarded(one), hooks=_inside(one)) for one in labels]
    found += [_of_feature(one) for one in features]
    return [*found, replace(file, entrypoint=None)]


def _of_feature(one: Configuration) -> Configuration:
    kept = {name: getattr(one, name) for name in _OF_FEATURES}
    bare = type(one)(one.layer, one.name, one.document, one.node)
    return replace(bare, **{**kept, "hooks": _inside(one)})


def _inside(one: Configuration) -> tuple[Hook, ...]:
    """`initializeCommand` counts in the file only."""
    return tuple(hook for hook in one.hooks if not hook.on_host)


def _forwarded(one: Configuration) -> tuple[Port, ...]:
    """So does `appPort`."""
    return tuple(port for port in one.ports if port.kind == "forward")


def any_true(switches: Iterable[Switch | None]) -> Switch:
    """`privileged`, `init`: nobody can switch off what another layer switches on."""
    said = [one for one in switches if one is not None]
    return next((one for one in said if one.value), said[-1] if said else Switch(False, DEFAULT))  # noqa: FBT003


def last_switch(switches: Iterable[Switch | None], default: bool) -> Switch:  # noqa: FBT001 - a value, not a way
    """Booleans: the last layer that says anything."""
    said = [one for one in switches if one is not None]
    return said[-1] if said else Switch(default, DEFAULT)


def last_text(texts: Iterable[Text | None]) -> Text | None:
    """Texts: the last one that is not empty."""
    said = [one for one in texts if one is not None and one.value]
    return said[-1] if said else None


def union(texts: Iterable[Text]) -> tuple[Text, ...]:
    """`capAdd`, `securityOpt`: each text once, as it is written, where it comes first."""
    return _first(texts, lambda one: one.value)


def variables(said: Iterable[Variable]) -> tuple[Variable, ...]:
    """Each variable once, where it comes first, with what is said last."""
    return tuple({one.name: one for one in said}.values())


def attributes(said: Iterable[PortAttributes]) -> tuple[PortAttributes, ...]:
    """For each port all of what is said last."""
    return tuple({one.ports: one for one in said}.values())


def mounts(said: Iterable[Mount]) -> tuple[Mount, ...]:
    """For each target the last one, where that stands."""
    return tuple(reversed(_first(reversed([*said]), lambda one: one.target)))


def forwarded(said: Iterable[Port]) -> tuple[Port, ...]:
    """Each port once."""
    return _first(said, lambda one: one.inside)


def in_order(said: Iterable[Hook]) -> tuple[Hook, ...]:
    """All hooks, in the order in which they run: event by event, and in each layer by layer."""
    return tuple(sorted(said, key=lambda hook: hooks.EVENTS.index(hook.event)))


def requirements(said: Iterable[Requirement]) -> tuple[Requirement, ...]:
    """The highest of each. Of GPUs, "optional" is less than any other yes, and what several ask for is joined."""
    found: dict[str, Requirement] = {}
    for one in said:
        before = found.get(one.name)
        found[one.name] = one if before is None else _higher(before, one)
    return tuple(found.values())


def _higher(before: Requirement, one: Requirement) -> Requirement:
    if one.name != "gpu":
        return one if (one.amount or 0) > (before.amount or 0) else before
    ranks = {"": 0, "false": 0, "optional": 1}
    here, there = (ranks.get(it.value.lower(), 2) for it in (one, before))
    if here != there:
        return one if here > there else before
    both = _gpu_parts(before)
    for name, value in _gpu_parts(one).items():
        both[name] = max(both.get(name, value), value, key=lambda text: size(text) or 0)
    joined = ", ".join(f"{name}={value}" for name, value in both.items())
    return replace(one, value=joined) if joined else before


def _gpu_parts(one: Requirement) -> dict[str, str]:
    """`cores=4, memory=8gb`, as an object is read."""
    pairs = (part.partition("=") for part in one.value.split(", "))
    return {name: value for name, equals, value in pairs if equals}


def _first(said: Iterable[T], key: Callable[[T], str]) -> tuple[T, ...]:
    found: dict[str, T] = {}
    for one in said:
        found.setdefault(key(one), one)
    return tuple(found.values())
