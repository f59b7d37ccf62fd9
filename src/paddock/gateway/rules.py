"""The rules of a plan as the gateway uses them: endpoints to listen on, names to answer, where each leads."""

from __future__ import annotations

from paddock.errors import PolicyError
from paddock.frozen import frozen, replace
from paddock.gateway.addresses import LOOPBACK, MOST_NAMES, OUR_OWN, synthetic
from paddock.policy.names import canonical, is_ipv4

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from paddock.plan.model import Rule

_LOCAL_NAMES = frozenset({LOOPBACK, "localhost"})
MOST_PORTS = 1 << 16


@frozen
class Endpoint:
    """One place inside that programs connect to, and where that leads.

    `address`, `port`: listened on inside. `spoken`: what the client may call it, in TLS or HTTP. `literal`:
    it is called by an address, which needs no server name in TLS. `target`, `target_port`: what the gateway
    connects to. `named`: a person wrote this very target address or upstream, so the guard may let it be
    this host itself.
    """

    name: str
    port: int
    address: str
    spoken: frozenset[str]
    target: str
    target_port: int
    private: bool
    named: bool
    literal: bool
    rule: str  # for people: "api.example.test:443 (repository paddock.toml:12)"
    upstream: str  # as the rule has it, or empty


@frozen
class Table:
    """All endpoints, and the names that DNS answers with their synthetic addresses."""

    endpoints: tuple[Endpoint, ...]
    names: dict[str, str]


def table(rules: Iterable[Rule]) -> Table:
    """Number the names in their order and check every rule. Raises PolicyError."""
    endpoints: dict[tuple[str, int], Endpoint] = {}
    names: dict[str, str] = {}
    for rule in rules:
        endpoint = _endpoint(rule, names)
        before = endpoints.setdefault((endpoint.address, endpoint.port), endpoint)
        if not _agree(before, endpoint):
            raise PolicyError(
                f"two rules for {rule.host}:{rule.port} say different things",
                why=f"{before.rule}; {endpoint.rule}",
                next_step="keep one of them",
                code="network-rule",
            )
    return Table(tuple(endpoints.values()), names)


def _endpoint(rule: Rule, names: dict[str, str]) -> Endpoint:
    if not 0 < rule.port < MOST_PORTS:
        raise _wrong(rule, f"{rule.port} is no port")
    if ":" in rule.host:
        raise _wrong(rule, "IPv6 addresses are not available yet, only names and IPv4 addresses")
    name = rule.host if is_ipv4(rule.host) else canonical(rule.host)
    if name is None:
        raise _wrong(rule, "that is neither a host name nor an address")
    target, target_port = split_upstream(rule.upstream) if rule.upstream else (name, rule.port)
    if not target:
        raise _wrong(rule, f"the upstream {rule.upstream!r} is not HOST:PORT")
    address = _address(rule, name, names)
    is_address = is_ipv4(target) or ":" in target or target == "localhost"
    written = is_address and (rule.loopback or is_ipv4(name) or bool(rule.upstream))
    return Endpoint(
        name=name,
        port=rule.port,
        address=address,
        spoken=_LOCAL_NAMES | {name} if address == LOOPBACK else frozenset({name}),
        target=target,
        target_port=target_port,
        private=rule.private or (is_address and bool(rule.upstream)),
        # An upstream that is a name is answered by whoever runs that zone: it may be this host only when
        # the rule also says that it may be private.
        named=written or (bool(rule.upstream) and rule.private),
        literal=address == name or rule.loopback,
        rule=f"{rule.host}:{rule.port} ({rule.origin})",
        upstream=rule.upstream,
    )


def _address(rule: Rule, name: str, names: dict[str, str]) -> str:
    """Where an endpoint listens: on loopback, on the address that the rule names, or on its name's own."""
    if rule.loopback:
        return LOOPBACK
    if is_ipv4(name):
        if name.startswith(OUR_OWN):
            raise _wrong(rule, f"{name} is in the block that Paddock uses itself")
        return name
    if name not in names and len(names) == MOST_NAMES:
        raise _wrong(rule, f"more than {MOST_NAMES} names")
    return names.setdefault(name, synthetic(len(names)))


def split_upstream(text: str) -> tuple[str, int]:
    """`HOST:PORT` with a name, an IPv4 or a bracketed IPv6 address; ("", 0) when it is none of these."""
    host, colon, port = text.rpartition(":")
    if not (colon and port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < MOST_PORTS):
        return "", 0
    if host[:1] == "[" and host[-1:] == "]":
        inner = host[1:-1].lower()
        return (inner, int(port)) if ":" in inner and set(inner) <= frozenset("0123456789abcdef:.") else ("", 0)
    name = host if is_ipv4(host) else canonical(host)
    return (name, int(port)) if name else ("", 0)


def _agree(one: Endpoint, other: Endpoint) -> bool:
    return replace(one, rule="", upstream="") == replace(other, rule="", upstream="")


def _wrong(rule: Rule, why: str) -> PolicyError:
    return PolicyError(
        f"the network rule {rule.host}:{rule.port} cannot be kept",
        why=f"{why} ({rule.origin})",
        next_step="paddock policy check",
        code="network-rule",
    )
