"""Ports in, and services of the host: through a real gateway."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paddock.errors import PaddockError
from paddock.gateway import publishing
from paddock.plan.model import Published
from paddock.policy.model import Origin
from paddock.probes.scenarios.network import free_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from paddock.plan.model import Rule
    from tests.gateway.conftest import Allow, Sandbox, Upstreams

    MakeRule = Callable[..., Rule]

IN_BOTH_WAYS = True

ORIGIN = Origin("flag", "--publish")

SERVE_ONCE = """
listener = socket.create_server((where, 3000), family=socket.AF_INET6 if ":" in where else socket.AF_INET)
subprocess = __import__("subprocess")
if os.fork() == 0:
    os.setsid()
    for stream in (0, 1, 2): os.close(stream)
    connection, peer = listener.accept()
    listener.close()  # before its one caller has its answer: the next test's may want the port
    data = b""
    while more := connection.recv(65536): data += more
    connection.sendall(b"heard " + str(len(data)).encode() + b" from " + peer[0].encode())
    connection.close()
    os._exit(0)
"""


def say(port: int, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall(data)
        line.shutdown(socket.SHUT_WR)
        heard = b""
        while more := line.recv(65536):
            heard += more
        return heard


@pytest.mark.parametrize("where", ["127.0.0.1", "::1", "0.0.0.0"])
def test_a_server_inside_is_reached_at_the_hosts_own_address(sandbox: Sandbox, allow: Allow, where: str) -> None:
    port = free_port()
    allow(published=(Published(3000, port, ORIGIN),))
    sandbox.python(SERVE_ONCE, where=where)
    heard = say(port, b"x" * 300_000)
    assert heard.startswith(b"heard 300000 from ")
    line = allow.wait_for(kind="connect")
    assert (line["rule"], line["up"], line["down"]) == (f"publish {port}:3000 (flag --publish)", 300_000, len(heard))


def test_where_nothing_listens_the_caller_is_told_by_an_end(sandbox: Sandbox, allow: Allow) -> None:
    port = free_port()
    allow(published=(Published(3001, port, ORIGIN),))
    assert say(port, b"hello") == b""
    assert allow.wait_for(kind="connect")["reason"] == "upstream-inside"


def test_only_the_hosts_own_address_is_listened_on(allow: Allow) -> None:
    port = free_port()
    allow(published=(Published(3000, port, ORIGIN),))
    lines = Path("/proc/net/tcp").read_text("ascii").splitlines()
    words = [line.split() for line in lines if f":{port:04X}" in line.split()[1]]
    listening = [local for _, local, _, state, *_ in words if state == "0A"]  # others may have a connection from it
    assert listening == [f"0100007F:{port:04X}"]


def test_a_port_in_use_is_named_with_another_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PaddockError, match=f"port {port} cannot be published") as caught:
            publishing.open_ports([Published(3000, free_port(), ORIGIN), Published(3001, port, ORIGIN)])
    assert "--publish" in caught.value.next_step
    assert caught.value.why == "Address already in use"


def test_the_port_is_free_again_when_the_gateway_has_ended(allow: Allow) -> None:
    port = free_port()
    allow(published=(Published(3000, port, ORIGIN),)).stop()
    with pytest.raises(ConnectionRefusedError):
        say(port, b"")


def test_a_raw_rule_carries_a_protocol_in_which_the_server_speaks_first(
    sandbox: Sandbox, allow: Allow, rule: MakeRule
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"220 hello\r\n")
                connection.sendall(connection.recv(100))

        thread = threading.Thread(target=greet)
        thread.start()
        allow(rule("host", 5432, server.getsockname()[1], raw=True))
        code = """
s = socket.create_connection(("host", 5432), timeout=30)
print(s.recv(100)); s.sendall(b"QUIT"); print(s.recv(100), s.recv(100))
"""
        assert sandbox.python(code).split() == ["b'220", "hello\\r\\n'", "b'QUIT'", "b''"]
        thread.join()
    assert allow.wait_for(kind="connect")["reason"] == "raw"


def test_without_raw_the_same_is_refused(sandbox: Sandbox, allow: Allow, rule: MakeRule, upstreams: Upstreams) -> None:
    allow(rule("host", 5432, upstreams.raw))
    code = """
s = socket.create_connection(("host", 5432), timeout=30)
s.sendall(b"\\x00\\x00\\x00\\x08\\x04\\xd2\\x16\\x2f"); print(s.recv(100))
"""
    assert sandbox.python(code).strip() == "b''"
    assert allow.wait_for(kind="refused")["reason"] == "not-tls-or-http"
