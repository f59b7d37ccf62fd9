"""The gateway's event loop: listeners from inside on one side, this machine's network on the other.

Stock asyncio with plain protocols. Modules here ask for `asyncio` inside functions only, since the process
that starts the gateway imports some of them and must not pay for it.
"""

from __future__ import annotations

import signal
import socket

from paddock.gateway import dial
from paddock.gateway.connection import Talk
from paddock.gateway.opening import Opening
from paddock.gateway.record import Record, Summary, pack, unpack
from paddock.gateway.resolver import Answers, Datagrams, Stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from asyncio import Protocol, Transport
    from collections.abc import Sequence
    from concurrent.futures import Executor
    from typing import TypeVar

    from paddock.gateway.rules import Table

    P = TypeVar("P", bound=Protocol)

MOST_CONNECTIONS = 1024
MOST_AT_ONCE = 1 << 16
_RESOLVER_THREADS = 8
_BACKLOG = 512


class Engine:
    """What all connections share."""

    def __init__(self, table: Table, loop: asyncio.AbstractEventLoop, executor: Executor, record: Record) -> None:
        self.loop = loop
        self.record = record
        self.talks: set[Talk] = set()
        self.limit = MOST_CONNECTIONS
        self._executor = executor
        self._table = table
        self._endpoints = {(endpoint.address, endpoint.port): endpoint for endpoint in table.endpoints}

    async def listen(self, descriptors: Sequence[int]) -> None:
        """Serve on the sockets that `sockets.take` gave."""
        answers = Answers(self._table.names, self.record)
        udp, tcp, *listeners = [socket.socket(fileno=descriptor) for descriptor in descriptors]
        udp.setblocking(False)  # noqa: FBT003 - its own signature
        await self.loop.create_datagram_endpoint(lambda: Datagrams(answers), sock=udp)
        await self.loop.create_server(lambda: Stream(answers, self.loop), sock=tcp, backlog=_BACKLOG)
        for listener in listeners:
            await self.loop.create_server(lambda: Opening(self), sock=listener, backlog=_BACKLOG)

    def admit(self, client: Transport) -> Talk | None:
        """The talk of an accepted connection, or None when it was turned away."""
        endpoint = self._endpoints.get(client.get_extra_info("sockname"))
        if endpoint is None or len(self.talks) >= self.limit:
            self.record.refused(endpoint, "too-many-connections" if endpoint else "no-endpoint")
            client.abort()
            return None
        _read_little(client)
        talk = Talk(self, endpoint, client)
        self.talks.add(talk)
        return talk

    async def reach(self, talk: Talk, protocol: P) -> P:
        """Connect to a talk's target outside, for a protocol. Raises dial.NoWay."""
        connection = await dial.connect(talk.endpoint, self.loop, self._executor)
        transport, _ = await self.loop.create_connection(lambda: protocol, sock=connection)
        _read_little(transport)
        return protocol

    def finish(self) -> Summary:
        """Settle what is still open, and sum up."""
        for talk in tuple(self.talks):
            talk.settle()
        return self.record.finish()


def _read_little(transport: Transport) -> None:
    """Take at most 64 KiB at once.

    Asyncio's own 256 KiB are what a connection whose other side stands still may hold, beyond the buffers
    that are bounded; a sandbox could have a thousand of those.
    """
    transport.max_size = MOST_AT_ONCE  # type: ignore[attr-defined] # of selector transports


def preload() -> None:
    """Import all that serving needs: afterwards the process gives up the right to read the files."""
    import asyncio
    import concurrent.futures.thread
    import json

    _ = (asyncio, concurrent.futures.thread, json)
    # Codecs are modules too, looked up by name when they are first used.
    unpack(pack(Summary(ended="\n")))


def serve(table: Table, descriptors: Sequence[int], record: int, most_connections: int = MOST_CONNECTIONS) -> Summary:
    """Serve until SIGTERM, or until the record breaks."""
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    loop = asyncio.new_event_loop()
    engine = Engine(table, loop, ThreadPoolExecutor(_RESOLVER_THREADS), Record(record, on_broken=loop.stop))
    engine.limit = most_connections
    # A connection that raised has been aborted by asyncio; the others go on.
    loop.set_exception_handler(lambda *_: engine.record.refused(None, "failed"))
    loop.add_signal_handler(signal.SIGTERM, loop.stop)
    # Not run_until_complete: the signal may come at any moment, and then there is nothing to complete.
    listening = loop.create_task(engine.listen(descriptors))
    listening.add_done_callback(lambda task: loop.stop() if task.exception() else None)
    loop.run_forever()
    if listening.done():
        listening.result()
    return engine.finish()
