"""The resolver inside, over UDP and TCP, as asyncio protocols around `dns`."""

from __future__ import annotations

from paddock.gateway.inside import dns
from paddock.gateway.table import Asked

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from asyncio import BaseTransport, DatagramProtocol, DatagramTransport, Protocol, Transport
    from collections.abc import Callable

    from paddock.gateway.record import Record
else:
    Protocol = DatagramProtocol = object  # asyncio asks for the methods, not for the class

IDLE_DEADLINE_S = 10.0
MOST_STREAMS = 64


class Answers:
    """Replies to queries and records them; shared by both transports."""

    def __init__(self, ask: Callable[[str], Asked], record: Record) -> None:
        self._ask = ask
        self._record = record
        self._asked = Asked()
        self.streams = 0

    def to(self, query: bytes) -> bytes:
        """The reply, empty where there is none."""
        self._asked = Asked(reason="not-allowed")
        reply = dns.reply_to(query, self._lookup)
        if reply is None or reply.allowed is None:
            self._record.unanswered("", "dns-malformed")
        elif reply.allowed:
            self._record.answered(reply.name)
        else:
            self._record.unanswered(self._asked.told or reply.name, self._asked.reason)
        return reply.wire if reply else b""

    def _lookup(self, name: str) -> str:
        self._asked = self._ask(name)
        return self._asked.address


class Datagrams(DatagramProtocol):
    """UDP."""

    transport: DatagramTransport

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def connection_made(self, transport: BaseTransport) -> None:
        """Asyncio has the transport."""
        self.transport = transport  # type: ignore[assignment] # of datagrams

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        """One query."""
        reply = self._answers.to(data)
        if reply:
            self.transport.sendto(reply, address)

    def error_received(self, _error: Exception) -> None:
        """An earlier asker is gone."""

    def pause_writing(self) -> None:
        """Replies over loopback do not queue."""

    def resume_writing(self) -> None:
        """As above."""

    def connection_lost(self, _error: Exception | None) -> None:
        """The gateway ends."""


class Stream(Protocol):
    """TCP: several queries, one after the other, each with its length before it."""

    transport: Transport
    _timer: asyncio.TimerHandle | None = None

    def __init__(self, answers: Answers, loop: asyncio.AbstractEventLoop) -> None:
        self._answers = answers
        self._loop = loop
        self._queries = dns.Lengths()

    def connection_made(self, transport: BaseTransport) -> None:
        """Asyncio has the transport."""
        self.transport = transport  # type: ignore[assignment] # a stream's
        self._answers.streams += 1
        if self._answers.streams > MOST_STREAMS:
            self.transport.abort()
        else:
            self._rest()

    def connection_lost(self, _error: Exception | None) -> None:
        """The transport is gone."""
        self._answers.streams -= 1
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        try:
            queries = self._queries.feed(data)
        except ValueError:
            self._answers.to(b"")  # recorded as malformed
            self.transport.abort()
            return
        for query in queries:
            self.transport.write(dns.with_length(self._answers.to(query)))
        if queries:
            self._rest()

    def eof_received(self) -> bool:
        """The peer sends no more; True keeps the other direction open."""
        return False

    def pause_writing(self) -> None:
        """The peer does not read: stop what feeds it."""
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        """The peer reads again."""
        self.transport.resume_reading()

    def _rest(self) -> None:
        """Only complete queries buy more time."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(IDLE_DEADLINE_S, self.transport.abort)
