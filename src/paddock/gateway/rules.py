"""What one rule of a plan means for one name: where its endpoint leads, and what it may be called."""

from __future__ import annotations

from paddock.errors import PolicyError
from paddock.frozen import frozen
from paddock.gateway.inside.addresses import LOOPBACK, OUR_OWN
from paddock.policy.matching import WILDCARD
from paddock.policy.names import canonical, is_ipv4

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.plan.model import Rule

_LOCAL_NAMES = frozenset({LOOPBACK, "localhost"})
_TLS = "https://"
MOST_PORTS = 1 << 16


@frozen
class Endpoint:
    """One place inside that programs connect to, and where that leads.

    `address`, `port`: listened on inside. `spoken`: what the client may call it, in TLS or HTTP. `literal`:
    it is called by an address, which needs no server name in TLS. `target`, `target_port`: what the gateway
    connects to, with TLS of its own where `tls` says so. `named`: a person wrote this very target address or
    upstream, so the guard may let it be this host itself. `terminate`: TLS of clients ends in the gateway, which
    has to read what is asked. `methods`, `paths`, `upload` and `raw` are the rule's.
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
    upstream: str  # HOST:PORT as the rule has it, or empty
    tls: bool = False
    terminate: bool = False
    methods: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    upload: int = 0
    raw: bool = False


def check(rule: Rule) -> None:
    """Refuse a rule that cannot be kept. Raises PolicyError."""
    if not 0 < rule.port < MOST_PORTS:
        raise _wrong(rule, f"{rule.port} is no port")
    if ":" in rule.host:
        raise _wrong(rule, "IPv6 addresses are not available yet, only names and IPv4 addresses")
    host = rule.host.removeprefix(WILDCARD)
    if canonical(host) is None and not is_ipv4(rule.host):
        raise _wrong(rule, "that is neither a host name nor an address")
    if rule.host.startswith(OUR_OWN) and not rule.loopback:
        raise _wrong(rule, f"{rule.host} is in the block that Paddock uses itself")
    if rule.upstream and not split_upstream(rule.upstream)[0]:
        raise _wrong(rule, f"the upstream {rule.upstream!r} is not HOST:PORT")
    if rule.raw and (rule.methods or rule.paths):
        raise _wrong(rule, "what is raw is not read, so it has no methods and paths")
    if rule.upstream and host != rule.host:
        raise _wrong(rule, "a wildcard has no upstream of its own")


def endpoint(rule: Rule, name: str, address: str, *, terminate: bool = False) -> Endpoint:
    """The endpoint of a name, at its address inside, under a rule that `check` has passed."""
    target, target_port = split_upstream(rule.upstream) if rule.upstream else (name, rule.port)
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
        rule=shown(rule),
        upstream=rule.upstream.removeprefix(_TLS),
        tls=rule.upstream.startswith(_TLS),
        # Inside, loopback is spoken to without TLS: there is nothing to end.
        terminate=(terminate or bool(rule.methods or rule.paths)) and not rule.loopback,
        methods=rule.methods,
        paths=rule.paths,
        upload=rule.upload,
        raw=rule.raw,
    )


def shown(rule: Rule) -> str:
    """A rule for people, with who wrote it."""
    return f"{rule.host}:{rule.port} ({rule.origin})"


def split_upstream(text: str) -> tuple[str, int]:
    """`HOST:PORT` with a name, an IPv4 or a bracketed IPv6 address; ("", 0) when it is none of these.

    `https://` before it says that TLS is spoken there.
    """
    host, colon, port = text.removeprefix(_TLS).rpartition(":")
    if not (colon and port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < MOST_PORTS):
        return "", 0
    if host[:1] == "[" and host[-1:] == "]":
        inner = host[1:-1].lower()
        return (inner, int(port)) if ":" in inner and set(inner) <= frozenset("0123456789abcdef:.") else ("", 0)
    name = host if is_ipv4(host) else canonical(host)
    return (name, int(port)) if name else ("", 0)


def _wrong(rule: Rule, why: str) -> PolicyError:
    return PolicyError(
        f"the network rule {rule.host}:{rule.port} cannot be kept",
        why=f"{why} ({rule.origin})",
        next_step="paddock policy check",
        code="network-rule",
    )
