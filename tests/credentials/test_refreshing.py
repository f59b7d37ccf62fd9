"""A new token comes from the issuer, over TLS that is verified, or it is said why not."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from paddock.credentials import refreshing
from paddock.credentials.refreshing import RefreshFailed, ask
from paddock.plan.profile import Issuer
from tests.gateway.secure import Certificates

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

REFRESH = "rt_0123456789abcdef0123456789abcdef"
NEW = {"access_token": "at_" + "a" * 40, "refresh_token": "rt_" + "b" * 40, "expires_in": 3600}


class Answers(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        self.server.seen.append((self.path, self.headers["content-type"], body))  # type: ignore[attr-defined]
        status, content = self.server.answer  # type: ignore[attr-defined]
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with suppress(OSError):  # who asks has heard enough
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


class Server(HTTPServer):
    context: ssl.SSLContext

    def finish_request(self, request: Any, client_address: Any) -> None:
        with suppress(OSError), self.context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)


@pytest.fixture
def issuer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    certificates = Certificates(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.path))
    server = Server(("127.0.0.1", 0), Answers)
    server.context = certificates.server("localhost")
    server.seen, server.answer = [], (200, json.dumps(NEW).encode())  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def at(server: HTTPServer, form: str = "json", host: str = "localhost") -> Issuer:
    return Issuer(f"https://{host}:{server.server_address[1]}/oauth/token", "client-1", form)


@pytest.mark.parametrize("form", ["json", "form"])
def test_a_refresh_token_brings_new_tokens(issuer: Any, form: str) -> None:
    answer = ask(at(issuer, form), REFRESH)
    assert (answer.access, answer.refresh) == (NEW["access_token"], NEW["refresh_token"])
    assert abs(answer.expires - time.time() - 3600) < 60
    ((path, kind, body),) = issuer.seen
    fields = json.loads(body) if form == "json" else {name: value for name, (value,) in parse_qs(body).items()}
    assert fields == {"grant_type": "refresh_token", "refresh_token": REFRESH, "client_id": "client-1"}
    assert (path, form in kind) == ("/oauth/token", True)


def test_an_issuer_that_does_not_rotate_leaves_the_old_one(issuer: Any) -> None:
    issuer.answer = 200, json.dumps({"access_token": NEW["access_token"]}).encode()
    answer = ask(at(issuer), REFRESH)
    assert (answer.refresh, answer.expires) == (None, 0)


@pytest.mark.parametrize(
    ("status", "body", "over"),
    [
        (400, b'{"error": "invalid_grant"}', True),
        (401, b'{"error": {"code": "refresh_token_reused", "message": "<b>"}}', True),
        (403, b"<html>a challenge</html>", False),
        (500, b'{"error": "invalid_grant"}', False),
        (302, b"", False),
        (200, b"{}", False),
        (200, b'{"access_token": "with a blank in the token"}', False),
        (200, b"x" * (1 << 19), False),
        (400, b'{"error": "' + REFRESH.encode() * 20 + b'"}', False),
    ],
)
def test_a_failure_is_one_and_quotes_no_token(issuer: Any, status: int, body: bytes, over: bool) -> None:
    issuer.answer = status, body
    with pytest.raises(RefreshFailed) as failure:
        ask(at(issuer), REFRESH)
    assert failure.value.over is over
    assert REFRESH not in failure.value.why
    assert "<" not in failure.value.why
    assert len(issuer.seen) == 1, "nothing is asked twice, and no redirect followed"


def test_an_issuer_that_nobody_vouches_for_gets_no_token(issuer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(RefreshFailed, match="localhost") as failure:
        ask(at(issuer), REFRESH)
    assert not failure.value.over
    assert not issuer.seen


def test_one_with_another_name_gets_none_either(issuer: Any) -> None:
    with pytest.raises(RefreshFailed):
        ask(at(issuer, host="127.0.0.1"), REFRESH)
    assert not issuer.seen


def test_an_answer_that_never_ends_is_given_up(issuer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refreshing, "TIMEOUT_S", 0.0001)
    with pytest.raises(RefreshFailed):
        ask(at(issuer), REFRESH)


def test_nothing_is_asked_without_a_token() -> None:
    with pytest.raises(RefreshFailed) as failure:
        ask(Issuer("https://issuer.example.test/token", "c", "json"), None)
    assert failure.value.over
