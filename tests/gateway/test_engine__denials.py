"""What is withdrawn ends in every state that a connection can be in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paddock.gateway import control, opening
from paddock.gateway.http import web
from paddock.gateway.server import Entrusted
from paddock.gateway.tls import terminating
from tests.gateway.secure import Certificates, serving
from tests.gateway.signs import SIGN, at_the_sign

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from paddock.plan.model import Rule
    from tests.gateway.conftest import Allow, Sandbox, Upstreams

    MakeRule = Callable[..., Rule]

PLAIN, FORWARDED, READ = "plain.example.test", "tls.example.test", "read.example.test"

OPEN = (
    r"""
import ssl
def connect(name, port, data=b""):
    s = socket.create_connection((name, port), timeout=60)
    s.sendall(data)
    return s
def secure(data=b""):
    s = ssl.create_default_context(cafile=bundle).wrap_socket(
        connect(READ, 443), server_hostname=READ, suppress_ragged_eofs=False
    )
    s.sendall(data)
    return s
def answered(s):
    assert s.recv(65536)
    return s
head = b"GET /v1/x HTTP/1.1\r\nHost: %s\r\n\r\n"
held = {
    "nothing said": connect(PLAIN, 80),
    "half a head": connect(PLAIN, 80, b"GET / HT"),
    "between requests": answered(connect(PLAIN, 80, b"GET /big/1 HTTP/1.1\r\nHost: %s\r\n\r\n" % PLAIN.encode())),
    "in a body": connect(PLAIN, 80, b"POST / HTTP/1.1\r\nHost: %s\r\nContent-Length: 9\r\n\r\nabc" % PLAIN.encode()),
    "half a hello": connect(FORWARDED, 443, hello[:50]),
    "forwarded": connect(FORWARDED, 443, hello),
    "half a hello that is read": connect(READ, 443, read_hello[:50]),
    "in the handshake": connect(READ, 443, read_hello),
    "after the handshake": secure(),
    "half a head in it": secure(b"GET /v1"),
    "between requests in it": answered(secure(head % READ.encode())),
    "in a body in it": secure(b"POST /v1/x HTTP/1.1\r\nHost: %s\r\nContent-Length: 9\r\n\r\nabc" % READ.encode()),
}
"""
    + SIGN
    + r"""
for state, s in held.items():
    try:
        while s.recv(65536): pass
        print(state, "= ended")
    except ConnectionResetError: print(state, "= reset")
    except ssl.SSLEOFError: print(state, "= reset")  # what OpenSSL makes of it: no orderly end
"""
)


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)


def test_a_denial_ends_connections_in_every_state_at_once(  # noqa: PLR0913, PLR0917 - each is needed for some state
    sandbox: Sandbox,
    allow: Allow,
    upstreams: Upstreams,
    rule: MakeRule,
    tmp_path: Path,
    certificates: Certificates,
    make_hello: Callable[[str | None], bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.path))
    # On a busy machine nothing must end by itself, while the last of them are still being made.
    for module, name in ((opening, "DEADLINE_S"), (web, "HEAD_DEADLINE_S"), (terminating, "HANDSHAKE_DEADLINE_S")):
        monkeypatch.setattr(module, name, 600.0)
    trust = tmp_path / "trust"
    trust.mkdir()
    with serving(certificates.server(READ)) as service:
        allow(
            rule(PLAIN, 80, upstreams.http),
            rule(FORWARDED, 443, upstreams.echo),
            rule(READ, 443, service.port, paths=("/v1/*",)),
            directory=str(tmp_path),
            entrusted=Entrusted(directory=str(trust)),
        )

        def deny() -> None:
            for host in (PLAIN, FORWARDED, READ):
                place = {"host": host, "port": 0}
                control.ask(str(tmp_path), {"do": "deny", "place": place, "author": "a", "why": "", "for_s": None})

        hellos = {"hello": make_hello(FORWARDED), "read_hello": make_hello(READ)}
        names = {"PLAIN": PLAIN, "FORWARDED": FORWARDED, "READ": READ}
        with at_the_sign(allow, deny):
            said = sandbox.python(OPEN, bundle=str(trust / "bundle.pem"), **names, **hellos)
    assert {line.partition(" = ")[2] for line in said.splitlines()} == {"reset"}, said
    assert len(said.splitlines()) == 12
    shown = control.ask(str(tmp_path), {"do": "show"})
    assert shown["connections"] == 0
