"""TLS is forwarded unread: every byte, both ways, with the ends and the pressure of both sides."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from paddock.plan.model import Rule
    from tests.gateway.conftest import Allow, Sandbox, Upstreams

    MakeRule = Callable[..., Rule]
    MakeHello = Callable[[str | None], bytes]

API = "api.example.test"


def test_the_upstream_gets_the_hello_as_it_was_and_everything_behind_it(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: MakeRule, make_hello: MakeHello
) -> None:
    allow(rule(API, 443, upstreams.raw))
    hello = make_hello(API)
    code = """
s = socket.create_connection((name, 443), timeout=20)
s.sendall(hello)
got = s.recv(len(hello), socket.MSG_WAITALL)
s.sendall(b"and more")
print(got == hello, s.recv(8, socket.MSG_WAITALL))
"""
    assert sandbox.python(code, name=API, hello=hello).split("\n")[0] == "True b'and more'"


def test_half_close_is_forwarded_and_the_answer_still_comes(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: MakeRule, make_hello: MakeHello
) -> None:
    """The echo answers only when it has seen the end: 20 MiB go up, then the same come down."""
    gateway = allow(rule(API, 443, upstreams.echo))
    code = """
import hashlib
s = socket.create_connection((name, 443), timeout=60)
block = bytes(range(256)) * 4096
s.sendall(hello)
for _ in range(20): s.sendall(block)
s.shutdown(socket.SHUT_WR)
data = read_all(s)
print(len(data), hashlib.sha256(data).hexdigest())
"""
    hello = make_hello(API)
    sent = hello + bytes(range(256)) * 4096 * 20
    assert sandbox.python(code, name=API, hello=hello).split() == [str(len(sent)), hashlib.sha256(sent).hexdigest()]
    summary = gateway.stop()
    assert (summary.bytes_up, summary.bytes_down) == (len(sent), len(sent))


def resident_bytes(pid: int) -> int:
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_client_that_does_not_read_stops_the_upstream(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: MakeRule, make_hello: MakeHello
) -> None:
    """Against a flood: what nobody reads must wait in the upstream, not in the gateway's memory."""
    gateway = allow(rule(API, 443, upstreams.flood))
    code = """
s = socket.create_connection((name, 443), timeout=20)
s.sendall(hello)
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
    sandbox.python("s = talk", name=API)  # the interpreter is warm
    before = resident_bytes(gateway.pid)
    sandbox.python(code, name=API, hello=make_hello(API))
    assert resident_bytes(gateway.pid) - before < 16 << 20
    assert gateway.stop().bytes_down < 64 << 20


def test_an_upstream_that_does_not_read_stops_the_client(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: MakeRule, make_hello: MakeHello
) -> None:
    gateway = allow(rule(API, 443, upstreams.flood))
    code = """
s = socket.create_connection((name, 443), timeout=20)
s.sendall(hello)
s.setblocking(False)
sent = 0
while select.select([], [s], [], 1)[1]:
    try: sent += s.send(bytes(65536))
    except BlockingIOError: pass
    if sent > 256 << 20: break
print(sent)
"""
    assert int(sandbox.python(code, name=API, hello=make_hello(API))) < 64 << 20
    assert gateway.is_alive


def test_a_reset_stays_a_reset(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: MakeRule, make_hello: MakeHello
) -> None:
    allow(rule(API, 443, upstreams.raw))
    code = """
s = socket.create_connection((name, 443), timeout=20)
s.sendall(hello)
s.recv(len(hello), socket.MSG_WAITALL)
s.sendall(b"reset")
try: print(s.recv(100))
except ConnectionResetError: print("reset")
"""
    assert sandbox.python(code, name=API, hello=make_hello(API)).strip() == "reset"


def test_both_sides_are_gone_when_one_is(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: MakeRule, make_hello: MakeHello
) -> None:
    allow(rule(API, 443, upstreams.flood))
    code = "s = socket.create_connection((name, 443), timeout=20); s.sendall(hello); s.recv(1); s.close()"
    sandbox.python(code, name=API, hello=make_hello(API))
    assert allow.wait_for(kind="connect")["verdict"] == "allowed"


def highest_resident_bytes(pid: int) -> int:
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))


def test_many_clients_that_do_not_read_cost_bounded_memory(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: MakeRule, make_hello: MakeHello
) -> None:
    """A sandbox may open a thousand connections to a flood and read none: asyncio's defaults hold 320 KiB for each."""
    gateway = allow(rule(API, 443, upstreams.flood))
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
    sandbox.python(code, name=API, hello=make_hello(API))
    assert highest_resident_bytes(gateway.pid) - before < 100 * 200 * 1024
