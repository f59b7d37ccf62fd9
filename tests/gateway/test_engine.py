"""The engine as a whole: limits, the resolver's answers through the guard, what survives."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from paddock.gateway import engine
from paddock.gateway.outside import dial
from paddock.gateway.outside.dial import Address
from paddock.plan.model import Rule
from paddock.policy.model import Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.gateway.conftest import Allow, Sandbox, Upstreams

    MakeRule = Callable[..., Rule]
    MakeHello = Callable[[str | None], bytes]

API = "api.example.test"


def test_connections_beyond_the_limit_are_turned_away_and_others_live_on(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: MakeRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "MOST_CONNECTIONS", 20)
    allow(rule("web.example.test", 80, upstreams.http))
    code = r"""
def ask(s):
    s.sendall(b"GET /big/1 HTTP/1.1\r\nHost: web.example.test\r\n\r\n")
    try: return s.recv(65536)[9:12]
    except ConnectionResetError: return b""
held = [socket.create_connection(("web.example.test", 80), timeout=20) for _ in range(20)]
print({ask(s) for s in held})
more = [socket.create_connection(("web.example.test", 80), timeout=20) for _ in range(5)]
print({ask(s) for s in more})
for s in held: s.close()
while ask(socket.create_connection(("web.example.test", 80), timeout=20)) != b"200": pass
print("again")
"""
    assert sandbox.python(code).splitlines() == ["{b'200'}", "{b''}", "again"]
    assert allow.wait_for(reason="too-many-connections")["verdict"] == "refused"


@pytest.mark.parametrize(
    ("address", "kind"), [("127.0.0.1", "loopback"), ("169.254.169.254", "metadata"), ("10.0.0.1", "private")]
)
def test_a_name_that_is_rebound_is_not_dialled(
    sandbox: Sandbox, allow: Allow, monkeypatch: pytest.MonkeyPatch, address: str, kind: str
) -> None:
    monkeypatch.setattr(dial, "resolve", lambda _, port: [Address(socket.AF_INET, (address, port))])
    allow(Rule("rebound.example.test", 80, Origin("flag")))
    code = """
try: urlopen("http://rebound.example.test/", timeout=20)
except HTTPError as error: print(error.code, error.headers["X-Paddock-Reason"], error.read().decode())
"""
    out = sandbox.python(code)
    assert out.startswith(f"403 address-{kind} ")
    assert address not in out


def test_the_resolver_is_asked_once_for_each_connection(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name whose second answer is another one: the first was judged, and the first is dialled."""
    answers = iter([("127.0.0.1", upstreams.http)])

    def resolve(_: str, __: int) -> list[Address]:
        return [Address(socket.AF_INET, next(answers, ("127.0.0.1", 9)))]

    monkeypatch.setattr(dial, "resolve", resolve)
    allow(Rule("once.example.test", 80, Origin("flag"), upstream="svc.example.test:80", private=True))
    out = sandbox.python("for _ in range(1): print(urlopen('http://once.example.test/big/3', timeout=20).read())")
    assert out.strip() == "b'xxx'"


def test_an_address_without_a_rule_is_turned_away(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: MakeRule
) -> None:
    allow(rule(API, 443, upstreams.tls))
    code = """
import errno
for where in (("198.18.1.1", 80), ("198.18.1.2", 443), ("198.19.255.254", 443), ("198.18.0.1", 80)):
    with socket.socket() as s: print(errno.errorcode[s.connect_ex(where)])
"""
    assert sandbox.python(code).split() == ["ECONNREFUSED"] * 4


def test_hundreds_of_connections_at_once_are_served(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: MakeRule, make_hello: MakeHello
) -> None:
    gateway = allow(rule(API, 443, upstreams.raw))
    code = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
held = []
for _ in range(500):
    s = socket.create_connection(("198.18.1.1", 443), timeout=60)
    s.sendall(hello)
    held.append(s)
print(sum(s.recv(len(hello), socket.MSG_WAITALL) == hello for s in held))
"""
    assert sandbox.python(code, hello=make_hello(API)).strip() == "500"
    assert gateway.stop().connections == 500


HOLDING = r"""
import asyncio, resource
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
async def answer(reader, writer):
    while await reader.readuntil(b"\r\n\r\n"): writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
async def serve():
    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(serve())
"""


@pytest.fixture
def holding() -> Iterator[int]:
    """A service that holds thousands of connections; its port."""
    server = subprocess.Popen([sys.executable, "-I", "-c", HOLDING], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    with server:
        assert server.stdout
        yield int(server.stdout.readline())
        server.kill()


def resident_bytes(pid: int) -> int:
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_thousands_of_connections_are_held_where_the_policy_says_so_with_little_memory(
    sandbox: Sandbox, allow: Allow, holding: int, rule: MakeRule
) -> None:
    """PADDOCK_HELD=10000 holds that many, if the limit on open files lets it."""
    count = int(os.environ.get("PADDOCK_HELD", "1500"))
    gateway = allow(rule("web.example.test", 80, holding), connections=count + 1)
    code = r"""
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
def ask(s):
    s.sendall(b"GET /big/1 HTTP/1.1\r\nHost: web.example.test\r\nUser-Agent: some client\r\nAccept: */*\r\n\r\n")
    return s.recv(65536)[9:12]
held = [socket.create_connection(("198.18.1.1", 80), timeout=60) for _ in range(count // 10)]
print({ask(s) for s in held}); sys.stdout.flush()
for _ in range(count - len(held)):
    held.append(socket.create_connection(("198.18.1.1", 80), timeout=60)); ask(held[-1])
print({ask(s) for s in held}, len(held))
"""
    before = resident_bytes(gateway.pid)
    done = sandbox.python(code, count=count)
    assert done.splitlines() == ["{b'200'}", f"{{b'200'}} {count}"]
    grown = resident_bytes(gateway.pid) - before
    assert grown / count < 100 << 10, f"{grown >> 20} MiB for {count}"
    assert gateway.stop().connections == count


def test_a_full_record_ends_the_network_and_says_so(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: MakeRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing goes out that is not recorded."""
    from paddock.gateway import record

    monkeypatch.setattr(record.Record.__init__, "__defaults__", (8000,))
    gateway = allow(rule("web.example.test", 80, upstreams.http))
    code = """
n = 0
try:
    while n < 1000: urlopen("http://web.example.test/big/1", timeout=20).read(); n += 1
except (URLError, OSError): print(n < 20)
"""
    assert sandbox.python(code).strip() == "True"
    assert gateway.stop().ended == "the record is full"
