"""TLS that ends in the gateway: real clients inside, real services outside, and what must be refused."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import ssl
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from cryptography import x509

from paddock.gateway.server import Entrusted
from paddock.gateway.tls.terminating import Terminating
from tests import capabilities
from tests.gateway.secure import Certificates, Service, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from paddock.gateway.connection import Talk
    from paddock.plan.model import Rule
    from tests.gateway.conftest import Allow, Sandbox

API = "api.example.test"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def service(certificates: Certificates) -> Iterator[Service]:
    with serving(certificates.server(API, "other.example.test")) as made:
        yield made


class Terminate:
    """Starts a gateway that terminates TLS; `directory` is what clients inside read."""

    def __init__(self, allow: Allow, rule: Callable[..., Rule], directory: Path) -> None:
        self.allow, self._rule, self.directory = allow, rule, directory

    def __call__(self, port: int, name: str = API, **more: Any) -> None:
        more = {"paths": ("/v1/*",), **more}
        self.allow(self._rule(name, 443, port, **more), entrusted=Entrusted(directory=str(self.directory)))

    def __getattr__(self, name: str) -> str:
        return str(self.directory / {"bundle": "bundle.pem", "added": "added.pem", "java": "java.p12"}[name])


@pytest.fixture
def terminate(
    allow: Allow,
    rule: Callable[..., Rule],
    tmp_path: Path,
    certificates: Certificates,
    monkeypatch: pytest.MonkeyPatch,
) -> Terminate:
    """`terminate(port)`: the service at a port of the host's loopback is `API`, of which only /v1/ may be asked."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.path))
    directory = tmp_path / "trust"
    directory.mkdir()
    return Terminate(allow, rule, directory)


CLIENT = r"""
import ssl, json, http.client
def connect(name="api.example.test", protocols=None):
    context = ssl.create_default_context(cafile=bundle)
    if protocols: context.set_alpn_protocols(protocols)
    return context.wrap_socket(socket.create_connection((name, 443), timeout=20), server_hostname=name)
def ask(data):
    s = connect()
    s.sendall(data)
    return read_all(s).decode("latin-1")
"""


def inside(sandbox: Sandbox, terminate: Terminate, code: str, **values: object) -> str:
    return sandbox.python(CLIENT + code, bundle=terminate.bundle, **values)


def test_a_request_that_the_rule_allows_goes_through(
    sandbox: Sandbox, terminate: Terminate, service: Service, allow: Allow
) -> None:
    terminate(service.port)
    done = sandbox.run("curl", "-sS", "--cacert", terminate.bundle, f"https://{API}/v1/x", "-d", "hello")
    assert done.err == b""
    assert json.loads(done.out)["line"] == "POST /v1/x HTTP/1.1"
    assert json.loads(done.out)["body"] == "hello"
    allow.gateways[-1].stop()
    line = allow.wait_for(kind="connect", name=API)
    assert (line["verdict"], line["reason"]) == ("allowed", "https")


def test_a_path_that_it_does_not_allow_is_refused_in_words(
    sandbox: Sandbox, terminate: Terminate, service: Service, allow: Allow
) -> None:
    terminate(service.port)
    before = len(service.seen)
    done = sandbox.run("curl", "-sS", "-i", "--cacert", terminate.bundle, f"https://{API}/v2/x")
    assert b"403 Forbidden" in done.out
    assert b'"reason": "rule-request"' in done.out
    assert len(service.seen) == before
    allow.wait_for(kind="refused", name=API, reason="rule-request")


def test_a_method_that_it_does_not_allow_is_refused(sandbox: Sandbox, terminate: Terminate, service: Service) -> None:
    terminate(service.port, methods=("GET",), paths=())
    curl = ("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", terminate.bundle)
    assert sandbox.run(*curl, f"https://{API}/any").text == "200"
    assert sandbox.run(*curl, "-X", "DELETE", f"https://{API}/any").text == "403"


def test_a_client_that_does_not_know_the_authority_refuses_and_is_told_why_in_the_record(
    sandbox: Sandbox, terminate: Terminate, service: Service, allow: Allow, certificates: Certificates
) -> None:
    terminate(service.port)
    done = sandbox.run("curl", "-sS", "--cacert", str(certificates.path), f"https://{API}/v1/x")
    assert done.code == 60
    allow.wait_for(kind="refused", name=API, reason="tls-not-trusted")


def test_another_host_in_the_request_is_misdirected(
    sandbox: Sandbox, terminate: Terminate, service: Service, allow: Allow
) -> None:
    terminate(service.port)
    said = inside(sandbox, terminate, r"""print(ask(b"GET /v1/ HTTP/1.1\r\nHost: other.example.test\r\n\r\n"))""")
    assert said.startswith("HTTP/1.1 421 ")
    allow.wait_for(reason="http-other-host")


SMUGGLED = [
    b"POST /v1/ HTTP/1.1\r\nHost: api.example.test\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /v1/ HTTP/1.1\r\nHost: api.example.test\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    b"GET /v1/../v2/ HTTP/1.1\r\nHost: api.example.test\r\n\r\n",
    b"GET /v1/%2e%2e/v2/ HTTP/1.1\r\nHost: api.example.test\r\n\r\n",
    b"GET /v1/%252e%252e/v2/ HTTP/1.1\r\nHost: api.example.test\r\n\r\n",
    b"GET /v1/ HTTP/1.1\r\nHost: api.example.test\r\nX: 1\r\n folded\r\n\r\n",
    b"GET /v1/ HTTP/1.1\r\nHost: api.example.test\r\nX : 1\r\n\r\n",
    b"GET https://other.example.test/v1/ HTTP/1.1\r\nHost: api.example.test\r\n\r\n",
    b"CONNECT other.example.test:443 HTTP/1.1\r\nHost: api.example.test\r\n\r\n",
    b"TRACE /v1/ HTTP/1.1\r\nHost: api.example.test\r\n\r\n",
    b"GET /v1/ HTTP/1.1\r\nHost: api.example.test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01 not http",
]


@pytest.mark.parametrize("request_bytes", SMUGGLED, ids=range(len(SMUGGLED)))
def test_what_could_be_read_differently_reaches_nobody(
    sandbox: Sandbox, terminate: Terminate, service: Service, request_bytes: bytes
) -> None:
    terminate(service.port)
    before = len(service.seen)
    code = "print(ask(data + b'GET /v1/second HTTP/1.1\\r\\nHost: api.example.test\\r\\n\\r\\n'))"
    said = inside(sandbox, terminate, code, data=request_bytes)
    assert said.startswith(("HTTP/1.1 4", "HTTP/1.1 5"))
    assert len(service.seen) == before


def test_what_is_pipelined_behind_a_refusal_is_not_asked(
    sandbox: Sandbox, terminate: Terminate, service: Service
) -> None:
    terminate(service.port)
    before = len(service.seen)
    code = r"""
get = b"GET /%s HTTP/1.1\r\nHost: api.example.test\r\n\r\n"
print(ask(get % b"v1/first" + get % b"v2/no" + get % b"v1/second").count("HTTP/1.1 "))
"""
    assert inside(sandbox, terminate, code).strip() == "2"
    assert [line for line, *_ in service.seen[before:]] == ["GET /v1/first HTTP/1.1"]


def test_a_client_that_speaks_only_http2_is_told_so(
    sandbox: Sandbox, terminate: Terminate, service: Service, allow: Allow
) -> None:
    terminate(service.port)
    code = """
try: connect(protocols=["h2"])
except ssl.SSLError as error: print(str(error).lower().replace(" ", "_"))
print(connect(protocols=["h2", "http/1.1"]).selected_alpn_protocol())
"""
    said = inside(sandbox, terminate, code).split()
    assert "alert_no_application_protocol" in said[0]
    assert said[1] == "http/1.1"
    allow.wait_for(reason="tls-only-http2")


def test_no_ticket_is_given(sandbox: Sandbox, terminate: Terminate, service: Service) -> None:
    terminate(service.port)
    code = r"""
def version(most):
    context = ssl.create_default_context(cafile=bundle)
    context.maximum_version = most
    s = context.wrap_socket(socket.create_connection(("api.example.test", 443), timeout=20), server_hostname="api.example.test")
    s.sendall(b"GET /v1/ HTTP/1.1\r\nHost: api.example.test\r\n\r\n")
    s.recv(10)
    first = s.session
    again = context.wrap_socket(socket.create_connection(("api.example.test", 443), timeout=20), server_hostname="api.example.test", session=first) if first else None
    return s.version(), bool(first and first.has_ticket), bool(again and again.session_reused)
print(version(ssl.TLSVersion.TLSv1_3), version(ssl.TLSVersion.TLSv1_2)[:2])
"""
    assert inside(sandbox, terminate, code).strip() == "('TLSv1.3', False, False) ('TLSv1.2', False)"


@capabilities.needs("openssl")
def test_a_client_cannot_negotiate_again(sandbox: Sandbox, terminate: Terminate, service: Service) -> None:
    terminate(service.port)
    done = sandbox.run(
        *("openssl", "s_client", "-tls1_2", "-CAfile", terminate.bundle, "-connect", f"{API}:443"), stdin=b"R\n"
    )
    assert b"no renegotiation" in done.err.lower() or b"RENEGOTIATING" in done.err + done.out
    assert b"HTTP/1.1 200" not in done.out


def test_old_versions_of_tls_are_refused(sandbox: Sandbox, terminate: Terminate, service: Service) -> None:
    terminate(service.port)
    done = sandbox.run(
        "curl", "-sS", "--tls-max", "1.1", "--tlsv1.0", "--cacert", terminate.bundle, f"https://{API}/v1/"
    )
    assert done.code == 35


@pytest.mark.parametrize(
    ("names", "days"), [(("wrong.example.test",), 2), ((API,), -1)], ids=["another name", "expired"]
)
def test_a_service_with_a_wrong_certificate_is_not_spoken_to(
    sandbox: Sandbox, terminate: Terminate, certificates: Certificates, allow: Allow, names: tuple[str, ...], days: int
) -> None:
    with serving(certificates.server(*names, days=days)) as wrong:
        terminate(wrong.port)
        done = sandbox.run("curl", "-sS", "-i", "--cacert", terminate.bundle, f"https://{API}/v1/x")
        assert b"502 Bad Gateway" in done.out
        assert b"upstream-certificate" in done.out
        assert wrong.seen == []
    allow.wait_for(kind="connect", verdict="failed", reason="upstream-certificate")


def test_a_service_that_nobody_here_trusts_is_not_spoken_to(
    sandbox: Sandbox, terminate: Terminate, tmp_path: Path, allow: Allow
) -> None:
    (tmp_path / "stranger").mkdir()
    with serving(Certificates(tmp_path / "stranger").server(API)) as strange:
        terminate(strange.port)
        done = sandbox.run("curl", "-sS", "-i", "--cacert", terminate.bundle, f"https://{API}/v1/x")
        assert b"upstream-certificate" in done.out
        assert strange.seen == []


def test_a_service_without_tls_is_not_spoken_to(sandbox: Sandbox, terminate: Terminate) -> None:
    with serving(None) as plain:
        terminate(plain.port)
        done = sandbox.run("curl", "-sS", "-i", "--cacert", terminate.bundle, f"https://{API}/v1/x")
        assert b"upstream-tls" in done.out
        assert plain.seen == []


def test_a_service_that_wants_a_certificate_of_the_client_fails_in_words(
    sandbox: Sandbox, terminate: Terminate, certificates: Certificates
) -> None:
    context = certificates.server(API)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(certificates.path)
    with serving(context) as demanding:
        terminate(demanding.port)
        done = sandbox.run("curl", "-sS", "-i", "--cacert", terminate.bundle, f"https://{API}/v1/x")
        assert b"502 Bad Gateway" in done.out
        assert demanding.seen == []


def test_a_megabyte_each_way_arrives_whole(sandbox: Sandbox, terminate: Terminate, service: Service) -> None:
    terminate(service.port)
    service.echo = bytes(range(256)) * 4096 * 4
    try:
        code = r"""
import hashlib
c = http.client.HTTPSConnection("api.example.test", context=ssl.create_default_context(cafile=bundle), timeout=30)
for _ in range(2):
    c.request("POST", "/v1/x", body=bytes(range(256)) * 4096)
    print(hashlib.sha256(c.getresponse().read()).hexdigest())
"""
        assert set(inside(sandbox, terminate, code).split()) == {hashlib.sha256(service.echo).hexdigest()}
    finally:
        service.echo = b""
    assert service.seen[-1][2] == bytes(range(256)) * 4096


def test_a_client_that_stops_reading_holds_nothing_up_and_gets_all_later(
    sandbox: Sandbox, terminate: Terminate, service: Service
) -> None:
    terminate(service.port)
    service.echo = bytes(4 << 20)
    try:
        code = r"""
s = connect()
s.sendall(b"GET /v1/big HTTP/1.1\r\nHost: api.example.test\r\nConnection: close\r\n\r\n")
t = connect()
t.sendall(b"HEAD /v1/x HTTP/1.1\r\nHost: api.example.test\r\n\r\n")
print(t.recv(15).decode())
print(len(read_all(s).partition(b"\r\n\r\n")[2]))
"""
        assert inside(sandbox, terminate, code).split("\n")[:2] == ["HTTP/1.1 200 OK", str(4 << 20)]
    finally:
        service.echo = b""


def test_a_client_may_end_its_half_and_still_gets_its_answer(
    sandbox: Sandbox, terminate: Terminate, service: Service
) -> None:
    terminate(service.port)
    code = r"""
incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = ssl.create_default_context(cafile=bundle).wrap_bio(incoming, outgoing, server_hostname="api.example.test")
s = socket.create_connection(("api.example.test", 443), timeout=20)
def until(step):
    while True:
        try: result = step()
        except ssl.SSLWantReadError: result = None
        except ssl.SSLZeroReturnError: result = b""
        if waiting := outgoing.read(): s.sendall(waiting)
        if result is not None: return result
        data = s.recv(65536)
        incoming.write(data) if data else incoming.write_eof()
until(lambda: tls.do_handshake() or True)
tls.write(b"GET /v1/ HTTP/1.0\r\nHost: api.example.test\r\n\r\n")
try: tls.unwrap()
except ssl.SSLWantReadError: pass
s.sendall(outgoing.read()); s.shutdown(socket.SHUT_WR)
data = b""
while more := until(lambda: tls.read(65536)): data += more
print(data[:15].decode(), data.count(b"GET /v1/"))
"""
    assert inside(sandbox, terminate, code).strip() == "HTTP/1.1 200 OK 1"


def test_a_hello_one_byte_at_a_time_is_served(sandbox: Sandbox, terminate: Terminate, service: Service) -> None:
    terminate(service.port)
    code = r"""
incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = ssl.create_default_context(cafile=bundle).wrap_bio(incoming, outgoing, server_hostname="api.example.test")
s = socket.create_connection(("api.example.test", 443), timeout=20)
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
while True:
    try: tls.do_handshake(); break
    except ssl.SSLWantReadError: pass
    for byte in outgoing.read(): s.sendall(bytes([byte]))
    incoming.write(s.recv(65536))
s.sendall(outgoing.read())
print(tls.version())
"""
    assert inside(sandbox, terminate, code).strip() == "TLSv1.3"


def test_a_handshake_that_is_broken_off_leaves_a_line(
    sandbox: Sandbox, terminate: Terminate, service: Service, allow: Allow, make_hello: Callable[[str | None], bytes]
) -> None:
    terminate(service.port)
    code = """
s = socket.create_connection(("api.example.test", 443), timeout=20)
s.sendall(hello); s.recv(10); s.close()
t = socket.create_connection(("api.example.test", 443), timeout=20)
t.sendall(hello); t.recv(10); t.sendall(b"nonsense" * 10)
print(len(read_all(t)) > 0)
"""
    assert inside(sandbox, terminate, code, hello=make_hello(API)).strip() == "True"
    allow.wait_for(kind="refused", name=API, reason="tls-handshake")
    allow.wait_for(kind="refused", name=API, reason="abandoned")


@pytest.mark.parametrize("error", [ConnectionResetError(), TimeoutError(), OSError(errno.EHOSTUNREACH, "no route")])
def test_a_client_that_is_lost_in_the_handshake_is_over_whatever_took_it(error: OSError) -> None:
    """Waited for until it closes, it would have its place among the connections for ever."""
    lost: list[object] = []
    talk = SimpleNamespace(client="client", calm=lambda: None, side_lost=lost.append)
    state = Terminating.__new__(Terminating)
    state._talk = cast("Talk", talk)
    state._begun(error)
    assert lost == ["client"]


def test_other_names_are_not_touched(
    sandbox: Sandbox,
    terminate: Terminate,
    service: Service,
    allow: Allow,
    rule: Callable[..., Rule],
    certificates: Certificates,
) -> None:
    directory = terminate.directory
    allow(
        rule(API, 443, service.port, paths=("/v1/*",)),
        rule("other.example.test", 443, service.port),
        entrusted=Entrusted(directory=str(directory)),
    )
    done = sandbox.run("curl", "-sS", "--cacert", str(certificates.path), "https://other.example.test/any")
    assert json.loads(done.out)["line"] == "GET /any HTTP/1.1"


def test_the_authority_vouches_for_nothing_else(terminate: Terminate, service: Service) -> None:
    """Name constraints: were its key stolen, it would still be of no use for another name."""
    terminate(service.port)
    added = (terminate.directory / "added.pem").read_bytes()
    own = x509.load_pem_x509_certificate(added[added.rindex(b"-----BEGIN") :])
    found = own.extensions.get_extension_for_class(x509.NameConstraints)
    assert found.critical
    assert found.value.permitted_subtrees == [x509.DNSName(API)]
    assert b"PRIVATE" not in b"".join(path.read_bytes() for path in terminate.directory.iterdir())


URL = f"https://{API}/v1/client"
CLIENTS = {
    "curl": ("curl", "-sS", URL),
    "python": (sys.executable, "-c", f"import urllib.request; urllib.request.urlopen('{URL}')"),
    "node": ("node", "-e", f"fetch('{URL}').then(r => r.text())"),
    "git": ("git", "ls-remote", URL),
}


@pytest.fixture
def environment(terminate: Terminate) -> list[str]:
    """`env` and the variables of a plan, for the place where the files are in these tests."""
    from paddock.plan import trusting

    found = trusting.with_trust((), [])
    return ["env", *(f"{one.name}={one.value.replace(trusting.PLACE, str(terminate.directory))}" for one in found)]


@pytest.mark.parametrize("client", CLIENTS)
def test_clients_trust_what_the_variables_lead_to(
    sandbox: Sandbox, terminate: Terminate, service: Service, environment: list[str], client: str
) -> None:
    if client != "python":
        capabilities.require(client)
    terminate(service.port)
    before = len(service.seen)
    sandbox.run(*environment, *CLIENTS[client])
    assert [line.split()[1].partition("?")[0] for line, *_ in service.seen[before:]][:1] in (
        ["/v1/client"], ["/v1/client/info/refs"],
    )  # fmt: skip


JAVA = """
import java.net.*; import java.net.http.*;
class Client { public static void main(String[] names) throws Exception {
  var request = HttpRequest.newBuilder(URI.create(names[0])).build();
  System.out.println(HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).statusCode());
} }
"""
GO = """
package main
import ("fmt"; "net/http"; "os")
func main() {
  answer, err := http.Get(os.Args[1])
  if err != nil { fmt.Println(err); os.Exit(1) }
  fmt.Println(answer.StatusCode)
}
"""


@pytest.mark.slow
@capabilities.needs("java")
def test_java_trusts_the_store(
    sandbox: Sandbox, terminate: Terminate, service: Service, environment: list[str], tmp_path: Path
) -> None:
    source = tmp_path / "Client.java"
    source.write_text(JAVA)
    terminate(service.port)
    done = sandbox.run(*environment, "java", "-XX:TieredStopAtLevel=1", str(source), URL)
    assert done.text.split() == ["200"], done.err


@pytest.mark.slow
@capabilities.needs("go")
def test_go_trusts_the_bundle(
    sandbox: Sandbox, terminate: Terminate, service: Service, environment: list[str], tmp_path: Path
) -> None:
    source = tmp_path / "client.go"
    source.write_text(GO)
    built = tmp_path / "client"
    subprocess.run(
        ["go", "build", "-o", str(built), str(source)],
        check=True,
        cwd=tmp_path,
        env={**os.environ, "GO111MODULE": "off"},
    )
    terminate(service.port)
    done = sandbox.run(*environment, str(built), URL)
    assert done.text.split() == ["200"], done.err
