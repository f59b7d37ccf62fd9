"""Judge the head of one HTTP response, without I/O: its form (`heads`), and how its body is framed."""

from __future__ import annotations

from paddock.frozen import frozen
from paddock.gateway.http import bodies, heads, requests

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.gateway.http.bodies import Framing, Reader
    from paddock.gateway.http.heads import Fields

SWITCHING = 101
_FRAMING = frozenset({b"content-length", b"transfer-encoding"})
_NO_CONTENT, _NOT_MODIFIED = 204, 304


class BadAnswer(Exception):
    """What the upstream sent is no answer that can be passed on."""


@frozen
class Answer:
    """A response's head. `headers`: without those for one hop and those that frame the body.

    `length` is what Content-Length says, also where no body follows, as to HEAD; None where it says nothing.
    `framing` is how its body comes. `keeps`: the upstream's connection can carry another request.
    """

    status: int
    reason: bytes
    headers: Fields
    framing: Framing
    length: int | None
    keeps: bool

    @property
    def is_interim(self) -> bool:
        """Another one follows."""
        return self.status < 200


def judge(head: bytes, method: bytes) -> Answer:
    """Read the whole head of an answer to a request with that method. Raises BadAnswer."""
    try:
        version, status, reason, block = heads.response(head)
    except heads.BadHead as error:
        raise BadAnswer from error
    if status == SWITCHING:
        raise BadAnswer  # nobody was asked to
    given: dict[bytes, list[bytes]] = {}
    fields = heads.fields(block)
    for name, value in fields:
        given.setdefault(name.lower(), []).append(value)
    framing = _framing(given, version)
    keeps = version == b"1.1" and not any(b"close" in value.lower() for value in given.get(b"connection", ()))
    headers = requests.without_hops(fields, *_FRAMING)
    length = framing if framing is not None and framing >= 0 else None
    if status < 200 or status == _NO_CONTENT:
        return Answer(status, reason, headers, 0, None, keeps)
    if method == b"HEAD" or status == _NOT_MODIFIED:
        return Answer(status, reason, headers, 0, length, keeps)
    if framing is None:
        return Answer(status, reason, headers, bodies.TO_THE_END, None, keeps=False)
    return Answer(status, reason, headers, framing, length, keeps)


def _framing(given: dict[bytes, list[bytes]], version: bytes) -> Framing | None:
    codings = given.get(b"transfer-encoding", [])
    if codings and version == b"1.0":
        raise BadAnswer  # RFC 9112 §6.1: its framing is faulty
    try:
        return bodies.framing(given.get(b"content-length", []), codings)
    except bodies.BadBody as error:
        raise BadAnswer from error


def check_rewritten(headers: Fields) -> None:
    """Check headers that a gate has changed. Raises BadAnswer."""
    try:
        heads.check(headers)
    except heads.BadHead as error:
        raise BadAnswer from error
    if any(name.lower() in _FRAMING for name, _ in headers):
        raise BadAnswer


def write(answer: Answer, headers: Fields, framing: Framing = 0, *, closes: bool = False) -> bytes:
    """The head for the client, whose body comes in `framing`."""
    fields = list(headers)
    if framing == bodies.CHUNKED:
        fields.append((b"Transfer-Encoding", b"chunked"))
    elif answer.length is not None:
        fields.append((b"Content-Length", b"%d" % answer.length))
    if closes:
        fields.append((b"Connection", b"close"))
    return heads.write(b"HTTP/1.1 %d %s" % (answer.status, answer.reason), fields)


class Reply:
    """Reads all that answers one request: interim heads, the head, the body."""

    def __init__(self, method: bytes) -> None:
        self._method = method
        self._head = bytearray()  # one that is not complete
        self._searched = 0
        self._body: Reader | None = None
        self.has_begun = False

    @property
    def is_done(self) -> bool:
        """All has come."""
        return self._body is not None and self._body.is_done

    @property
    def rest(self) -> bytes:
        """What came behind it."""
        return self._body.rest if self._body else b""

    @property
    def trailers(self) -> Fields:
        """The fields behind its body, without what must not come so late (RFC 9110 §6.5.1)."""
        fields = self._body.trailers if self._body else []
        return requests.without_hops(fields, b"host", *_FRAMING) if fields else []

    def feed(self, data: bytes) -> tuple[list[Answer], bytes]:
        """The heads that are complete now, and content of the body. Raises BadAnswer."""
        self.has_begun = True
        began: list[Answer] = []
        while self._body is None:
            self._head += data
            end = heads.END_OF_RESPONSE.search(self._head, max(0, self._searched - 2))
            if (end.end() if end else len(self._head)) > heads.LONGEST_RESPONSE:
                raise BadAnswer
            if end is None:
                self._searched = len(self._head)
                return began, b""
            answer = judge(bytes(self._head[: end.end()]), self._method)
            data = bytes(self._head[end.end() :])
            self._head.clear()
            self._searched = 0
            began.append(answer)
            if not answer.is_interim:
                self._body = bodies.reader(answer.framing)
        try:
            return began, self._body.feed(data)
        except bodies.BadBody as error:
            raise BadAnswer from error

    def end(self) -> tuple[list[Answer], bytes]:
        """The connection has ended. Raises BadAnswer where that is too early."""
        try:
            if self._body is None:
                raise BadAnswer
            self._body.end()
        except bodies.BadBody as error:
            raise BadAnswer from error
        return [], b""
