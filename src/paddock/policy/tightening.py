"""What a layer may change when it is bound: by the floor, or by not being trusted.

An untrusted repository's file was perhaps written by the agent that it is to contain, so only what is
strictly tighter than the layers below takes effect; everything else is left out and said. The floor is
the other way round: whoever asks for more than it allows gets an error that names both lines.
"""

from __future__ import annotations

from paddock.errors import PolicyError
from paddock.frozen import frozen, replace
from paddock.policy.comparing import covers, looseness
from paddock.policy.keys import CREDENTIALS, KEYS, LISTS, ONLY_TIGHTEN, SETUP, written
from paddock.policy.model import (
    BUILT_IN,
    Added,
    Allowed,
    Assignment,
    Binding,
    Denial,
    Layer,
    Origin,
    Publication,
    Setting,
)
from paddock.policy.values import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from paddock.policy.comparing import Entry
    from paddock.policy.model import Value

MOST_NAMED = 20  # entries in one error
MOST_SHOWN = 120  # characters of one value


@frozen
class Loosening:
    """One thing that a layer asks for beyond what it may: what, by which line, instead of what."""

    key: str
    asked: str
    origin: Origin
    instead_of: str = ""

    def brief(self) -> str:
        """The key and what is asked, short and without the values of variables."""
        asked = self.asked.partition("=")[0] if self.key == "environment.set" else self.asked
        return f"{self.key} {_cut(asked)}"


def entries(value: Value) -> tuple[Entry, ...]:
    """The entries of a list's value; none for a scalar."""
    return value if isinstance(value, tuple) else ()


def described(entry: Entry) -> str:
    """An entry as people read it, in full: what is shown here is what gets trusted."""
    if isinstance(entry, Allowed | Denial | Publication):
        from paddock.policy import reach

        return reach.described(entry)
    if isinstance(entry, Binding):
        from paddock.policy import bindings

        return bindings.described(entry)
    if isinstance(entry, Assignment):
        return f"{entry.name}={shown(entry.value, len(entry.value))}"
    if isinstance(entry, Added):
        why = shown(entry.why, len(entry.why))
        return f"{shown(entry.pattern, len(entry.pattern))} ({entry.family}, {entry.severity}: {why})"
    return shown(entry.value, len(entry.value)) if not _is_plain(entry.value) else entry.value


def _is_plain(text: str) -> bool:
    return text.isprintable() and " " not in text


def as_written(setting: Setting) -> str:
    """A setting's value as people read it."""
    if KEYS[setting.key].kind in LISTS:
        return ", ".join(map(described, entries(setting.value)))
    return written(KEYS[setting.key], setting.value).strip('"')


def judged(layer: Layer, below: Mapping[str, Setting]) -> tuple[Layer, tuple[Loosening, ...]]:
    """What of an untrusted layer may take effect over `below`, and everything that may not."""
    kept: list[Setting] = []
    left_out: list[Loosening] = []
    for setting in layer.settings:
        under = below[setting.key]
        if setting.key in ONLY_TIGHTEN:
            kept.append(setting)
        elif KEYS[setting.key].kind in LISTS:
            left_out += _beyond(setting, under)
        elif setting.value == under.value:
            # An agent's profile opens a network that is off by default, and none that somebody wrote is off.
            if setting.key == "network.mode" and under.origin == BUILT_IN:
                kept.append(setting)
        elif _looseness(setting, below) < _looseness(under, below):
            kept.append(setting)
        else:
            left_out.append(Loosening(setting.key, as_written(setting), setting.origin, as_written(under)))
    return replace(layer, settings=tuple(kept)), tuple(left_out)


def _looseness(setting: Setting, below: Mapping[str, Setting]) -> float:
    return looseness(setting.key, setting.value, str(below["boundary.minimum"].value))


def _beyond(setting: Setting, bound: Setting) -> list[Loosening]:
    """The entries of a list that the entries of another do not cover."""
    others = entries(bound.value)
    return [
        Loosening(setting.key, described(entry), entry.origin)
        for entry in entries(setting.value)
        if not covers(setting.key, entry, others)
    ]


def floor_bounds(floor: Iterable[Layer]) -> dict[str, Setting]:
    """What the floor binds. A boundary that it uses is also the weakest that anybody may use."""
    bounds = {setting.key: setting for layer in floor for setting in layer.settings}
    use, minimum = bounds.get("boundary.use"), bounds.get("boundary.minimum")
    if use is not None:
        word = "bubblewrap" if use.value == "auto" else use.value
        if minimum is None or looseness("boundary.minimum", word) < looseness("boundary.minimum", minimum.value):
            bounds["boundary.minimum"] = Setting("boundary.minimum", word, use.origin)
    return bounds


def check_floor(layer: Layer, bounds: Mapping[str, Setting]) -> None:
    """Raise PolicyError if a layer loosens what the floor states."""
    beyond = [(found, bound) for setting in layer.settings for found, bound in over(setting, bounds)]
    if not beyond:
        return
    said = [_sentence(found, bound) for found, bound in beyond[:MOST_NAMED]]
    if len(beyond) > MOST_NAMED:
        said.append(f"and {len(beyond) - MOST_NAMED} more")
    raise PolicyError(
        said[0],
        why="\n".join(said[1:]) or "nobody may loosen the floor, which whoever administers this machine has set",
        next_step=f"take it out of {layer.where}, or ask for a change of {_file(beyond[0][1].origin)}",
        code="floor",
    )


def over(setting: Setting, bounds: Mapping[str, Setting]) -> Iterable[tuple[Loosening, Setting]]:
    """What a setting asks for beyond some bounds, each with the bound."""
    if setting.key == "boundary.use":
        # `auto` goes by the minimum; that bound is checked on its own key and holds for all layers.
        bound = bounds.get("boundary.minimum")
        if bound is not None and setting.value != "auto":
            allowed = looseness("boundary.minimum", bound.value)
            if looseness("boundary.minimum", setting.value) > allowed:
                yield Loosening(setting.key, as_written(setting), setting.origin), bound
        return
    if setting.key == CREDENTIALS and "network.allow" in bounds:
        yield from ((found, bounds["network.allow"]) for found in _hosts_beyond(setting, bounds["network.allow"]))
    if setting.key == SETUP:
        yield from _setup_beyond(setting, bounds)
    bound = bounds.get(setting.key)
    if bound is None:
        return
    if KEYS[setting.key].kind in LISTS:
        yield from ((found, bound) for found in _beyond(setting, bound))
    elif looseness(setting.key, setting.value) > looseness(setting.key, bound.value):
        yield Loosening(setting.key, as_written(setting), setting.origin), bound


def _setup_beyond(setting: Setting, bounds: Mapping[str, Setting]) -> Iterable[tuple[Loosening, Setting]]:
    """What a set-up may reach is bound by what may be reached at all."""
    mode, allow = bounds.get("network.mode"), bounds.get("network.allow")
    if mode is not None and mode.value == "off":
        yield from ((Loosening(SETUP, described(one), one.origin), mode) for one in entries(setting.value))
    elif allow is not None:
        yield from ((replace(found, key=SETUP), allow) for found in _beyond(replace(setting, key=allow.key), allow))


def _hosts_beyond(setting: Setting, bound: Setting) -> Iterable[Loosening]:
    """A credential's hosts may be reached, so they are bound by what may be."""
    for binding in entries(setting.value):
        if isinstance(binding, Binding):
            reached = Setting("network.allow", binding.hosts, binding.origin)
            yield from (replace(found, key=f"credentials.{binding.name}") for found in _beyond(reached, bound))


def _sentence(found: Loosening, bound: Setting) -> str:
    allowed = ", ".join(_shown_names(bound)) or "nothing"
    return f"{found.origin.where}: {found.brief()} loosens the floor ({bound.origin.where}: {_cut(allowed)})"


def _shown_names(bound: Setting) -> list[str]:
    if KEYS[bound.key].kind not in LISTS:
        return [as_written(bound)]
    return [one.name if isinstance(one, Assignment) else described(one) for one in entries(bound.value)]


def _cut(text: str) -> str:
    return text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN] + "…"


def _file(origin: Origin) -> str:
    return origin.where.rpartition(":")[0] or origin.where
