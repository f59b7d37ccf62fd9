"""TLS of the gateway's own: on top of a transport, under a protocol that sees only what is inside.

`Secured` puts a session between asyncio's transport and ours, as a side of a connection. asyncio's own cannot begin
with bytes that were read already, and cannot end one direction alone.
"""

from __future__ import annotations

import ssl

from paddock.gateway.connection import reset
from paddock.gateway.outside import dial
from paddock.gateway.tls.session import Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from asyncio import BaseProtocol, BaseTransport, Protocol, Transport
    from collections.abc import Callable
    from typing import Any, TypeVar

    from paddock.gateway.connection import Talk

    P = TypeVar("P", bound=Protocol)
else:
    Protocol = object  # asyncio asks for the methods, not for the class

HANDSHAKE_DEADLINE_S = 10.0
# What may wait for a peer that does not read, but makes us answer by TLS alone (KeyUpdate, RFC 8446 §4.6.3): no
# protocol above sees that, so none of them stops it. Towards a service, a body that was signed as a whole waits too.
MOST_UNSENT_DOWN, MOST_UNSENT_UP = 1 << 20, 16 << 20
# What OpenSSL says of alerts by which a client tells that it does not believe the certificate (RFC 8446 §6.2).
_DISBELIEF = ("UNKNOWN_CA", "BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN", "CERTIFICATE_EXPIRED", "UNSUPPORTED_CERTIFICATE")


class Secured(Protocol):
    """A side of a connection that speaks TLS.

    `begun` is called once: with None after the handshake, by when there is a protocol, or with what went wrong.
    A peer that goes without saying so has broken the connection, except a client that is `lenient`ly treated:
    what it asked for was complete or is refused as HTTP.
    """

    _below: Transport
    _protocol: Protocol

    def __init__(
        self,
        session: Session,
        loop: asyncio.AbstractEventLoop,
        begun: Callable[[Exception | None], object],
        *,
        lenient: bool = False,
    ) -> None:
        self.session = session
        self._loop = loop
        self._begun: Callable[[Exception | None], object] | None = begun
        self._lenient = lenient
        self._most_unsent = MOST_UNSENT_DOWN if lenient else MOST_UNSENT_UP
        self._is_open = self._is_paused = self._is_delivering = False
        self._is_shut = False  # we have ended; what comes is not for reading
        self._has_ended = False  # the peer has
        self._is_lost = False
        self._error: Exception | None = None

    # What asyncio calls, from below.

    def connection_made(self, transport: BaseTransport) -> None:
        """Asyncio has the transport."""
        self._below = transport  # type: ignore[assignment] # a stream's
        self._shake_hands()

    def take_over(self, transport: Transport, first: bytes) -> None:
        """Begin on a transport of which something was read."""
        self._below = transport
        transport.set_protocol(self)
        self.data_received(first)

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        if self._is_shut:
            self._protocol.data_received(data)  # `Closing` counts them and throws them away
            return
        self.session.take(data)
        self._go_on()
        if self._below.get_write_buffer_size() > self._most_unsent:
            self._break(BufferError("the peer does not read"))

    def eof_received(self) -> bool:
        """The peer sends no more; True keeps the other direction open."""
        if self._is_shut:
            return bool(self._protocol.eof_received())
        self.session.take(b"")
        self._go_on()
        return True

    def pause_writing(self) -> None:
        """The peer does not read: stop what feeds it."""
        if self._is_open:
            self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """The peer reads again."""
        if self._is_open:
            self._protocol.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        """The transport is gone."""
        self._is_lost = True
        if self._is_open:
            self._protocol.connection_lost(error or self._error)
        else:
            self._finish_handshake(error or ConnectionResetError())

    def _go_on(self) -> None:
        if self._is_open:
            self._deliver()
        elif self._begun is not None:
            self._shake_hands()

    def _shake_hands(self) -> None:
        error: Exception | None = None
        try:
            if not self.session.shake_hands():
                self._flush()
                return
        except ssl.SSLError as wrong:
            error = wrong
        else:
            self._flush()
        self._finish_handshake(error)

    def _finish_handshake(self, error: Exception | None) -> None:
        begun, self._begun = self._begun, None
        if begun is not None:
            self._is_open = error is None
            begun(error)
        if self._is_open:
            self._deliver()

    def _deliver(self) -> None:
        """Hand on what is there, record by record, until it is too much."""
        if self._is_delivering:
            return
        self._is_delivering = True
        try:
            while not (self._is_paused or self._is_shut or self._has_ended):
                data = self.session.read()
                if data is None:
                    break
                if data:
                    self._protocol.data_received(data)
                else:
                    self._end_of_peer()
        except ssl.SSLError as error:
            if self._lenient and _is_cut(error):
                self._end_of_peer()
            else:
                self._break(error)
        finally:
            self._is_delivering = False
        self._flush()

    def _end_of_peer(self) -> None:
        self._has_ended = True
        if not self._protocol.eof_received():
            self.close()

    def _break(self, error: Exception) -> None:
        self._error = error
        self._below.abort()

    def _flush(self) -> None:
        data = self.session.to_send()
        if data and not self._below.is_closing():
            self._below.write(data)

    # What our protocols call, from above: a `connection.Side`.

    def set_protocol(self, protocol: BaseProtocol, /) -> None:
        """Who gets what was decrypted."""
        self._protocol = protocol  # type: ignore[assignment] # a stream's

    def get_protocol(self) -> BaseProtocol:
        """Who gets what was decrypted."""
        return self._protocol

    def write(self, data: bytes, /) -> None:
        """Encrypt and send."""
        if self._is_shut or not data:
            return
        try:
            self.session.write(data)
        except ssl.SSLError as error:
            self._break(error)
        self._flush()

    def can_write_eof(self) -> bool:
        """TLS can end one direction alone."""
        return True

    def write_eof(self) -> None:
        """Send our end, and the transport's."""
        self._shut()
        self._below.write_eof()

    def close(self) -> None:
        """Send our end and close after it."""
        self._shut()
        self._below.close()

    def abort(self) -> None:
        """Close at once."""
        if not self._is_lost:  # asyncio's own fails at a transport that is gone
            self._below.abort()

    def _shut(self) -> None:
        if not self._is_shut:
            self._is_shut = True
            self.session.end()
            self._flush()

    def is_closing(self) -> bool:
        """Whether it is closed, or about to be."""
        return self._below.is_closing()

    def pause_reading(self) -> None:
        """Hand on nothing more."""
        self._is_paused = True
        self._below.pause_reading()

    def resume_reading(self) -> None:
        """Go on, soon: whoever asks for it is often in the middle of what it was given."""
        self._below.resume_reading()
        if self._is_paused:
            self._is_paused = False
            self._loop.call_soon(self._deliver)

    def get_write_buffer_size(self) -> int:
        """Bytes that the peer has not taken yet."""
        return self._below.get_write_buffer_size()

    def get_extra_info(self, name: str, default: Any = None, /) -> Any:
        """What the transport knows."""
        return self._below.get_extra_info(name, default)


async def reach(talk: Talk, protocol: P) -> P:
    """Connect to a talk's target with TLS, for a protocol. The certificate must be for its name. Raises NoWay."""
    import asyncio

    context, endpoint = talk.engine.custody.upstreams, talk.endpoint
    if context is None:
        raise dial.NoWay("tls-late-rule")
    server_name = endpoint.target if endpoint.tls else endpoint.name
    over: asyncio.Future[Exception | None] = talk.engine.loop.create_future()

    def begun(error: Exception | None) -> None:
        if error is None:
            protocol.connection_made(side)  # type: ignore[arg-type] # a side is what is asked of a transport
        if not over.done():
            over.set_result(error)

    session = Session(context, server_side=False, server_name=server_name)
    side = Secured(session, talk.engine.loop, begun)
    side.set_protocol(protocol)
    await talk.engine.reach(talk, side)
    try:
        error = await asyncio.wait_for(over, HANDSHAKE_DEADLINE_S)
    except TimeoutError as late:
        side.abort()
        raise dial.NoWay("upstream-slow") from late
    except BaseException:
        reset(side)  # cancelled
        raise
    if error is not None:
        side.abort()
        raise dial.NoWay(upstream_reason(error)) from error
    return protocol


def _is_cut(error: ssl.SSLError) -> bool:
    """Whether the peer has gone without saying so. Which of the two comes depends on the version of Python."""
    return isinstance(error, ssl.SSLEOFError) or error.reason == "UNEXPECTED_EOF_WHILE_READING"


def upstream_reason(error: Exception) -> str:
    """The code of `reasons` for a handshake with a service that failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return "upstream-certificate"
    return "upstream-tls" if isinstance(error, ssl.SSLError) else "upstream-closed"


def client_reason(error: Exception) -> str:
    """The code of `reasons` for a handshake with a client that failed."""
    said = str(getattr(error, "reason", ""))
    return "tls-not-trusted" if any(word in said for word in _DISBELIEF) else "tls-handshake"
