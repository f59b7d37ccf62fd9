"""TLS is forwarded unread: every byte, both ways, with the ends and the pressure of both sides."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from paddock.gateway.server import Gateway
    from paddock.plan.model import Rule
    from tests.gateway.conftest import Allow, Sandbox, Upstreams

    Serve = Callable[[int], Gateway]
    Client = Callable[[str], str]

API = "api.example.test"
CONNECTED = """
s = socket.create_connection((name, 443), timeout=60)
s.sendall(hello)
"""


@pytest.fixture
def serve(allow: Allow, rule: Callable[..., Rule]) -> Serve:
    """`serve(port)`: a gateway that lets `API` reach a service on the host's loopback."""
    return lambda port: allow(rule(API, 443, port))


@pytest.fixture(scope="module")
def hello(make_hello: Callable[[str | None], bytes]) -> bytes:
    """How a client of `API` begins."""
    return make_hello(API)


@pytest.fixture
def client(sandbox: Sandbox, hello: bytes) -> Client:
    """`client(code)`: runs inside with a connection `s` to `API` that has sent `hello`; its output."""
    return lambda code: sandbox.python(CONNECTED + code, name=API, hello=hello)


def test_the_upstream_gets_the_hello_as_it_was_and_everything_behind_it(
    serve: Serve, client: Client, upstreams: Upstreams
) -> None:
    serve(upstreams.raw)
    code = """
got = s.recv(len(hello), socket.MSG_WAITALL)
s.sendall(b"and more")
print(got == hello, s.recv(8, socket.MSG_WAITALL))
"""
    assert client(code).split("\n")[0] == "True b'and more'"


def test_half_close_is_forwarded_and_the_answer_still_comes(
    serve: Serve, client: Client, upstreams: Upstreams, hello: bytes
) -> None:
    """The echo answers only when it has seen the end: 20 MiB go up, then the same come down."""
    gateway = serve(upstreams.echo)
    code = """
import hashlib
block = (b"\\x17\\3\\3\\x3f\\xfb" + bytes(0x3ffb)) * 64  # records of data, as after a handshake
for _ in range(20): s.sendall(block)
s.shutdown(socket.SHUT_WR)
data = read_all(s)
print(len(data), hashlib.sha256(data).hexdigest())
"""
    sent = hello + (b"\x17\3\3\x3f\xfb" + bytes(0x3FFB)) * 64 * 20
    assert client(code).split() == [str(len(sent)), hashlib.sha256(sent).hexdigest()]
    summary = gateway.stop()
    assert (summary.bytes_up, summary.bytes_down) == (len(sent), len(sent))


def resident_bytes(pid: int) -> int:
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_client_that_does_not_read_stops_the_upstream(
    sandbox: Sandbox, serve: Serve, client: Client, upstreams: Upstreams
) -> None:
    """Against a flood: what nobody reads must wait in the upstream, not in the gateway's memory."""
    gateway = serve(upstreams.flood)
    code = """
for _ in range(3): s.recv(1)
total, last = 0, -1
# Until nothing more arrives in the socket's own buffer: the pressure has reached all the way.
deadline = time.monotonic() + 20
while time.monotonic() < deadline:
    import fcntl, termios
    waiting = struct.unpack("i", fcntl.ioctl(s, termios.FIONREAD, b"....")) [0]
    if waiting and waiting == last: break
    last = waiting
    time.sleep(0.3)
print(open("/proc/self/status").read().count("Name"))
"""
    sandbox.python("socket.getaddrinfo(name, 443)", name=API)  # it is serving
    before = resident_bytes(gateway.pid)
    client(code)
    assert resident_bytes(gateway.pid) - before < 16 << 20
    assert gateway.stop().bytes_down < 64 << 20


def test_an_upstream_that_does_not_read_stops_the_client(serve: Serve, client: Client, upstreams: Upstreams) -> None:
    gateway = serve(upstreams.flood)
    code = """
s.recv(5)  # no TLS: now nobody looks any more
s.setblocking(False)
sent = 0
while select.select([], [s], [], 1)[1]:
    try: sent += s.send(bytes(65536))
    except BlockingIOError: pass
    if sent > 256 << 20: break
print(sent)
"""
    assert int(client(code)) < 64 << 20
    assert gateway.is_alive


def test_a_reset_stays_a_reset(serve: Serve, client: Client, upstreams: Upstreams) -> None:
    serve(upstreams.raw)
    code = """
s.recv(len(hello), socket.MSG_WAITALL)
s.sendall(b"reset")
try: print(s.recv(100))
except ConnectionResetError: print("reset")
"""
    assert client(code).strip() == "reset"


def test_both_sides_are_gone_when_one_is(serve: Serve, client: Client, allow: Allow, upstreams: Upstreams) -> None:
    serve(upstreams.flood)
    client("s.recv(1); s.close()")
    assert allow.wait_for(kind="connect")["verdict"] == "allowed"


def highest_resident_bytes(pid: int) -> int:
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))


def test_many_clients_that_do_not_read_cost_bounded_memory(
    sandbox: Sandbox, serve: Serve, upstreams: Upstreams, hello: bytes
) -> None:
    """A sandbox may open a thousand connections to a flood and read none: asyncio's defaults hold 320 KiB for each."""
    gateway = serve(upstreams.flood)
    sandbox.python("socket.getaddrinfo(name, 443)", name=API)  # it is serving
    before = highest_resident_bytes(gateway.pid)
    code = """
held = []
for _ in range(100):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.connect((name, 443))
    s.sendall(hello)
    s.recv(1)
    held.append(s)
# Another connection is served as always, and in turn: by then each of the others has had its share.
for _ in range(20): talk(name, 443, b"SSH-2.0-x\\n")
"""
    sandbox.python(code, name=API, hello=hello)
    assert highest_resident_bytes(gateway.pid) - before < 100 * 200 * 1024
