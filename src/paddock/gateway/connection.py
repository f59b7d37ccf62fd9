"""What belongs to a connection from inside as a whole, whatever it turns out to carry, and how it is closed."""

from __future__ import annotations

import socket
import struct

from paddock.gateway.gate import Gate

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    import typing
    from asyncio import BaseProtocol, Protocol
    from collections.abc import Callable, Coroutine
    from typing import Any

    from paddock.gateway.engine import Engine
    from paddock.gateway.rules import Endpoint

    class Side(typing.Protocol):
        """What is asked of either side of a connection: a part of asyncio's Transport.

        A TLS session that the gateway terminates is a side as well: it gives its protocol what it has decrypted,
        encrypts what is written, and passes `eof_received`, `connection_lost`, `pause_writing` and
        `resume_writing` on from the transport below. `get_extra_info("socket")` is that one's socket, which
        `reset` needs. Where one direction cannot be ended alone, `can_write_eof` is false and `close` ends both.
        """

        def write(self, data: bytes, /) -> None: ...  # noqa: D102 - asyncio says
        def can_write_eof(self) -> bool: ...  # noqa: D102 - asyncio says
        def write_eof(self) -> None: ...  # noqa: D102 - asyncio says
        def close(self) -> None: ...  # noqa: D102 - asyncio says
        def abort(self) -> None: ...  # noqa: D102 - asyncio says
        def is_closing(self) -> bool: ...  # noqa: D102 - asyncio says
        def pause_reading(self) -> None: ...  # noqa: D102 - asyncio says
        def resume_reading(self) -> None: ...  # noqa: D102 - asyncio says
        def get_write_buffer_size(self) -> int: ...  # noqa: D102 - asyncio says
        def set_protocol(self, protocol: BaseProtocol, /) -> None: ...  # noqa: D102 - asyncio says
        def get_protocol(self) -> BaseProtocol: ...  # noqa: D102 - asyncio says
        def get_extra_info(self, name: str, default: Any = None, /) -> Any: ...  # noqa: D102 - asyncio says
else:
    Protocol = object  # asyncio asks for the methods, not for the class

LOOK_AGAIN_S = 2.0
PATIENCE = 15  # looks without progress, until a peer that does not read is given up
MOST_DISCARDED = 1 << 20


class Talk:
    """A connection: its endpoint, its one timer and one task, its bytes, and its line in the record.

    `client` is replaced where TLS is terminated, by the side that speaks it, and `gate` where requests are judged
    by more than their form; both before a `Front` is made.
    """

    def __init__(self, engine: Engine, endpoint: Endpoint, client: Side) -> None:
        self.engine = engine
        self.endpoint = endpoint
        self.client = client
        self.gate = Gate()
        self.upstream: Side | None = None
        self.up = self.down = 0
        self.lane = ""  # "tls", "http" or "https" (terminated) once something was let through
        self.is_secure = False  # its TLS ends in the gateway, so the upstream's begins there
        self.client_has_ended = False
        self._is_recorded = False
        self._sides = 1
        self._timer: asyncio.TimerHandle | None = None
        self._action: Callable[[], object] | None = None
        self._due_s = 0.0
        self._task: asyncio.Task[None] | None = None

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Do something unless something else happens first; replaces what was to be done earlier.

        A deadline that moves on with every request leaves the loop's timer alone until that one rings.
        """
        self._action, self._due_s = action, self.engine.loop.time() + seconds
        if self._timer is None or self._timer.when() > self._due_s:
            self._set_timer()

    def calm(self) -> None:
        """Do nothing after all."""
        self._action = None

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.engine.loop.call_at(self._due_s, self._ring)

    def _ring(self) -> None:
        self._timer, action = None, self._action
        if action is None:
            return
        if self.engine.loop.time() < self._due_s:
            self._set_timer()
            return
        self._action = None
        action()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run the one task of a connection. The loop's own reference would be a weak one."""
        self._task = self.engine.loop.create_task(work)
        self._task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self.refuse("failed")

    def reached(self, upstream: Side) -> None:
        """The connection has its second side."""
        self.upstream = upstream
        self._sides += 1

    def refuse(self, reason: str, last_words: bytes = b"", credential: str = "") -> None:
        """Record why not, say it to the client, close."""
        self._record_refusal(reason, credential)
        self.close(last_words)

    def break_off(self, reason: str, credential: str = "") -> None:
        """Record why not and reset both sides: too late for words."""
        self._record_refusal(reason, credential)
        self.abort()

    def _record_refusal(self, reason: str, credential: str) -> None:
        """A service that is not there is a failure and no refusal, and is recorded as such."""
        self._is_recorded = True
        if reason.startswith("upstream-"):
            self.engine.record.unreached(self.endpoint, reason)
        else:
            self.engine.record.refused(self.endpoint, reason, credential)

    def close(self, last_words: bytes = b"") -> None:
        """Write, end our half, and wait a little for the client's: closing at once may eat the last words."""
        if self._task is not None:
            self._task.cancel()
        if self.upstream is not None:
            self.upstream.abort()
        closing = Closing(self, self.client)
        self.client.set_protocol(closing)
        closing.begin(last_words, has_ended=self.client_has_ended)

    def abort(self) -> None:
        """Reset both sides, so that nobody takes a part for the whole."""
        for side in (self.client, self.upstream):
            if side is not None:
                reset(side)

    def side_lost(self, side: Side) -> None:
        """A transport is gone; with the last one the connection is over and gets its line."""
        self._sides -= 1
        if side is self.client and self._task is not None:
            self._task.cancel()
        if self._sides == 0:
            if self._timer is not None:
                self._timer.cancel()
            self.engine.talks.discard(self)
            self.settle()

    def leave_out(self) -> None:
        """There is nothing to record: it leads nowhere."""
        self._is_recorded = True

    def settle(self) -> None:
        """Write the connection's line, once; one that was refused has it already."""
        if self.lane:
            self.engine.record.connected(self.endpoint, self.lane, self.up, self.down)
        elif not self._is_recorded:
            self.engine.record.refused(self.endpoint, "abandoned")
        self.lane, self._is_recorded = "", True


class Closing(Protocol):
    """The last state of a transport: what is written gets out, what comes in is thrown away."""

    def __init__(self, talk: Talk, transport: Side) -> None:
        self._talk = talk
        self._transport = transport
        self._discarded = 0
        self._unsent = 0
        self._patience = PATIENCE

    def begin(self, last_words: bytes, *, has_ended: bool) -> None:
        """Write the last words and our end. Nothing more is waited for from a peer that has ended."""
        if last_words:
            self._transport.write(last_words)
        if has_ended:
            self._transport.close()
        else:
            write_end(self._transport)
            self._transport.resume_reading()
        self._unsent = self._transport.get_write_buffer_size()
        if self._unsent or not has_ended:
            self._talk.after(LOOK_AGAIN_S, self._look)
        else:
            self._talk.calm()  # it is closed

    def _look(self) -> None:
        unsent = self._transport.get_write_buffer_size()
        self._patience = PATIENCE if unsent < self._unsent else self._patience - 1
        self._unsent = unsent
        if unsent == 0 or self._patience == 0:
            self._transport.abort()
        else:
            self._talk.after(LOOK_AGAIN_S, self._look)

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        self._discarded += len(data)
        if self._discarded > MOST_DISCARDED:
            self._transport.abort()

    def eof_received(self) -> bool:
        """The peer sends no more; True keeps the other direction open."""
        return False  # closes once all is written

    def pause_writing(self) -> None:
        """Nobody is reading for this side any more."""

    def resume_writing(self) -> None:
        """As above."""

    def connection_lost(self, _error: Exception | None) -> None:
        """The transport is gone."""
        self._talk.side_lost(self._transport)


def write_end(transport: Side) -> None:
    """Forward the end of one direction."""
    if not transport.can_write_eof():
        transport.close()
        return
    try:
        transport.write_eof()
    except OSError:
        transport.abort()  # the peer has reset it, as the next read would have told


def reset(transport: Side) -> None:
    """Close with a reset instead of an orderly end (socket(7), SO_LINGER)."""
    raw = transport.get_extra_info("socket")
    if raw is not None and raw.fileno() >= 0:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
