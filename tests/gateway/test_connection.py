"""How connections end: the last words arrive, and nobody is waited for without end."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import pytest

from paddock.gateway import connection
from paddock.gateway.connection import Closing, Talk, reset
from paddock.plan.model import Rule
from paddock.policy.model import Origin
from tests.gateway.conftest import endpoint_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tests.gateway.conftest import Allow, Sandbox, Upstreams

ENDPOINT = endpoint_of(Rule("api.example.test", 80, Origin("flag")))


class Notes:
    """Stands in for the record: what would be written."""

    def __init__(self) -> None:
        self.lines: list[tuple[object, ...]] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda _, *more: self.lines.append((name, *(word for word in more if word != "")))


class StandIn:
    """Stands in for the engine."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.record = Notes()
        self.talks: set[Talk] = set()


class Idle(asyncio.Protocol):
    """Before the talk has closed."""


async def talk_and_peer() -> tuple[Any, socket.socket]:
    """A talk on one end of a socket pair, and the other end as the client holds it."""
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    transport, _ = await loop.create_connection(Idle, sock=ours)
    made = Talk(StandIn(loop), ENDPOINT, transport)  # type: ignore[arg-type]
    theirs.setblocking(False)
    return made, theirs


async def over(talk: Talk) -> None:
    """Until the talk has lost its transport."""
    while talk._sides:  # noqa: ASYNC110 - nothing but the loop itself tells
        await asyncio.sleep(0)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 20))


def test_the_last_words_arrive_and_then_the_end() -> None:
    async def work() -> None:
        talk, peer = await talk_and_peer()
        with peer:
            talk.refuse("silent", b"no")
            assert await talk.engine.loop.sock_recv(peer, 10) == b"no"
            assert await talk.engine.loop.sock_recv(peer, 10) == b""
        await over(talk)
        assert talk.engine.record.lines == [("refused", "silent")]

    run(work())


def test_a_peer_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LOOK_AGAIN_S", 0.01)

    async def work() -> None:
        talk, peer = await talk_and_peer()
        with peer:
            talk.close(b"no")
            await over(talk)

    run(work())


def test_a_peer_that_does_not_read_is_waited_for_only_while_it_makes_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LOOK_AGAIN_S", 0.01)

    async def work() -> None:
        talk, peer = await talk_and_peer()
        with peer:
            talk.close(bytes(4 << 20))
            got = 0
            while got < 2 << 20:  # slow, but reading: nothing is cut off
                got += len(await talk.engine.loop.sock_recv(peer, 65536))
                await asyncio.sleep(0.011)
                assert talk._sides
            await over(talk)  # and now it has stopped reading

    run(work())


def test_a_peer_that_floods_a_closed_connection_is_given_up() -> None:
    async def work() -> None:
        talk, peer = await talk_and_peer()
        with peer:
            talk.close()
            with pytest.raises(OSError):
                await talk.engine.loop.sock_sendall(peer, bytes(64 << 20))

    run(work())


def test_a_reset_is_seen_as_one() -> None:
    async def work() -> None:
        loop = asyncio.get_running_loop()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            peer = socket.create_connection(listener.getsockname())
            accepted, _ = listener.accept()
        transport, _ = await loop.create_connection(Idle, sock=accepted)
        reset(transport)
        peer.setblocking(False)
        with peer, pytest.raises(ConnectionResetError):
            await loop.sock_recv(peer, 1)

    run(work())


def test_a_task_that_fails_refuses_its_connection_and_no_other() -> None:
    async def work() -> None:
        talk, peer = await talk_and_peer()

        async def fails() -> None:
            raise ZeroDivisionError

        with peer:
            talk.start(fails())
            assert await talk.engine.loop.sock_recv(peer, 10) == b""
        assert talk.engine.record.lines == [("refused", "failed")]

    run(work())


def test_a_connection_has_one_line_whatever_happens() -> None:
    async def work() -> None:
        talk, peer = await talk_and_peer()
        talk.lane = "tls"
        talk.client.set_protocol(Closing(talk, talk.client))
        peer.close()
        await over(talk)
        talk.settle()
        talk.settle()
        assert talk.engine.record.lines == [("connected", "tls", 0, 0)]

    run(work())


def test_a_refusal_reaches_a_client_that_is_still_sending(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: Callable[..., Rule]
) -> None:
    """Closing with unread bytes sends a reset, and a reset eats the refusal: so they are read first."""
    allow(rule("web.example.test", 80, upstreams.http))
    code = r"""
s = socket.create_connection(("web.example.test", 80), timeout=20)
s.sendall(b"POST / HTTP/1.1\r\nHost: evil.test\r\nContent-Length: 900000\r\n\r\n" + bytes(900000))
data = read_all(s)
print(data.split(b" ")[1].decode(), data.endswith(b"<reset>"))
"""
    assert sandbox.python(code).split() == ["421", "False"]


class Whole:
    """A side of which no half can be ended, as with TLS."""

    def __init__(self) -> None:
        self.did: list[str] = []

    def can_write_eof(self) -> bool:
        return False

    def write_eof(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self.did.append("close")


def test_a_side_that_cannot_end_one_direction_ends_both() -> None:
    side = Whole()
    connection.write_end(side)  # type: ignore[arg-type] # all that is used of one
    assert side.did == ["close"]
