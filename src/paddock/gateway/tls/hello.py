"""The server name and the protocols in a TLS ClientHello, without I/O (RFC 8446 §4.1.2, §5.1, RFC 6066 §3, RFC 7301).

The gateway forwards TLS unread, so the first message is all that it can judge. Whatever a lenient server
might read differently from this parser is refused: interleaved records, anything behind the message,
repeated extensions, several names.
"""

from __future__ import annotations

MOST_BYTES = 64 * 1024  # of records; a hello may come in tiny ones
HANDSHAKE = 0x16
_CLIENT_HELLO = 1
_SERVER_NAME, _HOST_NAME = 0, 0
_ALPN = 16
_LONGEST_RECORD = 1 << 14

# RFC 8446 §6
ALERT_ACCESS_DENIED, ALERT_INTERNAL_ERROR, ALERT_UNRECOGNIZED_NAME, ALERT_NO_PROTOCOL = 49, 80, 112, 120


class BadHello(Exception):
    """The bytes are no acceptable ClientHello; `reason` is a code of `paddock.gateway.reasons`."""

    def __init__(self, reason: str = "tls-malformed") -> None:
        super().__init__(reason)
        self.reason = reason


class HelloReader:
    """Reassembles records until the ClientHello is complete. `taken` are all bytes so far, to be forwarded."""

    def __init__(self) -> None:
        self.taken = bytearray()
        self.server_name: bytes | None = None
        self.protocols: tuple[bytes, ...] = ()  # that it offers for what is inside (ALPN)
        self._at = 0
        self._message = bytearray()

    def feed(self, data: bytes) -> bool:
        """Take more bytes; True when the hello is complete and `server_name` is known. Raises BadHello."""
        self.taken += data
        while (record := self._next_record()) is not None:
            self._message += record
            if len(self._message) < 4:
                continue
            if self._message[0] != _CLIENT_HELLO:
                raise BadHello
            length = int.from_bytes(self._message[1:4], "big")
            if length > MOST_BYTES:
                raise BadHello("tls-too-long")
            if len(self._message) > 4 + length:
                raise BadHello  # another message in the same record
            if len(self._message) == 4 + length:
                self.server_name, self.protocols = offered(bytes(self._message[4:]))
                return True
        if len(self.taken) > MOST_BYTES:
            raise BadHello("tls-too-long")
        return False

    def _next_record(self) -> bytes | None:
        header = bytes(self.taken[self._at : self._at + 5])
        if header[:1] not in (b"", b"\x16") or header[1:2] not in (b"", b"\x03"):
            raise BadHello
        if len(header) < 5:
            return None
        length = int.from_bytes(header[3:5], "big")
        if not 0 < length <= _LONGEST_RECORD:
            raise BadHello
        start = self._at + 5
        if len(self.taken) < start + length:
            return None
        self._at = start + length
        return bytes(self.taken[start : self._at])


class _Bytes:
    """A cursor that never reads past its end."""

    def __init__(self, data: bytes) -> None:
        self.left = data

    def take(self, count: int) -> bytes:
        if count > len(self.left):
            raise BadHello
        taken, self.left = self.left[:count], self.left[count:]
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def vector(self, size: int, least: int = 0, most: int = 0xFFFF) -> bytes:
        """A vector with a length of `size` bytes before it, as TLS writes them."""
        length = self.number(size)
        if not least <= length <= most:
            raise BadHello
        return self.take(length)

    def end(self) -> None:
        if self.left:
            raise BadHello


def offered(hello: bytes) -> tuple[bytes | None, tuple[bytes, ...]]:
    """The host name that a ClientHello's body asks for, and the protocols that it offers. Raises BadHello."""
    found = _extensions(hello)
    name = _host_name(found[_SERVER_NAME]) if _SERVER_NAME in found else None
    return name, _protocols(found[_ALPN]) if _ALPN in found else ()


def server_name(hello: bytes) -> bytes | None:
    """The host name that a ClientHello's body asks for, None when it names none. Raises BadHello."""
    return offered(hello)[0]


def _extensions(hello: bytes) -> dict[int, bytes]:
    body = _Bytes(hello)
    body.take(2 + 32)  # version, random
    body.vector(1, most=32)  # session id
    if len(body.vector(2, least=2)) % 2:  # cipher suites
        raise BadHello
    body.vector(1, least=1)  # compression methods
    if not body.left:
        return {}  # before TLS 1.2 a hello could do without extensions
    extensions = _Bytes(body.vector(2))
    body.end()
    found: dict[int, bytes] = {}
    while extensions.left:
        kind = extensions.number(2)
        if kind in found:
            raise BadHello
        found[kind] = extensions.vector(2)
    return found


def _protocols(extension: bytes) -> tuple[bytes, ...]:
    data = _Bytes(extension)
    names = _Bytes(data.vector(2, least=2))
    data.end()
    found = []
    while names.left:
        found.append(names.vector(1, least=1))
    return tuple(found)


def _host_name(extension: bytes) -> bytes:
    data = _Bytes(extension)
    names = _Bytes(data.vector(2, least=1))
    data.end()
    if names.number(1) != _HOST_NAME:
        raise BadHello
    name = names.vector(2, least=1)
    if names.left:
        raise BadHello("tls-several-names")
    return name


def alert(description: int) -> bytes:
    """A fatal alert, which clients show as "access denied", "unrecognized name" or "internal error"."""
    return bytes([0x15, 3, 3, 0, 2, 2, description])
