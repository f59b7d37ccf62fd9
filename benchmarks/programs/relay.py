"""The least that can stand between: `relay.py PORT…` copies bytes to these ports of this host, and judges nothing.

Prints a port of its own for each.
"""

from __future__ import annotations

import asyncio
import sys
from functools import partial


class End(asyncio.Protocol):
    """One end of a connection: what arrives here is written to the other one."""

    transport: asyncio.Transport
    other: End | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.other:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        if self.other:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other:
            self.other.transport.resume_reading()

    def connection_lost(self, _error: Exception | None) -> None:
        if self.other:
            self.other.transport.close()


class Client(End):
    """The end that was accepted."""

    def __init__(self, port: int) -> None:
        self.port = port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        asyncio.get_running_loop().call_soon(self.transport.pause_reading)
        self.task = asyncio.create_task(self.reach())

    async def reach(self) -> None:
        _, self.other = await asyncio.get_running_loop().create_connection(End, "127.0.0.1", self.port)
        self.other.other = self
        self.transport.resume_reading()


async def main() -> None:
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(partial(Client, int(port)), "127.0.0.1") for port in sys.argv[1:]]
    for server in servers:
        print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


asyncio.run(main())
