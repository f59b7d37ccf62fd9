"""Accepting, also where nothing is left to accept with."""

from __future__ import annotations

import asyncio
import errno
import resource
import socket
from typing import TYPE_CHECKING, Any

from paddock.gateway import child, listener
from paddock.gateway.listener import AT_ONCE, Listener

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from paddock.plan.model import Rule
    from tests.gateway.conftest import Allow, Sandbox, Upstreams

FEW = 60


class Greeting(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"hello")
        transport.close()


class Scarce(socket.socket):
    """A listening socket that finds no descriptor a few times."""

    failures = 0
    tries = 0

    def accept(self) -> tuple[socket.socket, Any]:
        self.tries += 1
        if self.failures:
            self.failures -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


def served(count: int, failures: int) -> tuple[int, int]:
    """Have `count` clients served; how often accepting was tried, and how often it was told to be exhausted."""
    told: list[None] = []

    async def work(listening: Scarce) -> None:
        loop = asyncio.get_running_loop()
        Listener(loop, listening, Greeting, lambda: told.append(None))
        clients = [socket.create_connection(listening.getsockname()) for _ in range(count)]
        for client in clients:
            with client:
                client.setblocking(False)
                assert await loop.sock_recv(client, 10) == b"hello"
        loop.remove_reader(listening)

    with Scarce(socket.AF_INET) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(count)
        listening.failures = failures
        asyncio.run(asyncio.wait_for(work(listening), 20))
        return listening.tries, len(told)


def test_more_than_a_turn_takes_are_all_served() -> None:
    tries, told = served(3 * AT_ONCE, 0)
    assert told == 0
    assert tries >= 3 * AT_ONCE


def test_without_a_descriptor_it_tries_once_and_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "REST_S", 0.02)
    tries, told = served(1, 5)
    assert told == 5
    assert tries <= 5 + 2, "one for the client, one that finds nobody more"


def test_a_gateway_without_descriptors_says_so_and_serves_again(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: Callable[..., Rule], monkeypatch: pytest.MonkeyPatch
) -> None:
    def only_few() -> int:
        resource.setrlimit(resource.RLIMIT_NOFILE, (FEW, FEW))
        return 1 << 20  # and it does not know

    monkeypatch.setattr(child, "raise_descriptor_limit", only_few)
    gateway = allow(rule("web.example.test", 80, upstreams.http))
    code = """
socket.getaddrinfo("web.example.test", 80)  # it is serving
held = [socket.create_connection(("198.18.1.1", 80), timeout=60) for _ in range(count)]
time.sleep(2.5)
for s in held: s.close()
while True:
    try: print(urlopen("http://web.example.test/big/3", timeout=20).read()); break
    except (URLError, OSError): time.sleep(0.1)
"""
    assert sandbox.python(code, count=3 * FEW).strip() == "b'xxx'"
    line = allow.wait_for(reason="exhausted")
    assert (line["name"], line["port"]) == ("web.example.test", 80)
    summary = gateway.stop()
    assert summary.connections == 1
    (exhausted,) = [one for one in summary.refusals if one.reason == "exhausted"]
    assert exhausted.count < FEW, "once for each rest, not for each connection that waits"
