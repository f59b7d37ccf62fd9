"""Plain HTTP through the gateway, with ordinary clients and with awkward ones."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from paddock.gateway.engine import Engine
from paddock.gateway.http import web
from paddock.gateway.outside import dial
from paddock.plan.model import Rule
from paddock.policy.model import Origin
from tests.capabilities import needs

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from paddock.gateway.table import Asked
    from tests.gateway.conftest import Allow, Sandbox, Upstreams

    MakeRule = Callable[..., Rule]

WEB = "web.example.test"


@pytest.fixture
def served(allow: Allow, upstreams: Upstreams, rule: MakeRule) -> Allow:
    allow(rule(WEB, 80, upstreams.http))
    return allow


@needs("curl")
def test_curl_works_unchanged_and_one_connection_serves_many(sandbox: Sandbox, served: Allow) -> None:
    done = sandbox.run("curl", "-sS", f"http://{WEB}/seen", f"http://{WEB}/seen?2")
    first, second = (json.loads(part + "}") for part in done.text.split("}")[:2])
    assert (first["line"], second["line"]) == ("GET /seen HTTP/1.1", "GET /seen?2 HTTP/1.1")
    assert ["Host", WEB] in first["headers"]
    assert first["port"] == second["port"]
    assert served.wait_for(kind="connect")["reason"] == "http"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("chunked", b"hello world"),
        ("close", b"until the end"),
        ("204", b""),
        ("big/3000000", b"x" * 3_000_000),
    ],
)
def test_every_shape_of_response_arrives(sandbox: Sandbox, served: Allow, path: str, expected: bytes) -> None:
    code = "sys.stdout.buffer.write(urlopen(f'http://{name}/{path}', timeout=20).read())"
    assert sandbox.python(code, name=WEB, path=path).encode() == expected


@needs("curl")
def test_interim_responses_arrive(sandbox: Sandbox, served: Allow) -> None:
    done = sandbox.run("curl", "-sSi", f"http://{WEB}/hints")
    assert done.text.startswith("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert done.text.endswith("after the hints")


def test_head_and_not_modified_have_no_body(sandbox: Sandbox, served: Allow) -> None:
    code = """
for request in (b"HEAD /big/10", b"GET /304", b"GET /big/3"):
    data = talk(name, 80, request + b" HTTP/1.1\\r\\nHost: " + name.encode() + b"\\r\\nConnection: close\\r\\n\\r\\n")
    print(data.split(b" ")[1].decode(), data.split(b"\\r\\n\\r\\n", 1)[1])
"""
    assert sandbox.python(code, name=WEB).splitlines() == ["200 b''", "304 b''", "200 b'xxx'"]


def test_bodies_go_up_with_a_length_and_in_chunks(sandbox: Sandbox, served: Allow) -> None:
    code = """
body = os.urandom(2_000_000)
print(urlopen(Request(f"http://{name}/", data=body, method="POST"), timeout=20).read() == body)
parts = [body[at:at + 9999] for at in range(0, 500_000, 9999)]
import http.client
c = http.client.HTTPConnection(name, timeout=20)
c.request("POST", "/", body=iter(parts), encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
print(c.getresponse().read() == b"".join(parts))
"""
    assert sandbox.python(code, name=WEB).split() == ["True", "True"]


def test_a_body_that_comes_while_the_service_is_being_reached_waits_for_it(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: MakeRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client is stopped at its second piece, so that nobody collects what a slow service has not taken."""
    connect, asked, names = dial.connect, Engine.asked, set[str]()

    async def slowly(*more: Any) -> socket.socket:
        while "now.example.test" not in names:  # noqa: ASYNC110 - an event would belong to one loop, and this is forked
            await asyncio.sleep(0.01)
        return await connect(*more)

    def hear(engine: Engine, name: str) -> Asked:
        names.add(name)
        return asked(engine, name)

    monkeypatch.setattr(dial, "connect", slowly)
    monkeypatch.setattr(Engine, "asked", hear)
    gateway = allow(rule(WEB, 80, upstreams.http))
    code = """
body = bytes(64_000_000)
s = socket.create_connection((name, 80), timeout=90)  # for all of it
head = f"POST / HTTP/1.1\\r\\nHost: {name}\\r\\nConnection: close\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n"
s.sendall(head.encode())
sent = 0
while sent < len(body) and select.select([], [s], [], 0.3)[1]: sent += s.send(body[sent:sent + 65536])
try: socket.getaddrinfo("now.example.test", 80)
except OSError: pass
import threading
threading.Thread(target=s.sendall, args=(body[sent:],)).start()
print(sent < 32_000_000, read_all(s).endswith(body))
"""
    assert sandbox.python(code, name=WEB).split() == ["True", "True"]
    assert gateway.stop().bytes_up > 64_000_000


def test_events_arrive_one_by_one(sandbox: Sandbox, served: Allow) -> None:
    """The service sends the next event only when the client has confirmed the last: nothing may be held back."""
    code = """
response = urlopen(f"http://{name}/events", timeout=20)
for _ in range(3):
    print(response.readline().strip().decode()); response.readline()
    urlopen(f"http://{name}/go", timeout=20).read()
print(response.read())
"""
    assert sandbox.python(code, name=WEB).splitlines() == ["data: 0", "data: 1", "data: 2", "b''"]


@pytest.mark.parametrize(
    ("head", "status", "reason"),
    [
        (b"GET / HTTP/1.1\r\nHost: evil.test\r\n", 421, "http-other-host"),
        (b"GET http://evil.test/ HTTP/1.1\r\nHost: web.example.test\r\n", 403, "http-target"),
        (b"CONNECT evil.test:443 HTTP/1.1\r\nHost: web.example.test\r\n", 403, "http-method"),
        (
            b"GET / HTTP/1.1\r\nHost: web.example.test\r\nUpgrade: websocket\r\nConnection: upgrade\r\n",
            403,
            "http-upgrade",
        ),
        (
            b"POST / HTTP/1.1\r\nHost: web.example.test\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n",
            400,
            "http-both-lengths",
        ),
        (b"GET / HTTP/1.1\r\n", 400, "http-no-host"),
        (b"GET / HTTP/1.1\r\nX : 1\r\n", 400, "http-malformed"),
        (b"PRI * HTTP/2.0\r\n", 505, "http-version"),
    ],
)
def test_a_refusal_says_what_why_and_what_to_do(
    sandbox: Sandbox, served: Allow, head: bytes, status: int, reason: str
) -> None:
    out = sandbox.python("sys.stdout.write(talk(name, 80, head + b'\\r\\n').decode())", name=WEB, head=head)
    top, body = out.split("\r\n\r\n")
    assert top.startswith(f"HTTP/1.1 {status} ")
    assert f"X-Paddock-Reason: {reason}\r\n" in top
    said = json.loads(body)
    assert (said["reason"], said["rule"]) == (reason, "web.example.test:80 (flag --allow)")
    assert said["remedy"]
    assert served.wait_for(kind="refused")["reason"] == reason


@pytest.mark.parametrize(("path", "reason"), [("rubbish", "upstream-malformed"), ("nothing", "upstream-closed")])
def test_a_service_that_fails_is_a_bad_gateway(sandbox: Sandbox, served: Allow, path: str, reason: str) -> None:
    code = """
try: urlopen(f"http://{name}/{path}", timeout=20)
except HTTPError as error: print(error.code, error.headers["X-Paddock-Reason"])
"""
    assert sandbox.python(code, name=WEB, path=path).split() == ["502", reason]


def test_a_service_that_is_not_there_is_a_bad_gateway(sandbox: Sandbox, allow: Allow, rule: MakeRule) -> None:
    allow(rule(WEB, 80, 9))
    code = """
try: urlopen(f"http://{name}/", timeout=20)
except HTTPError as error: print(error.code, error.headers["X-Paddock-Reason"])
"""
    assert sandbox.python(code, name=WEB).split() == ["502", "upstream-unreachable"]
    assert allow.wait_for(kind="connect")["verdict"] == "failed"


def test_a_name_that_leads_to_loopback_is_forbidden(sandbox: Sandbox, allow: Allow) -> None:
    """`localhost` is what every resolver points at this machine: no rule but a named upstream opens that."""
    allow(Rule("localhost", 8080, Origin("flag"), private=True))
    code = r"""
print(talk("198.18.1.1", 8080, b"GET / HTTP/1.1\r\nHost: localhost:8080\r\n\r\n").split(b"\r\n")[0])
"""
    assert "403 Forbidden" in sandbox.python(code)
    assert allow.wait_for(kind="refused")["reason"] == "address-loopback"


@pytest.mark.parametrize("path", ["cut", "torn"])
def test_a_response_that_breaks_off_is_an_error_to_the_client(sandbox: Sandbox, served: Allow, path: str) -> None:
    code = r"""
s = socket.create_connection((name, 80), timeout=20)
s.sendall(b"GET /" + path.encode() + b" HTTP/1.1\r\nHost: " + name.encode() + b"\r\n\r\n")
data = b""
try:
    while b"only this" not in data and b"half of it" not in data: data += s.recv(65536)
    if path == "torn": urlopen(f"http://{name}/go", timeout=20).read()
    print(s.recv(65536))
except ConnectionResetError: print("reset")
"""
    assert sandbox.python(code, name=WEB, path=path).strip() == "reset"


def test_a_slow_head_is_cut_off_and_every_byte_does_not_buy_time(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: MakeRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "HEAD_DEADLINE_S", 0.3)
    allow(rule(WEB, 80, upstreams.http))
    code = r"""
s = socket.create_connection((name, 80), timeout=20)
s.sendall(b"GET / HTTP/1.1\r\nX: ")
while not select.select([s], [], [], 0.05)[0]: s.sendall(b"x")
print(s.recv(65536).split(b"\r\n")[0])
"""
    assert "408 Request Timeout" in sandbox.python(code, name=WEB)


def test_an_idle_connection_is_closed_in_the_end(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: MakeRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "IDLE_DEADLINE_S", 0.2)
    allow(rule(WEB, 80, upstreams.http))
    code = r"""
s = socket.create_connection((name, 80), timeout=20)
s.sendall(b"GET /big/1 HTTP/1.1\r\nHost: " + name.encode() + b"\r\n\r\n")
print(read_all(s)[-1:])
"""
    assert sandbox.python(code, name=WEB).strip() == "b'x'"


def test_sixty_four_kilobytes_of_headers_are_refused(sandbox: Sandbox, served: Allow) -> None:
    code = r"""
head = b"GET / HTTP/1.1\r\nHost: " + name.encode() + b"\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(7000)) + b"\r\n"
print(len(head), talk(name, 80, head).split(b"\r\n")[0])
"""
    assert "431 Request Header Fields Too Large" in sandbox.python(code, name=WEB)


def test_a_loopback_endpoint_is_an_agents_base_url(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: MakeRule
) -> None:
    allow(rule("127.0.0.1", 9999, upstreams.http, loopback=True))
    out = sandbox.python("print(urlopen('http://127.0.0.1:9999/v1/messages', timeout=20).read().decode())")
    seen = json.loads(out)
    assert seen["line"] == "GET /v1/messages HTTP/1.1"
    assert ["Host", f"127.0.0.1:{upstreams.http}"] in seen["headers"]


def test_a_client_that_does_not_read_holds_the_service_back(sandbox: Sandbox, served: Allow) -> None:
    code = r"""
s = socket.create_connection((name, 80), timeout=20)
s.sendall(b"GET /big/200000000 HTTP/1.1\r\nHost: " + name.encode() + b"\r\n\r\n")
s.recv(1)
import fcntl, termios
last, waiting = -1, 0
while waiting != last or not waiting:
    last, waiting = waiting, struct.unpack("i", fcntl.ioctl(s, termios.FIONREAD, b"...."))[0]
    time.sleep(0.3)
"""
    sandbox.python(code, name=WEB)
    assert served.gateways[0].stop().bytes_down < 64 << 20


JAVA = """
import java.net.URI; import java.net.http.*; import java.net.http.HttpResponse.BodyHandlers;
class Ask {
    public static void main(String[] a) throws Exception {
        var client = HttpClient.newHttpClient();  // offers HTTP/2 by an upgrade, as is its default
        for (int i = 0; i < 2; i++) {
            var answer = client.send(HttpRequest.newBuilder(URI.create(a[0] + "/")).build(), BodyHandlers.ofString());
            System.out.println(answer.version() + " " + answer.statusCode() + " " + answer.body());
        }
    }
}
"""


@needs("java")
def test_javas_client_which_offers_http_2_is_served_in_http_1(sandbox: Sandbox, served: Allow) -> None:
    script = f"cat >/dev/shm/Ask.java && java -XX:TieredStopAtLevel=1 /dev/shm/Ask.java http://{WEB}"
    done = sandbox.run("sh", "-c", script, stdin=JAVA.encode())
    assert done.code == 0, done.err.decode()
    version, status, seen = done.text.splitlines()[0].split(" ", 2)
    assert (version, status) == ("HTTP_1_1", "200")
    names = {name.lower() for name, _ in json.loads(seen)["headers"]}
    assert not names & {"upgrade", "http2-settings", "connection"}
