"""Two ends of a connection that is forwarded unread, with back-pressure and half-close in both directions."""

from __future__ import annotations

from paddock.gateway.connection import Closing, reset, write_end
from paddock.gateway.tls.hello import ALERT_ACCESS_DENIED, BadHello, alert

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import BaseTransport, Protocol

    from paddock.gateway.connection import Side, Talk
    from paddock.gateway.tls.retries import Watch
else:
    Protocol = object  # asyncio asks for the methods, not for the class


class End(Protocol):
    """One end: what arrives here is written to the other one."""

    transport: Side
    _other: End

    def __init__(self, talk: Talk, watch: Watch | None) -> None:
        self._talk = talk
        self._watch = watch
        self._has_ended = False

    def connection_made(self, transport: BaseTransport) -> None:
        """For the upstream's end; the client's was connected before it became one."""
        self.transport = transport  # type: ignore[assignment] # a stream's
        self._talk.reached(self.transport)

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        if self._watch is not None and not self._look(self._watch, data):
            return
        if self.transport is self._talk.client:
            if not self._talk.engine.custody.uploads.spend(self._talk.endpoint, len(data)):
                self._talk.break_off("upload-spent")
                return
            self._talk.up += len(data)
        else:
            self._talk.down += len(data)
        self._other.transport.write(data)

    def _look(self, watch: Watch, data: bytes) -> bool:
        """Whether the bytes may go on. Once the watch is over, nobody looks any more."""
        try:
            (watch.client if self.transport is self._talk.client else watch.upstream)(data)
        except BadHello as error:
            self._talk.refuse(error.reason, alert(ALERT_ACCESS_DENIED))
            return False
        if watch.is_over:
            self._watch = self._other._watch = None  # noqa: SLF001 - of its own class
        return True

    def eof_received(self) -> bool:
        """Forward the end of this direction; the other may go on."""
        self._has_ended, other = True, self._other
        if other._has_ended:  # noqa: SLF001 - of its own class
            return False
        write_end(other.transport)
        return True

    def pause_writing(self) -> None:
        """The peer does not read: stop what feeds it."""
        self._other.transport.pause_reading()

    def resume_writing(self) -> None:
        """The peer reads again."""
        self._other.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        """The transport is gone, and the other one follows in the same manner."""
        ended, other = self._other._has_ended, self._other.transport  # noqa: SLF001 - of its own class
        if error is not None:
            reset(other)
        elif not other.is_closing():
            closing = Closing(self._talk, other)
            other.set_protocol(closing)
            closing.begin(b"", has_ended=ended)
        self._talk.side_lost(self.transport)


def pair(talk: Talk, watch: Watch | None = None) -> tuple[End, End]:
    """The client's end, on the transport that is there, and the upstream's, to be connected.

    Where TLS begins, `watch` looks at both directions for as long as another name could be asked for.
    """
    client, upstream = End(talk, watch), End(talk, watch)
    client._other, upstream._other = upstream, client  # noqa: SLF001 - of this module
    client.transport = talk.client
    return client, upstream
