"""Plain HTTP as asyncio protocols: `Front` is the client's side, `Back` the upstream's, `Exchange` decides."""

from __future__ import annotations

from paddock.gateway.http.exchange import Exchange
from paddock.gateway.outside import dial
from paddock.gateway.tls import secured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import BaseTransport, Protocol

    from paddock.gateway.connection import Side, Talk
    from paddock.gateway.http.exchange import Step
else:
    Protocol = object  # asyncio asks for the methods, not for the class

HEAD_DEADLINE_S = 5.0
IDLE_DEADLINE_S = 90.0


class Front(Protocol):
    """The client's side."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._exchange = Exchange(talk.endpoint, talk.gate)
        self._back: Back | None = None
        self._waiting: list[bytes] = []  # for the upstream, until it is connected
        self._held: set[str] = set()  # why the client is not read now
        self._is_head_timed = False

    def begin(self, data: bytes) -> None:
        """Take what the opening has read."""
        self.data_received(data)

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        self.do(self._exchange.client_data(data))

    def eof_received(self) -> bool:
        """The peer sends no more; True keeps the other direction open."""
        self._talk.client_has_ended = True
        self.do(self._exchange.client_eof())
        return True

    def pause_writing(self) -> None:
        """The peer does not read: stop what feeds it."""
        if self._back is not None:
            self._back.transport.pause_reading()

    def resume_writing(self) -> None:
        """The peer reads again."""
        if self._back is not None:
            self._back.transport.resume_reading()

    def connection_lost(self, _error: Exception | None) -> None:
        """The transport is gone."""
        if self._back is not None:
            self._back.transport.abort()
        self._talk.side_lost(self._talk.client)

    def upstream_data(self, data: bytes) -> None:
        """Bytes from the upstream, empty at its end."""
        self._talk.down += len(data)
        self.do(self._exchange.upstream_data(data))

    def upstream_broke(self) -> None:
        """The upstream was reset."""
        self.do(self._exchange.fail("upstream-closed"))

    def hold(self, why: str, *, on: bool) -> None:
        """Read the client only while there is no reason against it."""
        if on is (why in self._held):
            return
        (self._held.add if on else self._held.discard)(why)
        (self._talk.client.pause_reading if self._held else self._talk.client.resume_reading)()

    def do(self, steps: list[Step]) -> None:
        """Do what the exchange has decided."""
        for step in steps:
            if step.kind == "up":
                self._write_up(step.data)
            elif step.kind == "down":
                self._talk.client.write(step.data)
            elif step.kind == "dial":
                self._talk.start(self._dial())
            else:
                self._stop(step)
                return
        if self._talk.client.get_protocol() is self:
            self.hold("full", on=self._exchange.is_full)
            self._set_deadline()

    def _write_up(self, data: bytes) -> None:
        self._talk.up += len(data)
        if self._back is not None:
            self._back.transport.write(data)
            return
        self._waiting.append(data)
        if len(self._waiting) > 1:  # most requests come in one piece: then the client need not be stopped
            self.hold("dial", on=True)

    def _stop(self, step: Step) -> None:
        if step.kind == "refuse":
            self._talk.refuse(step.reason, step.data, step.credential)
        elif step.kind == "finish":
            self._talk.close()
        elif step.reason:
            self._talk.break_off(step.reason, step.credential)
        else:
            self._talk.abort()

    def _set_deadline(self) -> None:
        if self._exchange.awaits_head:
            # Once per head: one byte a second must not buy another five.
            if not self._is_head_timed:
                self._talk.after(HEAD_DEADLINE_S, self._too_slow)
            self._is_head_timed = True
            return
        self._is_head_timed = False
        if self._exchange.is_idle:
            self._talk.after(IDLE_DEADLINE_S, self._talk.close)
        else:
            self._talk.calm()

    def _too_slow(self) -> None:
        self.do(self._exchange.refuse_head("http-too-slow"))

    async def _dial(self) -> None:
        talk, back = self._talk, Back(self._talk, self)
        try:
            if talk.is_secure or talk.endpoint.tls:
                self._back = await secured.reach(talk, back)
            else:
                self._back = await talk.engine.reach(talk, back)
        except dial.NoWay as error:
            self.do(self._exchange.fail(error.reason))
            return
        talk.lane = "https" if talk.is_secure else "http"
        self._back.transport.write(b"".join(self._waiting))
        self._waiting.clear()
        self.hold("dial", on=False)


class Back(Protocol):
    """The upstream's side."""

    transport: Side

    def __init__(self, talk: Talk, front: Front) -> None:
        self._talk = talk
        self._front = front

    def connection_made(self, transport: BaseTransport) -> None:
        """Asyncio has the transport."""
        self.transport = transport  # type: ignore[assignment] # a stream's
        self._talk.reached(self.transport)

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        self._front.upstream_data(data)

    def eof_received(self) -> bool:
        """The peer sends no more; True keeps the other direction open."""
        self._front.upstream_data(b"")
        return False

    def pause_writing(self) -> None:
        """The peer does not read: stop what feeds it."""
        self._front.hold("upstream", on=True)

    def resume_writing(self) -> None:
        """The peer reads again."""
        self._front.hold("upstream", on=False)

    def connection_lost(self, error: Exception | None) -> None:
        """The transport is gone."""
        if error is not None:
            self._front.upstream_broke()
        self._talk.side_lost(self.transport)
