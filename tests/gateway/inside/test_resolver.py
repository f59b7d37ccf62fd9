"""The resolver as programs inside see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paddock.plan.model import Rule
from paddock.policy.model import Origin

if TYPE_CHECKING:
    from tests.gateway.conftest import Allow, Sandbox

API = Rule("api.example.test", 443, Origin("flag"))

QUERY = r"""
def question(name, kind=1):
    labels = b"".join(bytes([len(l)]) + l for l in name.split(b"."))
    return b"\xbe\xef\1\0\0\1\0\0\0\0\0\0" + labels + b"\0" + struct.pack("!HH", kind, 1)
def udp(data):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(20); s.connect(("198.18.0.1", 53)); s.send(data)
        return s.recv(4096)
"""


def test_allowed_names_resolve_and_all_others_do_not_exist(sandbox: Sandbox, allow: Allow) -> None:
    allow(API)
    code = """
print(socket.getaddrinfo("API.example.test", 443, type=socket.SOCK_STREAM)[0][4][0])
for name in ("other.example.test", "x.api.example.test", "exfiltrated-secret.evil.test"):
    try: print(socket.getaddrinfo(name, 443))
    except socket.gaierror as error: print(error.errno == socket.EAI_NONAME)
"""
    assert sandbox.python(code).split() == ["198.18.1.1", "True", "True", "True"]
    refused = [line["name"] for line in allow.lines() if line.get("verdict") == "refused"]
    assert refused == ["other.example.test", "x.api.example.test", "exfiltrated-secret.evil.test"]


def test_what_was_asked_before_the_gateway_was_up_is_answered(sandbox: Sandbox, allow: Allow) -> None:
    """`start` returns when the sockets exist: this query waits in the socket while asyncio is imported."""
    allow(API)
    assert sandbox.python(QUERY + "print(udp(question(b'api.example.test'))[-4:].hex())").strip() == "c6120101"


def test_queries_over_tcp_are_answered_one_after_the_other(sandbox: Sandbox, allow: Allow) -> None:
    allow(API)
    code = """
s = socket.create_connection(("198.18.0.1", 53), timeout=20)
for name in (b"api.example.test", b"evil.test"):
    q = question(name)
    for byte in struct.pack("!H", len(q)) + q: s.sendall(bytes([byte]))
    size, = struct.unpack("!H", s.recv(2, socket.MSG_WAITALL))
    r = s.recv(size, socket.MSG_WAITALL)
    print(r[3] & 15, r[7])
s.sendall(struct.pack("!H", 60000))
print(s.recv(10))
"""
    assert sandbox.python(QUERY + code).split("\n")[:2] == ["0 1", "3 0"]


def test_malformed_queries_get_an_error_and_the_resolver_lives_on(sandbox: Sandbox, allow: Allow) -> None:
    allow(API)
    code = """
print(udp(question(b"api.example.test")[:-3])[3] & 15)
print(udp(question(b"api.example.test") + bytes(1000))[3] & 15)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    for size in range(60): s.sendto(bytes(size), ("198.18.0.1", 53))
print(udp(question(b"api.example.test", 28))[3] & 15)
"""
    assert sandbox.python(QUERY + code).split() == ["1", "1", "0"]
    assert allow.wait_for(reason="dns-malformed")["verdict"] == "refused"


def test_a_name_that_is_asked_often_is_one_line_and_a_count(sandbox: Sandbox, allow: Allow) -> None:
    gateway = allow(API)
    sandbox.python(QUERY + "for _ in range(200): udp(question(b'evil.test'))")
    summary = gateway.stop()
    assert summary.names_refused == 200
    assert [(r.name, r.count) for r in summary.refusals] == [("evil.test", 200)]
    assert [line.get("count") for line in allow.lines() if line["kind"] == "dns"] == [None, 200]


def test_streams_are_bounded(sandbox: Sandbox, allow: Allow) -> None:
    allow(API)
    code = """
open_ones = [socket.create_connection(("198.18.0.1", 53), timeout=20) for _ in range(80)]
closed = 0
for s in open_ones[64:]:
    try: closed += s.recv(1) == b""
    except ConnectionResetError: closed += 1
print(closed, udp(question(b"api.example.test"))[3] & 15)
"""
    assert sandbox.python(QUERY + code).split() == ["16", "0"]
