"""The gate that knows rules and credentials: what may be asked, with which secret, and what must not go out.

Where a request goes is decided by the endpoint that it came to, never by what it says of itself. A credential that is
bound there takes the place of whatever the client sent to prove who it is; everything else of the request is searched
for secrets, placeholders and canaries. Threats C1 to C3, E13, E15.
"""

from __future__ import annotations

from paddock.credentials.brokered import parts
from paddock.gateway.gate import Gate
from paddock.gateway.http.requests import BadRequest, Request
from paddock.gateway.inside.addresses import LOOPBACK
from paddock.gateway.secrets import inflating, proofs, sigv4, swapping
from paddock.gateway.secrets.leaks import Needles, Search
from paddock.gateway.secrets.reflecting import Reflected
from paddock.plan.matching import allows_request
from paddock.policy.names import is_ipv4

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from paddock.credentials.brokered import Brokered
    from paddock.gateway.budget import Uploads
    from paddock.gateway.connection import Talk
    from paddock.gateway.gate import Headers
    from paddock.gateway.rules import Endpoint
    from paddock.gateway.secrets.custody import Custody
    from paddock.gateway.secrets.leaks import Needle


MOST_KEPT = 8 << 20  # bytes of a body that a signature is over
MOST_KEPT_IN_ALL = 64 << 20
# With these only a part of an answer comes, or one that cannot be read here: a secret could come back in pieces.
_UNREADABLE = frozenset({b"accept-encoding", b"range", b"if-range"})
# With these a client asks some servers for another method or path than those of its request line: Symfony, IIS and
# Rails' Rack know them, Google's services too. In CGI's spelling (RFC 3875 §4.1.18) `_` and `-` are one.
_STEERING = frozenset(
    {b"x-http-method-override", b"x-http-method", b"x-method-override", b"x-original-url", b"x-rewrite-url"}
)
_REASONS = {"secret": "secret-outgoing", "placeholder": "placeholder-elsewhere", "canary": "canary-used"}


def may_carry(endpoint: Endpoint, *, is_secure: bool) -> bool:
    """Whether what is sent to an endpoint stays unread on its way, or goes where the person's own variable leads."""
    if is_secure or endpoint.tls:
        return True
    target = endpoint.target
    at_home = target in ("localhost", "::1") or (is_ipv4(target) and target.startswith("127."))
    return bool(endpoint.upstream) and endpoint.named if at_home else endpoint.private and endpoint.address == LOOPBACK


def gate_for(talk: Talk) -> Gate:
    """The gate of one connection. Most sandboxes have no secret, most rules no bound: then there is little to judge.

    What is looked for is there from the start: a renewal brings a new secret for a credential, never a credential.
    """
    custody: Custody = talk.engine.custody
    if custody.brokered or custody.needles or talk.endpoint.methods or talk.endpoint.paths:
        return Broker(talk)
    return Meter(talk.endpoint, custody.uploads)


class Meter(Gate):
    """Counts what goes out, and stops it where the rule's budget ends."""

    def __init__(self, endpoint: Endpoint, uploads: Uploads) -> None:
        self._endpoint = endpoint
        self._uploads = uploads

    def request(self, request: Request, body: bytes = b"") -> Request:
        """Count its head. Raises BadRequest."""
        del body
        self._count(len(request.target) + sum([len(name) + len(value) + 4 for name, value in request.headers]))
        return request

    def body(self, data: bytes) -> bytes:
        """Count a piece of its body. Raises BadRequest."""
        self._count(len(data))
        return data

    def _count(self, sent: int) -> None:
        if not self._uploads.spend(self._endpoint, sent):
            raise BadRequest("upload-spent")


class Broker(Gate):
    """Judges the requests of one connection, one after the other."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._endpoint = talk.endpoint
        self._custody: Custody = talk.engine.custody
        self._meter = Meter(talk.endpoint, self._custody.uploads)
        self._may_carry = may_carry(talk.endpoint, is_secure=talk.is_secure)
        self._bound: tuple[Brokered, ...] = ()
        self._search: Search | None = None
        self._inside: inflating.Plain | inflating.Inflater = inflating.Plain()
        self._held = b""
        self._echoes: tuple[swapping.Pair, ...] = ()
        self._scrub: swapping.Swap | Reflected = swapping.Swap(())
        self.bytes_kept = 0  # of a body that waits for its end

    def needs_body(self, request: Request) -> bool:
        """Whether a request can be written only when its whole body is there: a signature is over both."""
        if not self._may_carry:
            return False
        bound = self._custody.bound(self._endpoint, request.method, request.target)
        return any(proofs.is_signing(one) for one in bound) and sigv4.needs_body(request)

    def keep(self, count: int) -> None:
        """So many more bytes of a body are kept. Raises BadRequest where that is too much."""
        self.bytes_kept += count
        in_all = sum(talk.gate.bytes_kept for talk in self._talk.engine.talks)
        if self.bytes_kept > MOST_KEPT or in_all > MOST_KEPT_IN_ALL:
            raise BadRequest("body-long")

    def request(self, request: Request, body: bytes = b"") -> Request:
        """The request as it may go out. Raises BadRequest."""
        self.bytes_kept = 0
        if not allows_request(self._endpoint, request.method, request.target):
            raise BadRequest("rule-request")
        needles = self._custody.needles
        self._bound = self._custody.bound(self._endpoint, request.method, request.target)
        if _is_steered(request) and self._is_bounded():
            raise BadRequest("http-steered")
        self._search, self._held, self._inside = None, b"", inflating.Plain()
        if needles:
            self._search = Search(needles)
            self._inside = inflating.reader(_values(request.headers, b"content-encoding"))
        self._echoes = tuple(pair for one in self._bound for pair in proofs.echoes(one))
        passed = self._identified(request, body) if self._bound else self._searched(request)
        return self._meter.request(passed)

    def body(self, data: bytes) -> bytes:
        """The next bytes of its body that may go out. Raises BadRequest."""
        if self._search is not None:
            self._judge(self._search.feed(self._inside.feed(data)), in_body=True)
            # What may be the beginning of a secret waits until it is known to be none.
            data = self._held + data
            sure = max(0, len(data) - self._custody.needles.reach)
            data, self._held = data[:sure], data[sure:]
        return self._meter.body(data)

    def body_end(self) -> bytes:
        """What was kept of the body. Raises BadRequest."""
        self._inside.end()
        data, self._held = self._held, b""
        return self._meter.body(data)

    def response(self, status: int, headers: Headers) -> Headers:
        """The headers of the answer, without the secrets that were sent."""
        del status
        encodings = _values(headers, b"content-encoding")
        self._scrub = swapping.Swap(self._echoes)
        if self._echoes and {value.strip().lower() for value in encodings} - {b"identity"}:
            self._scrub = Reflected(encodings, Needles(self._own_secrets()))
        return self.fields(headers)

    def fields(self, fields: Headers) -> Headers:
        """Other fields of the answer, without the secrets that were sent."""
        return [(name, _replaced(value, self._echoes)) for name, value in fields] if self._echoes else fields

    def response_body(self, data: bytes) -> bytes:
        """The next bytes of the answer's body that may come in. Raises BadRequest."""
        return self._scrub.feed(data)

    def response_end(self) -> bytes:
        """What was kept of the answer's body."""
        return self._scrub.end()

    def _own_secrets(self) -> list[Needle]:
        own = {one.credential.name for one in self._bound}
        return [needle for needle in self._custody.needles.all if needle.kind == "secret" and needle.name in own]

    def _is_bounded(self) -> bool:
        """Whether it was the request's method or path that let it come so far, or that lets a credential go with it."""
        bounds = [bound for one in self._bound for bound in one.credential.bound]
        return any((self._endpoint.methods, self._endpoint.paths, *((each.methods or each.paths) for each in bounds)))

    def _identified(self, request: Request, body: bytes) -> Request:
        """The request with the credential's proof in place of the client's."""
        if proofs.in_query(request.target, self._bound):
            raise BadRequest("credential-in-query", self._bound[0].credential.name)
        scope = sigv4.scope_of(request) if any(map(proofs.is_signing, self._bound)) else None
        bare = proofs.without(request, self._bound)
        given = {*request.headers} - {*bare.headers}
        shown = self._shown(given)
        one = proofs.choose(self._bound, shown, is_signed=scope is not None)
        if one is not None and not self._may_carry:
            raise BadRequest("credential-plain", one.credential.name)
        if scope is not None:
            bare = sigv4.stripped(bare)
        bare = self._searched(bare)
        if one is None or not self._may_carry:
            return bare
        kept = tuple(field for field in bare.headers if field[0].lower() not in _UNREADABLE)
        bare = Request(bare.method, bare.target, (*kept, (b"Accept-Encoding", b"identity")))
        self._talk.engine.record.used(one.credential.name, self._endpoint)
        if scope is not None and proofs.is_signing(one):
            return sigv4.sign(bare, scope, parts(one.secret), body)
        proof = proofs.proof(one, request)
        return Request(bare.method, bare.target, (*bare.headers, proof))

    def _shown(self, given: Iterable[tuple[bytes, bytes]]) -> frozenset[str]:
        """The credentials bound here whose placeholders the client showed as its own. Raises BadRequest."""
        found = [needle for _, value in given for needle in self._custody.needles.in_whole(value)]
        own = {one.credential.name for one in self._bound}
        self._judge([each for each in found if each.kind != "placeholder" or each.name not in own])
        return frozenset(each.name for each in found if each.kind == "placeholder")

    def _searched(self, request: Request) -> Request:
        if not self._custody.needles:
            return request
        fields = b"".join(b"%s: %s\r\n" % field for field in request.headers)
        self._judge(self._custody.needles.in_whole(b"%s %s\r\n%s" % (request.method, request.target, fields)))
        return request

    def _judge(self, found: Iterable[Needle], *, in_body: bool = False) -> None:
        """Refuse what must not go out. Raises BadRequest.

        Towards a host with a credential of its own, mostly a model, a body may hold placeholders and canaries: a text
        in which an agent tells what it has seen. They open nothing, and nobody else can read what is sent there.
        """
        for needle in found:
            if needle.kind != "secret" and in_body and self._bound and self._may_carry:
                continue
            if needle.kind == "canary":
                self._talk.engine.alarm(f"{needle.name} was sent to {self._endpoint.name}:{self._endpoint.port}")
            raise BadRequest(_REASONS[needle.kind], needle.name)


def _is_steered(request: Request) -> bool:
    return any(name.lower().replace(b"_", b"-") in _STEERING for name, _ in request.headers)


def _values(fields: Iterable[tuple[bytes, bytes]], wanted: bytes) -> list[bytes]:
    return [value for name, value in fields if name.lower() == wanted]


def _replaced(value: bytes, pairs: Iterable[swapping.Pair]) -> bytes:
    for old, new in pairs:
        value = value.replace(old, new)
    return value
