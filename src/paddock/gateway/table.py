"""What may be reached now: the plan's rules, what was granted and withdrawn since, the names that were asked for.

The one place that decides, and it is asked twice: when a name is looked up, and again when a connection arrives,
since what was allowed may have been withdrawn in between.
"""

from __future__ import annotations

from paddock.errors import PolicyError
from paddock.frozen import frozen, replace
from paddock.gateway import rules
from paddock.gateway.inside.addresses import INTERNAL, INTERNAL_NAME, INTERNAL_PORT, LOOPBACK, MOST_NAMES, synthetic
from paddock.plan import labels, matching
from paddock.plan.model import Denied, Rule
from paddock.policy.matching import WILDCARD, below, fits, is_wildcard, takes_in
from paddock.policy.model import BUILT_IN
from paddock.policy.names import canonical, is_ipv4

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from paddock.gateway.rules import Endpoint
    from paddock.plan.model import Bound, Network

    Place = tuple[str, int]

# Different names under one wildcard: whoever looks up more is telling something with them (threat E3).
MOST_UNDER_WILDCARD = 256


@frozen
class Asked:
    """The answer to a lookup: an address, or why there is none. `new`: places that must be listened on first.

    `told` is what the record says instead of the name, where that must not be written down.
    """

    address: str = ""
    reason: str = ""
    new: tuple[Place, ...] = ()
    told: str = ""


@frozen
class Arrived:
    """What a connection has come to; `reason` is empty where it may go on."""

    endpoint: Endpoint | None
    reason: str = ""


@frozen
class Grant:
    """A rule or a denial that somebody added while the sandbox ran. `until` is wall-clock time, None for its end."""

    what: Rule | Denied
    author: str
    why: str
    until: float | None


class Table:
    """The rules of one sandbox. `clock` is wall-clock time in seconds."""

    def __init__(self, network: Network, bound: Iterable[Bound] = (), clock: Callable[[], float] | None = None) -> None:
        """Raises PolicyError for rules that cannot be kept."""
        for rule in network.rules:
            rules.check(rule)
        self.grants: tuple[Grant, ...] = ()
        self._plan = self._network = _canonical(network)
        self._bound = tuple(bound)
        self._refuse_raw_with_credentials(self._plan)
        self._clock = clock or (lambda: 0.0)
        self._names: dict[str, str] = {INTERNAL_NAME: INTERNAL}
        self._under: dict[str, int] = {}  # how many names each wildcard has brought
        self._by_address: dict[str, str] = {INTERNAL: INTERNAL_NAME}
        self._listening: set[Place] = set()
        # What the rules come to, for as long as they stay as they are. A sandbox cannot make these grow: they are about
        # names that have an address, and places where somebody listens.
        self._known_ports: dict[str, tuple[int, ...]] = {}
        self._known_arrivals: dict[Place, Arrived] = {}
        self._refuse_contradictions()

    @property
    def network(self) -> Network:
        """The plan's network, with what was added and without what has run out."""
        now = self._clock()
        if any(grant.until is not None and grant.until <= now for grant in self.grants):
            self._set_grants(tuple(grant for grant in self.grants if grant.until is None or grant.until > now))
        return self._network

    def next_end(self) -> float | None:
        """When the next grant runs out."""
        return min((grant.until for grant in self.grants if grant.until is not None), default=None)

    def claimed(self) -> tuple[str, ...]:
        """Addresses that rules name, which are not of our block."""
        return tuple(sorted({rule.host for rule in self.network.rules if is_ipv4(rule.host) and not rule.loopback}))

    def open(self) -> tuple[Place, ...]:
        """The places of rules that name a host exactly, as far as nobody listens there yet."""
        places: list[Place] = [(INTERNAL, INTERNAL_PORT)]
        for rule in self.network.rules:
            if rule.loopback:
                places.append((LOOPBACK, rule.port))
            elif is_ipv4(rule.host):
                places.append((rule.host, rule.port))
            elif not is_wildcard(rule.host):
                self._number(rule.host)
        for name, address in self._names.items():
            places += [(address, port) for port in self._ports(name)]
        return self._not_yet_listening(places)

    def asked(self, name: str) -> Asked:
        """A program has looked a name up."""
        if name == INTERNAL_NAME:
            return Asked(INTERNAL)
        ports = self._ports(name)
        if not ports:
            is_denied = any(fits(denied.host, name) for denied in self.network.denied)
            return Asked(reason="denied" if is_denied else "not-allowed")
        if name not in self._names:
            reason = self._first_time(name, ports)
            if reason:
                return Asked(reason=reason)
        address = self._names[name]
        return Asked(address, new=self._not_yet_listening((address, port) for port in ports))

    def arrived(self, address: str, port: int) -> Arrived:
        """A connection has come to a place inside."""
        network, place = self.network, (address, port)  # which forgets what is known when a grant has run out
        arrived = self._known_arrivals.get(place)
        if arrived is None:
            arrived = self._judged(network, address, port)
            if place in self._listening:
                self._known_arrivals[place] = arrived
        return arrived

    def _judged(self, network: Network, address: str, port: int) -> Arrived:
        for rule in network.rules:
            if rule.port == port and address == (LOOPBACK if rule.loopback else rule.host):
                return self._without_a_name(rule, address)
        name = self._by_address.get(address, "")
        verdict = matching.decide(network, name, port) if name else None
        if isinstance(verdict, Rule):
            bound = any(one.port == port and fits(one.host, name) for one in self._bound)
            return Arrived(rules.endpoint(verdict, name, address, terminate=bound))
        if name == INTERNAL_NAME and port == INTERNAL_PORT:
            return Arrived(rules.endpoint(Rule(name, port, BUILT_IN), name, address))
        if name and name != INTERNAL_NAME:
            # For the record and the refusal: what it would have been.
            origin = verdict.origin if verdict else network.origin
            nothing = rules.endpoint(Rule(name, port, origin), name, address)
            return Arrived(nothing, "denied" if verdict else "not-allowed")
        return Arrived(None, "no-endpoint")

    def _without_a_name(self, rule: Rule, address: str) -> Arrived:
        """What leads to an address, or from loopback to the place that a rule names: a denial of either holds."""
        places = ((rule.host, rule.port), matching.destination(rule))
        denied = any(matching.denial(self.network, *place) for place in places)
        bound = any(one.port == rule.port and one.host == rule.host for one in self._bound)
        return Arrived(rules.endpoint(rule, rule.host, address, terminate=bound), "denied" if denied else "")

    def forget_listening(self, places: Iterable[Place]) -> None:
        """These could not be listened on."""
        self._listening.difference_update(places)

    def add(self, grant: Grant) -> None:
        """Grant or withdraw. A later word about the same place replaces an earlier one. Raises PolicyError."""
        if isinstance(grant.what, Rule):
            rules.check(grant.what)
            self._refuse_raw_with_credentials(replace(self._plan, rules=(*self._plan.rules, grant.what)))
        place = (grant.what.host, grant.what.port)
        kept = tuple(one for one in self.grants if (one.what.host, one.what.port) != place)
        self._set_grants((*kept, grant))

    def _set_grants(self, grants: tuple[Grant, ...]) -> None:
        self.grants = grants
        self._known_ports.clear()
        self._known_arrivals.clear()
        added = [grant.what for grant in grants]
        self._network = replace(
            self._plan,
            rules=(*self._plan.rules, *(one for one in added if isinstance(one, Rule))),
            denied=(*self._plan.denied, *(one for one in added if isinstance(one, Denied))),
        )

    def _ports(self, name: str) -> tuple[int, ...]:
        network = self.network
        if name in self._known_ports:
            return self._known_ports[name]
        fitting = {rule.port for rule in network.rules if fits(rule.host, name)}
        ports = tuple(sorted(port for port in fitting if isinstance(matching.decide(network, name, port), Rule)))
        if name in self._names:
            self._known_ports[name] = ports
        return ports

    def _first_time(self, name: str, ports: tuple[int, ...]) -> str:
        """Give a name its address, or the reason why not."""
        verdict = matching.decide(self.network, name, ports[0])
        if isinstance(verdict, Rule) and is_wildcard(verdict.host):
            if labels.is_data_like(below(verdict.host, name)):
                return "name-like-data"
            if self._under.get(verdict.host, 0) >= MOST_UNDER_WILDCARD:
                return "too-many-under-wildcard"
            self._under[verdict.host] = self._under.get(verdict.host, 0) + 1
        return "" if self._number(name) else "too-many-names"

    def _number(self, name: str) -> bool:
        """Let a name have an address: its own, for the life of the sandbox, since clients remember."""
        if name not in self._names:
            if len(self._names) > MOST_NAMES:
                return False
            address = self._names[name] = synthetic(len(self._names) - 1)
            self._by_address[address] = name
        return True

    def _not_yet_listening(self, places: Iterable[Place]) -> tuple[Place, ...]:
        new = tuple(dict.fromkeys(place for place in places if place not in self._listening))
        self._listening.update(new)
        return new

    def _refuse_raw_with_credentials(self, network: Network) -> None:
        """Nobody would look for the placeholder, nor for the secret."""
        for rule in network.rules:
            if rule.raw and any(_decides_about(rule, one, network) for one in self._bound):
                raise PolicyError(
                    f"{rules.shown(rule)} is raw, and a credential is bound to it",
                    why="the gateway must read what it puts a credential into",
                    next_step="take raw away, or the binding",
                    code="network-rule",
                )

    def _refuse_contradictions(self) -> None:
        """Two rules for one place that lead to different ones: neither can be meant."""
        found: dict[Place, Rule] = {}
        for rule in self._plan.rules:
            before = found.setdefault((LOOPBACK if rule.loopback else rule.host, rule.port), rule)
            if replace(before, origin=rule.origin) != rule:
                raise PolicyError(
                    f"two rules for {rule.host}:{rule.port} say different things",
                    why=f"{rules.shown(before)}; {rules.shown(rule)}",
                    next_step="keep one of them",
                    code="network-rule",
                )
        if sum(1 for host, _ in found if not is_ipv4(host)) > MOST_NAMES:
            raise PolicyError(f"more than {MOST_NAMES} names are allowed", next_step="allow fewer", code="network-rule")


def _decides_about(rule: Rule, bound: Bound, network: Network) -> bool:
    """Whether a rule decides about what a credential is bound to, as far as one can tell before names are known."""
    if rule.port != bound.port:
        return False
    if takes_in(bound.host, rule.host):
        return True
    return takes_in(rule.host, bound.host) and matching.decide(network, bound.host, bound.port) == rule


def _canonical(network: Network) -> Network:
    """The same with every host in its one spelling."""
    return replace(network, rules=tuple(replace(rule, host=_host(rule.host)) for rule in network.rules))


def _host(host: str) -> str:
    if is_ipv4(host):
        return host
    wildcard = WILDCARD if is_wildcard(host) else ""
    return wildcard + (canonical(host.removeprefix(WILDCARD)) or "")
