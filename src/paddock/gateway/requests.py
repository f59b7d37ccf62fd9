"""Judge the head of one HTTP request, without I/O: strict bytes first, then h11, then the rule.

What passes is what h11 parsed *and* has no shape that two servers could read differently (RFC 9112 §11.2,
request smuggling): the gateway never forwards the client's bytes, it writes the request anew.
"""

from __future__ import annotations

from paddock.frozen import frozen
from paddock.policy.names import canonical_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    import h11

    from paddock.gateway.rules import Endpoint

LONGEST_HEAD = 32 * 1024
LONGEST_METHOD = 20
END = b"\r\n\r\n"

# RFC 9110 §7.6.1, and what older clients send. Upgrade is refused, Transfer-Encoding is written anew.
_HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"proxy-authorization", b"te", b"trailer", b"upgrade"}
)
# A Connection header cannot make these disappear: they say where a message goes and where it ends.
_NEVER_DROPPED = frozenset({b"host", b"content-length", b"transfer-encoding"})
_METHOD_LETTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_CONTROLS = frozenset([*range(0x20), 0x7F]) - frozenset(b"\t\r\n")


class BadRequest(Exception):
    """The request is refused; `reason` is a code of `paddock.gateway.reasons`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@frozen
class Request:
    """A request as it goes to the upstream: origin-form target, headers without those for one hop."""

    method: bytes
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...]


def looks_like_http(data: bytes) -> bool | None:
    """Whether first bytes begin a request line: letters, a space, and a version where the line is complete.

    None while that is open.
    """
    method, space, _ = data[: LONGEST_METHOD + 1].partition(b" ")
    if not method or not set(method) <= _METHOD_LETTERS:
        return False
    line, end, _ = data.partition(b"\n")
    if end and b" HTTP/" not in line:
        return False
    return True if space else (None if len(method) <= LONGEST_METHOD else False)


def check_bytes(head: bytes) -> None:
    """Refuse what h11, or a server, would read with good will. `head` ends with the empty line."""
    lines = head.removesuffix(END).split(b"\r\n")
    if lines[0].endswith(b"HTTP/2.0"):
        raise BadRequest("http-version")
    if any(b"\n" in line or b"\r" in line or _CONTROLS & set(line) for line in lines):
        raise BadRequest("http-malformed")
    if any(line[:1] in (b" ", b"\t") for line in lines):
        raise BadRequest("http-folded")


def check(event: h11.Request, endpoint: Endpoint) -> Request:
    """What goes upstream for a request that h11 has parsed. Raises BadRequest."""
    headers = list(event.headers)
    names = [name for name, _ in headers]
    if event.http_version not in (b"1.0", b"1.1"):
        raise BadRequest("http-version")
    if event.method in (b"CONNECT", b"TRACE"):
        raise BadRequest("http-method")
    if b"upgrade" in names:
        raise BadRequest("http-upgrade")
    if b"transfer-encoding" in names:
        if b"content-length" in names:
            raise BadRequest("http-both-lengths")
        if event.http_version == b"1.0":
            raise BadRequest("http-malformed")
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) != 1:
        raise BadRequest("http-no-host")
    if not _is_spoken(hosts[0], endpoint):
        raise BadRequest("http-other-host")
    target = _origin_form(event.method, event.target, endpoint)
    dropped = (_HOP_BY_HOP | _nominated(headers)) - _NEVER_DROPPED
    kept = [(raw, value) for raw, value in event.headers.raw_items() if raw.lower() not in dropped]
    authority = _authority(hosts[0], endpoint)
    return Request(
        bytes(event.method),
        target,
        tuple((raw, authority if raw.lower() == b"host" else value) for raw, value in kept),
    )


def without_hops(event: h11.Response | h11.InformationalResponse | h11.EndOfMessage) -> list[tuple[bytes, bytes]]:
    """A response's headers without those that are for one hop only."""
    dropped = (_HOP_BY_HOP | _nominated(list(event.headers))) - _NEVER_DROPPED
    return [(raw, value) for raw, value in event.headers.raw_items() if raw.lower() not in dropped]


def trailers(event: h11.EndOfMessage) -> list[tuple[bytes, bytes]]:
    """A response's trailers without what must not come so late (RFC 9110 §6.5.1)."""
    return [(raw, value) for raw, value in without_hops(event) if raw.lower() not in _NEVER_DROPPED]


def _nominated(headers: list[tuple[bytes, bytes]]) -> frozenset[bytes]:
    values = (value for name, value in headers if name == b"connection")
    return frozenset(word.strip().lower() for value in values for word in value.split(b","))


def _is_spoken(authority: bytes, endpoint: Endpoint) -> bool:
    """Whether `host[:port]` is this endpoint."""
    host, colon, port = authority.partition(b":")
    if colon and not (port.isdigit() and len(port) <= 5 and int(port) == endpoint.port):
        return False
    name = canonical_bytes(host)
    if name is None and endpoint.literal and host.isascii():
        name = host.decode("ascii")  # 127.0.0.1 is no name, but may be what this endpoint is called
    return name in endpoint.spoken


def _origin_form(method: bytes, target: bytes, endpoint: Endpoint) -> bytes:
    if target == b"*" and method == b"OPTIONS":
        return target
    if target[:7].lower() == b"http://":
        authority, slash, rest = target[7:].partition(b"/")
        authority, question, query = authority.partition(b"?")
        if not _is_spoken(authority, endpoint):
            raise BadRequest("http-target")
        target = b"/" + question + query + slash + rest if question else b"/" + rest
    if target[:1] != b"/" or b"#" in target:
        raise BadRequest("http-target")
    return target


def _authority(host: bytes, endpoint: Endpoint) -> bytes:
    """The Host header for the upstream: the rule's name, or the upstream behind an endpoint that is an address."""
    if endpoint.literal and endpoint.upstream:
        return endpoint.upstream.removesuffix(":80").encode("ascii")
    name, colon, port = host.partition(b":")
    return name.lower().removesuffix(b".") + colon + port
