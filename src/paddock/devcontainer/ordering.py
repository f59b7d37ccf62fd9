"""In which order Features are installed: `dependsOn`, `installsAfter`, `overrideFeatureInstallOrder`.

The algorithm is the specification's ("Features", section "Installation order"): a graph of hard dependencies, which are
added with their options, and of soft ones, which only order what is there anyway; then rounds, each of the Features
whose dependencies are installed, of which those with the highest priority go, sorted (`collation`, `alike`).
"""

from __future__ import annotations

from collections import deque
from functools import cmp_to_key

from paddock.devcontainer import references
from paddock.devcontainer.alike import Installation, compare, is_of, resources
from paddock.errors import Refused
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from paddock.devcontainer.alike import Facts
    from paddock.devcontainer.model import FeatureUse, Text
    from paddock.devcontainer.references import Reference
    from paddock.devcontainer.source import Source

    FactsOf = Callable[[Reference], Facts]

MOST = 500  # Features; each comes from a file that was read, and each file may name as many again
MOST_LINKS = 5000
CYCLE = "feature-cycle"


@frozen
class Link:
    """What one installation waits for: all that are in `by`, one of which is enough where the link is soft."""

    by: tuple[int, ...]
    soft: bool
    reference: str
    origin: Source


@frozen
class Waiting:
    """An installation with what it waits for, and how early it may go."""

    installation: Installation
    links: tuple[Link, ...]
    priority: int

    def ready(self, done: set[int]) -> bool:
        """Whether everything that it waits for is installed."""
        return all(not done.isdisjoint(link.by) for link in self.links)


def order(uses: Sequence[FeatureUse], override: Sequence[Text], facts_of: FactsOf) -> tuple[Installation, ...]:
    """All installations in their order, those that others depend on included.

    Raises Refused when there is a circle, with each link of it and its place, and when there are more than `MOST`.
    """
    steps = _graph(uses, facts_of)
    ranks = [(references.parse(one.value), len(override) - at) for at, one in enumerate(override)]
    places = {step.key: at for at, step in enumerate(steps)}
    installed: dict[tuple[str, str], list[int]] = {}
    for at, step in enumerate(steps):
        installed.setdefault((step.reference.kind, step.reference.resource), []).append(at)
    left = {at: _waiting(step, places, installed, ranks, facts_of) for at, step in enumerate(steps)}
    done: set[int] = set()
    ordered: list[Installation] = []
    while left:
        ready = [at for at, one in left.items() if one.ready(done)]
        if not ready:
            raise _circle(left, done)
        highest = max(left[at].priority for at in ready)
        going = [at for at in ready if left[at].priority == highest]
        ordered.extend(sorted((left.pop(at).installation for at in going), key=cmp_to_key(compare)))
        done.update(going)
    return tuple(ordered)


def _graph(uses: Sequence[FeatureUse], facts_of: FactsOf) -> list[Installation]:
    """The Features that are asked for, and breadth first what they depend on, each with its options once."""
    left = deque(uses)
    found: dict[object, Installation] = {}
    links = 0
    while left:
        step = _installation(left.popleft(), facts_of)
        links += 1
        if step.key in found:
            continue
        if len(found) >= MOST or links + len(left) > MOST_LINKS:
            raise _too_many(step)
        found[step.key] = step
        left.extend(step.facts.depends_on)
    return list(found.values())


def _too_many(step: Installation) -> Refused:
    return Refused(
        f"the configuration comes to more than {MOST} Features, or {MOST_LINKS} that they depend on",
        why=f"{step.use.origin.where} adds {step.use.reference}, after which counting stopped",
        next_step="remove Features, or what they depend on, from the configuration",
    )


def _installation(use: FeatureUse, facts_of: FactsOf) -> Installation:
    reference = references.parse(use.reference)
    return Installation(use, reference, facts_of(reference))


def _waiting(
    step: Installation,
    places: Mapping[object, int],
    installed: Mapping[tuple[str, str], Sequence[int]],
    ranks: Sequence[tuple[Reference, int]],
    facts_of: FactsOf,
) -> Waiting:
    links = [
        Link((places[_installation(use, facts_of).key],), soft=False, reference=use.reference, origin=use.origin)
        for use in step.facts.depends_on
    ]
    for text in step.facts.installs_after:
        wanted = references.parse(text.value)
        aliases = facts_of(wanted).aliases
        there = tuple(sorted(at for one in resources(wanted, aliases) for at in installed.get((wanted.kind, one), ())))
        if there:  # what is not installed anyway orders nothing
            links.append(Link(there, soft=True, reference=text.value, origin=text.origin))
    # The first of the list has the highest priority, what is not in it none.
    priority = max((rank for wanted, rank in ranks if is_of(step.reference, wanted)), default=0)
    return Waiting(step, tuple(links), priority)


def _circle(left: dict[int, Waiting], done: set[int]) -> Refused:
    """Every one that is left waits for another of them: who follows that comes round."""
    at, way = next(iter(left)), dict[int, Link]()
    while at not in way:
        link = next(one for one in left[at].links if done.isdisjoint(one.by))
        way[at] = link
        at = link.by[0]
    numbers = list(way)
    circle = numbers[numbers.index(at) :]
    names = [left[one].installation.use.reference for one in circle]
    links = [
        f"{link.origin.where}: {name} {'installs after' if link.soft else 'depends on'} {link.reference}"
        for name, link in zip(names, (way[one] for one in circle), strict=True)
    ]
    return Refused(
        f"Features wait for each other in a circle: {' → '.join([*names, names[0]])}",
        why="; ".join(links),
        next_step="take one of these links away",
        code=CYCLE,
    )
