"""What follows a ClientHello that is forwarded unread, without I/O: no second one may ask for another name.

A TLS 1.3 server that cannot use what the client offers asks for a second ClientHello (HelloRetryRequest, RFC 8446
§4.1.4), in plain text again. Who speaks for an allowed name first and for another one then would reach that other
one behind every front that serves both (threat E5). So the client's records are looked at until the server has
answered with something else, or the second hello has come.
"""

from __future__ import annotations

from paddock.gateway.tls.hello import HANDSHAKE, BadHello, HelloReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CHANGE_CIPHER_SPEC, _ALERT, _APPLICATION_DATA = 0x14, 0x15, 0x17
_HEADER = 5
MOST_RECORDS = 4096  # before the server has answered: each is looked at
_SERVER_HELLO = b"\x02"
_RANDOM = slice(6, 38)  # behind the message's type and length, and the version
# RFC 8446 §4.1.3: SHA-256 of "HelloRetryRequest", in the place of the server's random bytes.
RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")


class Watch:
    """Looks at both directions of one connection from its first ClientHello on, until `is_over`.

    `check` judges the name in each and raises BadHello. What is looked at is passed on by the caller, piece by
    piece: a hello is of no use to a server before its last byte.
    """

    def __init__(self, check: Callable[[bytes | None], None]) -> None:
        self.is_over = False
        self._check = check
        self._from_client = _Records()
        self._from_server = _Records()
        self._hello = HelloReader()
        self._seen = False  # the first one
        self._answer = b""
        self._records = 0

    def client(self, data: bytes) -> None:
        """Bytes from the client. Raises BadHello for what must not go on."""
        if self.is_over:
            return
        for kind, header, piece in self._from_client.feed(data):
            # Early data may come before the second hello, and that one before it was asked for.
            if kind == HANDSHAKE and self._hello.feed(header + piece):
                self._check(self._hello.server_name)
                if self._seen:
                    self.is_over = True
                    return
                self._seen, self._hello = True, HelloReader()
            self._records += bool(header)
            if self._records > MOST_RECORDS:
                raise BadHello("tls-too-long")
            if kind not in (HANDSHAKE, _CHANGE_CIPHER_SPEC, _ALERT, _APPLICATION_DATA):
                raise BadHello

    def upstream(self, data: bytes) -> None:
        """Bytes from the upstream."""
        if self.is_over:
            return
        for kind, _, piece in self._from_server.feed(data):
            if kind == HANDSHAKE:
                self._answer += piece[: _RANDOM.stop - len(self._answer)]
            elif kind not in (_CHANGE_CIPHER_SPEC, _ALERT):
                self.is_over = True  # it does not speak TLS, or no longer in plain text: nobody there reads a hello
                return
        is_other = self._answer[:1] not in (b"", _SERVER_HELLO)
        self.is_over = is_other or (len(self._answer) == _RANDOM.stop and self._answer[_RANDOM] != RETRY)


class _Records:
    """Takes records apart as they come."""

    def __init__(self) -> None:
        self._header = b""
        self._left = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
        """(type, header, piece) for each record or part of one; the header comes once, with the first piece."""
        while data:
            header = b""
            if not self._left:
                missing = _HEADER - len(self._header)
                self._header, data = self._header + data[:missing], data[missing:]
                if len(self._header) < _HEADER:
                    return
                self._kind, self._left = self._header[0], int.from_bytes(self._header[3:], "big")
                header, self._header = self._header, b""
            piece, data = data[: self._left], data[self._left :]
            self._left -= len(piece)
            yield self._kind, header, piece
