"""Where TLS ends in the gateway, every state before a request has an end (threat E20)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paddock.gateway.http import web
from paddock.gateway.server import Entrusted
from paddock.gateway.tls import terminating
from tests.gateway.secure import Certificates, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from paddock.plan.model import Rule
    from tests.gateway.conftest import Allow, Sandbox

API = "api.example.test"


@pytest.fixture
def begin(
    allow: Allow, rule: Callable[..., Rule], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], str]]:
    """`begin()` starts a gateway that ends the TLS to a service; the bundle that clients inside trust."""
    certificates = Certificates(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.path))
    trust = tmp_path / "trust"
    trust.mkdir()
    with serving(certificates.server(API)) as service:

        def start() -> str:
            allow(rule(API, 443, service.port, paths=("/v1/*",)), entrusted=Entrusted(directory=str(trust)))
            return str(trust / "bundle.pem")

        yield start


def test_a_handshake_that_stands_still_is_ended(
    sandbox: Sandbox,
    begin: Callable[[], str],
    allow: Allow,
    make_hello: Callable[[str | None], bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(terminating, "HANDSHAKE_DEADLINE_S", 0.2)
    begin()
    code = "print(len(talk(name, 443, hello)) > 100)"
    assert sandbox.python(code, name=API, hello=make_hello(API)).strip() == "True"
    assert allow.wait_for(kind="refused", name=API)["reason"] == "tls-handshake"


def test_who_asks_nothing_after_the_handshake_is_sent_away(
    sandbox: Sandbox, begin: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "IDLE_DEADLINE_S", 0.2)
    code = """
import ssl
context = ssl.create_default_context(cafile=bundle)
s = context.wrap_socket(socket.create_connection((name, 443), timeout=20), server_hostname=name)
print(s.recv(100))
"""
    assert sandbox.python(code, name=API, bundle=begin()).strip() == "b''"
