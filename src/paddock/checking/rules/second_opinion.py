"""What compose-lint finds in a compose project and our own rules do not.

Its rules were measured on eleven thousand published compose files. They are asked about the merged project, with places
of ours; each has the id of our rule for the same thing, and is silent where ours have spoken of the same value, so that
nothing is said twice.
"""

from __future__ import annotations

import bisect

from paddock.checking import rule as rules
from paddock.checking.facts import beside, secret
from paddock.checking.facts.memory import kept
from paddock.checking.findings import Hit
from paddock.checking.rules.beside import GIVEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from paddock.checking.context import Context
    from paddock.checking.rule import Function
    from paddock.devcontainer.document import Node, Place
    from paddock.devcontainer.model import Effective
    from paddock.devcontainer.service import Project, Service

# By compose-lint's id: our rule, and our words; {} is what it is about. Its other rules are about what is missing from
# a service (CL-0003, -0006, -0007, -0026), or of images what DC501 says (CL-0004, CL-0019).
OURS = {
    "CL-0001": ("DC101", "an engine's socket comes in by {}"),
    "CL-0002": ("DC201", "the service is privileged"),
    "CL-0005": ("DC303", "the port {} is published on all interfaces"),
    "CL-0008": ("DC205", "the network namespace is the host's"),
    "CL-0009": ("DC203", "a security profile is off: {}"),
    "CL-0010": ("DC205", "a namespace is the host's: {}"),
    "CL-0011": ("DC202", "the capability {} is added"),
    "CL-0013": ("DC110", "a sensitive path of the host comes in: {}"),
    "CL-0014": ("DC224", "nothing of what the service prints is kept"),
    "CL-0016": ("DC206", "a dangerous device comes in: {}"),
    "CL-0017": ("DC110", "mounts are carried back to the host: {}"),
    "CL-0018": ("DC207", "the service runs as root"),
    "CL-0020": ("DC701", "a credential stands in the compose file: {}"),
    "CL-0021": ("DC707", "a connection text holds a password: {}"),
    "CL-0022": ("DC905", "a tmpfs has options that it should not have: {}"),
    "CL-0024": ("DC202", "the capability {} is added"),
    "CL-0025": ("DC102", "the whole system of the host comes in: {}"),
    "CL-0027": ("DC202", "the capability {} is added"),
    "CL-0028": ("DC202", "the capability {} is added"),
    "CL-0029": ("DC202", "the capability {} is added"),
    "CL-0030": ("DC202", "the capability {} is added"),
}
# Ours that may mean the same value: a mount of the host, an option of its security, a secret.
_FAMILIES = (
    tuple(name for name in GIVEN if name.startswith("DC1")),
    ("DC203", "DC204"),
    ("DC701", "DC706", "DC707"),
)
_MOST_LINES = 50_000


class At(int):
    """A line number that knows its place: compose-lint hands back the very object that it was given."""

    place: Place


def hits(project: Project, names: frozenset[str]) -> Iterator[tuple[str, Service, Hit]]:
    """What compose-lint's rules of these ids find: the id, the service, and the hit in our words."""
    from compose_lint.rules import get_registered_rules

    data, lines = _data(project), dict(_lines(project.root))
    for one in (made for kind in get_registered_rules() if (made := kind()).metadata.id in names):
        for service in project.services:
            config = data["services"].get(service.name)
            for found in _checked(one, service.name, config, data, lines):
                place = getattr(found.line, "place", None) or service.origin.place
                origin = service.origin.below(place=place)
                words = OURS[found.rule_id][1].format(found.evidence or service.name)
                known = OURS[found.rule_id][0] == "DC701" and _is_default(service, found.evidence)
                severity = "low" if known else found.severity.value
                yield found.rule_id, service, Hit(f"service {service.name}: {words}", origin, severity)


def _is_default(service: Service, name: str) -> bool:
    """Whether a variable has a password that everybody knows: `${DB_PASSWORD:-postgres}`, put in."""
    return any(one.name == name and secret.is_default(one.value or "") for one in service.environment)


def _checked(one: Any, name: str, config: Any, data: Mapping[str, Any], lines: Mapping[str, int]) -> tuple[Any, ...]:
    try:
        return tuple(one.check(name, config, data, lines)) if isinstance(config, dict) else ()
    except (TypeError, ValueError, AttributeError, KeyError, IndexError):
        return ()  # a value of a type that Compose refuses; DC222 and the other rules speak of it


def _data(project: Project) -> dict[str, Any]:
    data = project.root.data()
    services = data.get("services")
    return {**data, "services": services if isinstance(services, dict) else {}}


def _lines(root: Node) -> Iterator[tuple[str, At]]:
    """The places of all values by their paths as compose-lint writes them: `services.web.ports[0]`."""
    waiting, count = [("", root)], 0
    while waiting and count < _MOST_LINES:
        path, node = waiting.pop()
        count += 1
        at = At(node.place.line)
        at.place = node.place
        yield path, at
        waiting += [(f"{path}.{one.key}" if path else one.key, one.node) for one in node.members]
        waiting += [(f"{path}[{number}]", item) for number, item in enumerate(node.items)]


def _function(name: str) -> Function:
    """The function of one of our rules that asks compose-lint where our other functions were silent."""
    asked = frozenset(theirs for theirs, (ours, _) in OURS.items() if ours == name)

    def second_opinion(effective: Effective, context: Context) -> Iterator[Hit]:
        found = [hit for theirs, hit in _found(effective) if theirs in asked]
        ours = _Covered(_spoken(_family(name), effective, context) if found else ())
        yield from (hit for hit in found if not (hit.source.place and ours.meets(hit.source.place)))

    return second_opinion


@kept
def _found(effective: Effective) -> Iterator[tuple[str, Hit]]:
    """All that they find in services that start, by their ids."""
    project = beside.project(effective)
    started = {one.name for one in beside.started(effective)}
    for theirs, service, hit in hits(project, frozenset(OURS)) if project else ():
        if service.name in started:
            yield theirs, hit


def _family(name: str) -> tuple[str, ...]:
    """The rules of ours that may say of the same value what the rule of this id says."""
    return next((family for family in _FAMILIES if name in family), (name,))


def _spoken(names: tuple[str, ...], effective: Effective, context: Context) -> Iterator[Place]:
    """Where our own functions say something of these rules."""
    for name in names:
        for function in rules.functions().get(name, ()):
            if function.__module__ != __name__:
                yield from (hit.source.place for hit in function(effective, context) if hit.source.place)


class _Covered:
    """Places of which something was said, to be asked whether another one meets them."""

    def __init__(self, places: Iterable[Place]) -> None:
        self.starts: dict[str, list[int]] = {}
        self.ends: dict[str, list[int]] = {}  # the furthest end so far
        for place in sorted(places, key=lambda one: (one.file, one.offset)):
            ends = self.ends.setdefault(place.file, [])
            self.starts.setdefault(place.file, []).append(place.offset)
            ends.append(max(place.end, *ends[-1:]) if ends else place.end)

    def meets(self, place: Place) -> bool:
        before = bisect.bisect_left(self.starts.get(place.file, []), place.end)
        return before > 0 and self.ends[place.file][before - 1] > place.offset


for _name in dict.fromkeys(ours for ours, _ in OURS.values()):
    rules.rule(_name)(_function(_name))
