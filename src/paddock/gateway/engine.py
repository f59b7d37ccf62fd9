"""The gateway's event loop: listeners from inside on one side, this machine's network on the other.

Stock asyncio with plain protocols. Modules here ask for `asyncio` inside functions only, since the process
that starts the gateway imports some of them and must not pay for it.
"""

from __future__ import annotations

import errno
import math
import os
import socket
import time

from paddock.credentials import renewals
from paddock.frozen import replace
from paddock.gateway import control
from paddock.gateway.budget import Pace
from paddock.gateway.connection import Talk
from paddock.gateway.inside.resolver import Answers, Datagrams, Stream
from paddock.gateway.listener import Listener
from paddock.gateway.opening import Opening
from paddock.gateway.outside import dial
from paddock.gateway.record import ALARM, Summary
from paddock.gateway.table import Asked

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from asyncio import Protocol, Transport
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor
    from typing import TypeVar

    from paddock.gateway.connection import Side
    from paddock.gateway.inside.maker import Maker
    from paddock.gateway.record import Record
    from paddock.gateway.rules import Endpoint
    from paddock.gateway.secrets.custody import Custody
    from paddock.gateway.serving import Sockets
    from paddock.gateway.table import Grant, Place, Table
    from paddock.plan.model import Published

    P = TypeVar("P", bound=Protocol)

MOST_CONNECTIONS = 1024
# Asyncio reads 256 KiB at once, which is fast, and is also what a connection may hold whose other side stands still.
# The first ones may; a sandbox could have thousands of them.
MOST_AT_ONCE = 1 << 16
MOST_HASTY = 32
LOOK_AGAIN_S = 15.0
_LAST_TURNS = 8


class Engine:
    """What all connections share."""

    def __init__(
        self,
        table: Table,
        maker: Maker,
        loop: asyncio.AbstractEventLoop,
        executor: Executor,
        record: Record,
        custody: Custody,
    ) -> None:
        self.loop = loop
        self.custody = custody
        self.record = record
        self.table = table
        self.talks: set[Talk] = set()
        self.limit = MOST_CONNECTIONS
        self.room = math.inf  # descriptors, for connections and for listeners of names that are asked for later
        self._later = 0
        self.pace = Pace(table.network.rate, loop.time)
        self.alarmed = ""
        self._maker = maker
        self._executor = executor
        self._next_end: asyncio.TimerHandle | None = None
        self._listeners: list[Listener | asyncio.Server | asyncio.DatagramTransport] = []
        self._beginning: set[asyncio.Task[object]] = set()
        self._renewals = -1

    async def begin(self, sockets: Sockets) -> None:
        """Serve on the sockets that are there from the start."""
        answers = Answers(self.asked, self.record)
        udp, tcp = (socket.socket(fileno=descriptor) for descriptor in sockets.resolver)
        udp.setblocking(False)  # noqa: FBT003 - its own signature
        self._listen(tcp, lambda: Stream(answers, self.loop))
        for place, descriptor in sockets.places:
            self._serve(place, descriptor)
        for port, descriptor in sockets.published:
            self._publish(port, descriptor)
        if sockets.renewals >= 0:
            self._renewals = sockets.renewals
            self.loop.add_reader(sockets.renewals, self._renew, sockets.renewals)
        self._listeners += await control.serve(self, sockets.door)
        datagrams, _ = await self.loop.create_datagram_endpoint(lambda: Datagrams(answers), sock=udp)
        self._listeners.append(datagrams)

    def _renew(self, channel: int) -> None:
        """Take what has come. Without a new secret the old one stays; whoever it is for decides how long it is good."""
        found = renewals.take(channel)
        if found is None:
            self.loop.remove_reader(channel)
            return
        for renewed in found:
            self.record.renewed(renewed.name, self.custody.renew(renewed))

    def asked(self, name: str) -> Asked:
        """A name was looked up. Before it is answered, somebody listens where it leads."""
        canary = self.custody.canary_in(name)
        if canary:
            self.alarm(f"{canary} was looked up as a name")
            return Asked(reason="canary-used")
        if self.custody.needles.in_name(name):
            return Asked(reason="secret-in-name", told=self.custody.without_secret(name))
        asked = self.table.asked(name)
        reason = self._open(asked.new)
        return Asked(reason=reason) if reason else asked

    def change(self, grant: Grant) -> None:
        """Allow more, or less, from now on. Raises PolicyError."""
        self.table.add(grant)
        self._open(self.table.open())
        self.record.changed(grant)
        self._judge_again()

    def alarm(self, what: str) -> None:
        """End all of it: something has happened that must not go on. The session ends the sandbox."""
        self.alarmed = self.alarmed or what
        self.record.alarm(what)
        self.loop.stop()

    def admit(self, client: Transport) -> Talk | None:
        """The talk of an accepted connection, or None when it was turned away."""
        address, port = client.get_extra_info("sockname")
        arrived = self.table.arrived(address, port)
        if arrived.endpoint is None or arrived.reason:
            self.record.refused(arrived.endpoint, arrived.reason)
            client.abort()
            return None
        return self.admit_to(arrived.endpoint, client)

    def admit_to(self, endpoint: Endpoint, client: Transport) -> Talk | None:
        """The same, when it is known where it leads."""
        if len(self.talks) >= self.limit or self._left() < 2:
            self.record.refused(endpoint, "too-many-connections")
            client.abort()
            return None
        self._bound(client)
        talk = Talk(self, endpoint, client)
        self.talks.add(talk)
        return talk

    def hold(self, client: Side) -> None:
        """Read nothing from a connection that is just being made, until it is resumed.

        Up to Python 3.11 asyncio begins to read after `connection_made`, whatever that has said.
        """
        self.loop.call_soon(client.pause_reading)

    async def reach(self, talk: Talk, protocol: P) -> P:
        """Connect to a talk's target outside, for a protocol. Raises dial.NoWay."""
        connection = await dial.connect(talk.endpoint, self.loop, self._executor)
        transport, _ = await self.loop.create_connection(lambda: protocol, sock=connection)
        self._bound(transport)
        return protocol

    def finish(self) -> Summary:
        """Settle what is still open, and sum up."""
        for talk in tuple(self.talks):
            talk.settle()
        summary = self.record.finish()
        return replace(summary, ended=ALARM + self.alarmed) if self.alarmed else summary

    def close(self) -> None:
        """Let go of all sockets, in a process that goes on with others. Call it when the loop has stopped."""
        import asyncio

        if self._renewals >= 0:
            self.loop.remove_reader(self._renewals)
            os.close(self._renewals)
        if self._next_end:
            self._next_end.cancel()
        for listener in self._listeners:
            listener.close()
        for _ in range(_LAST_TURNS):  # closing is done in the loop's next turns
            for talk in tuple(self.talks):
                talk.abort()
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _open(self, places: Sequence[Place]) -> str:
        """Listen at more places; why not, or nothing. A program inside may have taken one of the ports everywhere."""
        if len(places) > self._left():
            self.table.forget_listening(places)
            return "exhausted"
        try:
            descriptors = self._maker.listen(places) if places else []
        except OSError as error:
            self.table.forget_listening(places)
            return "inside-port-taken" if error.errno == errno.EADDRINUSE else "failed"
        for place, descriptor in zip(places, descriptors, strict=True):
            self._serve(place, descriptor)
        self._later += len(places)
        return ""

    def _left(self) -> float:
        """Descriptors that are still the sandbox's: a connection has two in the end."""
        return self.room - self._later - 2 * len(self.talks)

    def _bound(self, transport: Transport) -> None:
        if len(self.talks) > MOST_HASTY:
            transport.max_size = MOST_AT_ONCE  # type: ignore[attr-defined] # of selector transports

    def _serve(self, place: Place, descriptor: int) -> None:
        self._listen(socket.socket(fileno=descriptor), lambda: Opening(self), place)

    def _publish(self, port: Published, descriptor: int) -> None:
        from paddock.gateway.publishing import Caller

        self._listen(socket.socket(fileno=descriptor), lambda: Caller(self, self._maker, port))

    def _listen(self, listening: socket.socket, protocol: Callable[[], Protocol], place: Place = ("", 0)) -> None:
        def exhausted() -> None:
            self.record.refused(self.table.arrived(*place).endpoint, "exhausted")

        self._listeners.append(Listener(self.loop, listening, protocol, exhausted, self._beginning))

    def _judge_again(self) -> None:
        """End the connections whose rule has gone, now and whenever the next grant runs out."""
        for talk in tuple(self.talks):
            if talk.lane != "published" and not self._still_leads(talk.endpoint):
                talk.abort()
        if self._next_end:
            self._next_end.cancel()
        end = self.table.next_end()
        if end is not None:
            # Grants end by the clock on the wall, and the loop's stands still while the machine sleeps.
            left_s = min(max(0.0, end - time.time()) + 0.01, LOOK_AGAIN_S)
            self._next_end = self.loop.call_later(left_s, self._judge_again)

    def _still_leads(self, endpoint: Endpoint) -> bool:
        """Whether a connection would be admitted now as it was. A wider rule may remain that bounds it otherwise."""
        arrived = self.table.arrived(endpoint.address, endpoint.port)
        now = arrived.endpoint
        return not arrived.reason and now is not None and replace(now, rule=endpoint.rule) == endpoint
