"""Ports in: connections to the host's own 127.0.0.1 that end at a server inside, and nothing else.

The socket that reaches the server is made inside by the maker and connected here, so the sandbox gets no interface
and the host no route.
"""

from __future__ import annotations

import errno
import socket

from paddock.errors import PaddockError
from paddock.gateway.inside.addresses import LOOPBACK
from paddock.gateway.relay import pair
from paddock.gateway.rules import Endpoint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import BaseTransport, Protocol, Transport
    from collections.abc import Iterable

    from paddock.gateway.connection import Talk
    from paddock.gateway.engine import Engine
    from paddock.gateway.inside.maker import Maker
    from paddock.plan.model import Published
else:
    Protocol = object  # asyncio asks for the methods, not for the class

_BACKLOG = 128
# Servers that were told "localhost" may have taken the one or the other.
_INSIDE = (LOOPBACK, "::1")


def open_ports(published: Iterable[Published]) -> tuple[tuple[Published, int], ...]:
    """Listen on this machine's 127.0.0.1 for each published port. Raises PaddockError; then none is left open."""
    made: list[tuple[Published, socket.socket]] = []
    for port in published:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        made.append((port, listener))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port.outside))
            listener.listen(_BACKLOG)
        except OSError as error:
            for _, each in made:
                each.close()
            raise _failure(port, error) from error
    return tuple((port, listener.detach()) for port, listener in made)


def _failure(port: Published, error: OSError) -> PaddockError:
    other = port.outside + 1 if port.outside < 65535 else 8080
    own = port.outside < 1024 and error.errno == errno.EACCES  # ip(7)
    return PaddockError(
        f"port {port.outside} cannot be published ({port.origin})",
        why="ports below 1024 are the administrator's" if own else error.strerror or "",
        next_step=f"paddock run --publish {8080 if own else other}:{port.inside} …",
        code="publish",
    )


def endpoint_of(port: Published) -> Endpoint:
    """A published port as the record and a talk know it."""
    return Endpoint(
        name=LOOPBACK, port=port.inside, address=LOOPBACK, spoken=frozenset(), target=LOOPBACK,
        target_port=port.inside, private=True, named=True, literal=True,
        rule=f"publish {port.outside}:{port.inside} ({port.origin})", upstream="",
    )  # fmt: skip


class Caller(Protocol):
    """A connection from this machine, until the server inside has taken it."""

    _talk: Talk | None = None

    def __init__(self, engine: Engine, maker: Maker, port: Published) -> None:
        self._engine = engine
        self._maker = maker
        self._port = port

    def connection_made(self, transport: BaseTransport) -> None:
        """Asyncio has the transport."""
        client: Transport = transport  # type: ignore[assignment] # a stream's
        self._talk = self._engine.admit_to(endpoint_of(self._port), client)
        if self._talk is not None:
            self._engine.hold(client)
            self._talk.start(self._relay(self._talk))

    def connection_lost(self, _error: Exception | None) -> None:
        """The transport is gone."""
        if self._talk is not None:
            self._talk.side_lost(self._talk.client)

    def data_received(self, data: bytes) -> None:
        """It is not read yet."""

    def eof_received(self) -> bool:
        """It is not read yet."""
        return True

    def pause_writing(self) -> None:
        """Nothing is written in this state."""

    def resume_writing(self) -> None:
        """As above."""

    async def _relay(self, talk: Talk) -> None:
        client, server = pair(talk)
        reached = await self._connect()
        if reached is None:
            talk.refuse("upstream-inside")
            return
        await self._engine.loop.create_connection(lambda: server, sock=reached)
        talk.lane = "published"
        talk.client.set_protocol(client)
        talk.client.resume_reading()

    async def _connect(self) -> socket.socket | None:
        for address in _INSIDE:
            there = socket.socket(fileno=self._maker.dialling(six=":" in address))
            try:
                await self._engine.loop.sock_connect(there, (address, self._port.inside))
            except OSError:
                there.close()
            except BaseException:
                there.close()  # cancelled
                raise
            else:
                return there
        return None
