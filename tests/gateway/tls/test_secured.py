"""TLS between a transport and a protocol, against the standard library's own, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from typing import TYPE_CHECKING, Any

import pytest

from paddock.gateway.tls import secured
from paddock.gateway.tls.authority import Authority
from paddock.gateway.tls.secured import Secured
from paddock.gateway.tls.session import Session

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

HOST = "api.example.test"
BIG = bytes(range(256)) * 4096  # a mebibyte


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority([HOST])


class Inner(asyncio.Protocol):
    """What is on top: keeps what it got."""

    def __init__(self, *, keeps_open: bool = True) -> None:
        self.got = b""
        self.ended = 0
        self.lost: list[Exception | None] = []
        self.paused: list[bool] = []
        self._keeps_open = keeps_open

    def data_received(self, data: bytes) -> None:
        self.got += data

    def eof_received(self) -> bool:
        self.ended += 1
        return self._keeps_open

    def connection_lost(self, error: Exception | None) -> None:
        self.lost.append(error)

    def pause_writing(self) -> None:
        self.paused.append(True)

    def resume_writing(self) -> None:
        self.paused.append(False)


class Serving:
    """Our side as a server, and the other end of its socket."""

    side: Secured
    begun: list[Exception | None]

    def __init__(self, authority: Authority, peer: socket.socket) -> None:
        self.authority, self.peer = authority, peer
        self.inner = Inner()

    async def connected(self) -> Client:
        """A client after the handshake, of which the server's side is the last to know."""
        client = self.client()
        await client.shake_hands()
        await until(lambda: self.begun)
        return client

    def client(self) -> Client:
        trusting = ssl.create_default_context(cadata=self.authority.certificate.decode())
        return Client(self.peer, trusting)


class Client:
    """The standard library's TLS at the other end, step by step."""

    def __init__(self, peer: socket.socket, context: ssl.SSLContext) -> None:
        self.peer = peer
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=HOST)

    async def until(self, step: Callable[[], Any]) -> Any:
        """Do something that may need more bytes first."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                await self.flush()
                data = await loop.sock_recv(self.peer, 1 << 16)
                self.incoming.write(data) if data else self.incoming.write_eof()
            else:
                await self.flush()
                return result

    async def flush(self) -> None:
        data = self.outgoing.read()
        if data:
            await asyncio.get_running_loop().sock_sendall(self.peer, data)

    async def shake_hands(self) -> None:
        await self.until(self.tls.do_handshake)

    async def read_to_end(self) -> bytes:
        data = b""
        with contextlib.suppress(ssl.SSLZeroReturnError):
            while more := await self.until(lambda: self.tls.read(1 << 16)):
                data += more
        return data


def run(authority: Authority, play: Callable[[Serving], Awaitable[None]], *, lenient: bool = False) -> None:
    async def main() -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        serving = Serving(authority, theirs)
        serving.begun = []
        loop = asyncio.get_running_loop()
        session = Session(authority.context(HOST), server_side=True)
        serving.side = Secured(session, loop, serving.begun.append, lenient=lenient)
        serving.side.set_protocol(serving.inner)
        await loop.create_connection(lambda: serving.side, sock=ours)
        try:
            await asyncio.wait_for(play(serving), 30)
        finally:
            serving.side.abort()
            theirs.close()
            await asyncio.sleep(0)

    asyncio.run(main())


async def until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110 - nothing but the loop itself tells
        await asyncio.sleep(0)


def test_bytes_go_both_ways_and_each_side_may_end_first(authority: Authority) -> None:
    async def play(here: Serving) -> None:
        client = await here.connected()
        assert here.begun == [None]
        client.tls.write(b"question")
        await client.flush()
        await until(lambda: here.inner.got)
        with contextlib.suppress(ssl.SSLWantReadError):
            client.tls.unwrap()  # it says no more, and still listens
        await client.flush()
        await until(lambda: here.inner.ended)
        here.side.write(b"answer")
        here.side.close()
        assert (here.inner.got, await client.read_to_end()) == (b"question", b"answer")
        await until(lambda: here.inner.lost)
        assert here.inner.lost == [None]

    run(authority, play)


def test_much_arrives_whole_under_back_pressure(authority: Authority) -> None:
    async def play(here: Serving) -> None:
        client = await here.connected()
        here.side.write(BIG)
        assert here.inner.paused == [True]
        assert here.side.get_write_buffer_size() > 0
        here.side.close()
        assert await client.read_to_end() == BIG

    run(authority, play)


def test_nothing_is_handed_on_while_it_is_paused(authority: Authority) -> None:
    async def play(here: Serving) -> None:
        client = await here.connected()
        pausing = here.inner
        pausing.data_received = lambda data: (Inner.data_received(pausing, data), here.side.pause_reading())[0]  # type: ignore[method-assign]
        client.tls.write(b"a" * 40_000)
        await client.flush()
        await until(lambda: pausing.got)
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(pausing.got) <= 1 << 14  # one record
        while len(pausing.got) < 40_000:
            here.side.resume_reading()
            await asyncio.sleep(0)
        assert pausing.got == b"a" * 40_000

    run(authority, play)


@pytest.mark.parametrize("lenient", [True, False])
def test_an_end_that_was_not_said_is_an_end_for_the_lenient_alone(authority: Authority, lenient: bool) -> None:
    async def play(here: Serving) -> None:
        client = await here.connected()
        client.peer.shutdown(socket.SHUT_WR)
        await until(lambda: here.inner.ended or here.inner.lost)
        assert here.inner.ended == lenient
        if not lenient:
            assert isinstance(here.inner.lost[0], ssl.SSLError)

    run(authority, play, lenient=lenient)


def test_damaged_bytes_break_the_connection(authority: Authority) -> None:
    async def play(here: Serving) -> None:
        client = await here.connected()
        client.tls.write(b"damaged")
        data = bytearray(client.outgoing.read())
        data[-1] ^= 1
        client.peer.sendall(data)
        await until(lambda: here.inner.lost)
        assert isinstance(here.inner.lost[0], ssl.SSLError)
        assert here.inner.got == b""

    run(authority, play)


def test_what_comes_after_our_end_is_handed_on_unread(authority: Authority) -> None:
    """`Closing` counts it and throws it away."""

    async def play(here: Serving) -> None:
        client = await here.connected()
        here.side.write(b"last words")
        here.side.write_eof()
        here.side.write(b"nothing more")
        assert await client.read_to_end() == b"last words"
        client.tls.write(b"still talking")
        await client.flush()
        await until(lambda: here.inner.got)
        assert b"still talking" not in here.inner.got

    run(authority, play)


def test_a_handshake_that_fails_is_told_once_and_to_nobody_else(authority: Authority) -> None:
    async def play(here: Serving) -> None:
        here.peer.sendall(b"GET / HTTP/1.1\r\n\r\n")
        await until(lambda: here.begun)
        assert isinstance(here.begun[0], ssl.SSLError)
        here.side.abort()
        await asyncio.sleep(0.01)
        assert len(here.begun) == 1
        assert here.inner.lost == []

    run(authority, play)


def test_a_client_that_goes_away_in_the_handshake_is_told_once(authority: Authority) -> None:
    async def play(here: Serving) -> None:
        client = here.client()
        with contextlib.suppress(ssl.SSLWantReadError):
            client.tls.do_handshake()
        await client.flush()
        here.peer.close()
        await until(lambda: here.begun)
        assert here.begun[0] is not None

    run(authority, play)


def test_what_a_failed_handshake_is_called() -> None:
    assert secured.upstream_reason(ssl.SSLCertVerificationError()) == "upstream-certificate"
    assert secured.upstream_reason(ssl.SSLError()) == "upstream-tls"
    assert secured.upstream_reason(ConnectionResetError()) == "upstream-closed"
    disbelief = ssl.SSLError()
    disbelief.reason = "TLSV1_ALERT_UNKNOWN_CA"
    assert secured.client_reason(disbelief) == "tls-not-trusted"
    assert secured.client_reason(ssl.SSLError()) == "tls-handshake"
