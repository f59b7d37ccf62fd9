"""TLS without I/O: one connection, as bytes in and bytes out."""

from __future__ import annotations

import ssl
from contextlib import suppress

_ONE_RECORD = 1 << 14


class Session:
    """One TLS connection. Every method may raise ssl.SSLError."""

    def __init__(self, context: ssl.SSLContext, *, server_side: bool, server_name: str | None = None) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_side=server_side, server_hostname=server_name
        )

    def take(self, data: bytes) -> None:
        """Bytes from the network, empty at their end."""
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def shake_hands(self) -> bool:
        """Go on with the handshake; True once it is complete."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def read(self) -> bytes | None:
        """What was decrypted: a record at most, empty where the peer said that it ends, None when more has to come."""
        try:
            return self._tls.read(_ONE_RECORD)
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLZeroReturnError:
            return b""

    def write(self, data: bytes) -> None:
        """Encrypt."""
        view = memoryview(data)
        while view:
            view = view[self._tls.write(view) :]

    def end(self) -> None:
        """Say that nothing more will be written (close_notify)."""
        with suppress(ssl.SSLError):  # it waits for the peer's, or has stopped at data of the peer's; ours is written
            self._tls.unwrap()

    def to_send(self) -> bytes:
        """Bytes for the network."""
        return self._outgoing.read()
