"""Judge the head of one HTTP request, without I/O: its form (`heads`), how its body is framed, then the rule.

What passes has no shape that two servers could read differently (RFC 9112 §11.2, request smuggling): the gateway
never forwards the client's bytes, it writes the request anew.
"""

from __future__ import annotations

import re

from paddock.frozen import frozen
from paddock.gateway.http import bodies, heads
from paddock.policy.names import canonical_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from paddock.gateway.http.bodies import Framing
    from paddock.gateway.http.heads import Fields
    from paddock.gateway.rules import Endpoint

# RFC 9110 §7.6.1, and what older clients send. Transfer-Encoding is written anew.
_HOP_BY_HOP = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-connection", b"proxy-authorization", b"te", b"trailer", b"upgrade"),
        b"http2-settings",
    }
)
# A Connection header cannot make these disappear: they say where a message goes and where it ends.
_NEVER_DROPPED = frozenset({b"host", b"content-length", b"transfer-encoding"})
_METHOD_LETTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
# Java's client offers this with every first request to a server that it does not know. The offer is dropped like
# everything between two hops, the answer comes in HTTP/1.1, and the client is content (RFC 9110 §7.8).
_IGNORED_UPGRADE = b"h2c"
_VERSION = re.compile(rb"[^\r\n]*HTTP/([0-9]\.[0-9])\r\n")
_MOST_REMEMBERED = 4096  # for each connection
_FOLDED = re.compile(rb"\r\n[ \t]")


class BadRequest(Exception):
    """The request is refused; `reason` is a code of `paddock.gateway.reasons`, `credential` names one it is about."""

    def __init__(self, reason: str, credential: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.credential = credential


@frozen
class Request:
    """A request as it goes to the upstream: origin-form target, headers without those for one hop."""

    method: bytes
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...]


@frozen
class _Judged:
    """What a block of fields came to."""

    version: bytes
    block: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    framing: Framing
    keeps: bool


class Judge:
    """Judges the requests that come over one connection.

    Of the last one these stay: `framing` of its body, `is_modern` (HTTP/1.1), and `keeps`: the client wants to use
    the connection again.
    """

    framing = 0
    is_modern = keeps = True

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        # Clients repeat all fields of their last request, but for a body's length: judged once, they stay judged.
        self._last = _Judged(b"", b"", (), 0, keeps=False)

    def judge(self, head: bytes) -> Request:
        """What goes upstream for a whole head. Raises BadRequest."""
        try:
            method, target, version, block = heads.request(head)
        except heads.BadHead as error:
            raise BadRequest(_why(head)) from error
        if method in (b"CONNECT", b"TRACE"):
            raise BadRequest("http-method")
        last = self._last
        if block != last.block or version != last.version:
            last = self._fields(version, block)
            if len(block) <= _MOST_REMEMBERED:
                self._last = last
        self.framing, self.keeps, self.is_modern = last.framing, last.keeps, version == b"1.1"
        if target[:1] != b"/" or b"#" in target:
            target = _origin_form(method, target, self._endpoint)
        return Request(method, target, last.headers)

    def _fields(self, version: bytes, block: bytes) -> _Judged:
        given: dict[bytes, list[bytes]] = {}
        fields = heads.fields(block)
        for name, value in fields:
            given.setdefault(name.lower(), []).append(value)
        if any(value.lower() != _IGNORED_UPGRADE for value in given.get(b"upgrade", ())):
            raise BadRequest("http-upgrade")
        framing = _framing(given, version)
        hosts = given.get(b"host", ())
        if len(hosts) != 1:
            raise BadRequest("http-no-host")
        if not _is_spoken(hosts[0], self._endpoint):
            raise BadRequest("http-other-host")
        words = _words(given.get(b"connection", ()))
        dropped = (_HOP_BY_HOP | words) - _NEVER_DROPPED
        authority = _authority(hosts[0], self._endpoint)
        kept = tuple(
            (name, authority if name.lower() == b"host" else value)
            for name, value in fields
            if name.lower() not in dropped
        )
        return _Judged(version, block, kept, framing, keeps=version == b"1.1" and b"close" not in words)


def write(request: Request) -> bytes:
    """A judged request's head on the wire."""
    return heads.write(b"%s %s HTTP/1.1" % (request.method, request.target), request.headers)


def awaits_go_ahead(request: Request) -> bool:
    """Whether the client sends its body only after an interim answer (RFC 9110 §10.1.1)."""
    return any(name.lower() == b"expect" and value.lower() == b"100-continue" for name, value in request.headers)


def is_git(request: Request) -> bool:
    """Whether git asks, which shows its user plain text only."""
    return any(name.lower() == b"user-agent" and value.startswith(b"git/") for name, value in request.headers)


def without_expectation(request: Request) -> Request:
    """The request of a client that needs no go-ahead any more."""
    kept = tuple(field for field in request.headers if field[0].lower() != b"expect")
    return Request(request.method, request.target, kept)


def check_rewritten(request: Request, framing: Framing) -> None:
    """Check a request that a gate has changed: nothing in it may become another message. Raises BadRequest."""
    given: dict[bytes, list[bytes]] = {}
    for name, value in request.headers:
        given.setdefault(name.lower(), []).append(value)
    try:
        heads.check(request.headers)
        heads.request(write(request))
    except heads.BadHead as error:
        raise BadRequest("http-malformed") from error
    if _framing(given, b"1.1") != framing or len(given.get(b"host", ())) != 1:
        raise BadRequest("http-malformed")


def looks_like_http(data: bytes) -> bool | None:
    """Whether first bytes begin a request line: letters, a space, and a version where the line is complete.

    None while that is open.
    """
    method, space, _ = data[: heads.LONGEST_METHOD + 1].partition(b" ")
    if not method or not set(method) <= _METHOD_LETTERS:
        return False
    line, end, _ = data.partition(b"\n")
    if end and b" HTTP/" not in line:
        return False
    return True if space else (None if len(method) <= heads.LONGEST_METHOD else False)


def without_hops(fields: Fields, *more: bytes) -> Fields:
    """A response's fields without those that are for one hop only, and without `more`."""
    words = _words(value for name, value in fields if name.lower() == b"connection")
    dropped = ((_HOP_BY_HOP | words) - _NEVER_DROPPED).union(more)
    return [(name, value) for name, value in fields if name.lower() not in dropped]


def _words(values: Iterable[bytes]) -> frozenset[bytes]:
    return frozenset(word.strip().lower() for value in values for word in value.split(b","))


def _framing(given: dict[bytes, list[bytes]], version: bytes) -> Framing:
    lengths, codings = given.get(b"content-length", []), given.get(b"transfer-encoding", [])
    if lengths and codings:
        raise BadRequest("http-both-lengths")
    try:
        framing = bodies.framing(lengths, codings)
    except bodies.BadBody as error:
        raise BadRequest("http-malformed") from error
    if framing == bodies.CHUNKED and version == b"1.0":
        raise BadRequest("http-malformed")
    return framing or 0


def _why(head: bytes) -> str:
    version = _VERSION.match(head)
    if version and version[1] not in (b"1.0", b"1.1"):
        return "http-version"
    return "http-folded" if _FOLDED.search(head, 0, len(head) - len(heads.END)) else "http-malformed"


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
        return endpoint.upstream.removesuffix(":443" if endpoint.tls else ":80").encode("ascii")
    name, colon, port = host.partition(b":")
    return name.lower().removesuffix(b".") + (b":%d" % int(port) if colon else b"")
