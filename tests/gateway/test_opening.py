"""First bytes: what a connection must show before anything is dialled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paddock.gateway import engine, opening
from paddock.gateway.budget import Pace
from paddock.gateway.opening import check_name
from paddock.gateway.tls.hello import BadHello
from paddock.plan.model import Rule
from paddock.policy.model import Origin
from tests.capabilities import needs
from tests.gateway.conftest import endpoint_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.gateway.conftest import Allow, Sandbox, Upstreams

    MakeRule = Callable[..., Rule]
    MakeHello = Callable[[str | None], bytes]

DENIED, UNRECOGNIZED = "15030300020231", "15030300020270"


@pytest.fixture
def raw(allow: Allow, upstreams: Upstreams, rule: MakeRule) -> Allow:
    """A gateway to a service that answers with what it gets."""
    allow(rule("api.example.test", 443, upstreams.raw))
    return allow


@needs("curl")
def test_tls_to_the_allowed_name_works_from_end_to_end(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: MakeRule
) -> None:
    allow(rule("api.example.test", 443, upstreams.tls))
    done = sandbox.run("curl", "-sS", "--cacert", str(upstreams.certificate), "https://api.example.test/big/100000")
    assert (done.code, done.out) == (0, b"x" * 100000)
    line = allow.wait_for(kind="connect")
    assert (line["verdict"], line["reason"], line["rule"]) == ("allowed", "tls", "api.example.test:443 (flag --allow)")
    assert line["down"] > 100_000


@needs("openssl")
@pytest.mark.parametrize(("name", "reason"), [("evil.test", "tls-other-name"), (None, "tls-no-name")])
def test_another_server_name_is_refused_with_an_alert(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: MakeRule, name: str | None, reason: str
) -> None:
    allow(rule("api.example.test", 443, upstreams.tls))
    named = ["-servername", name] if name else ["-noservername"]
    done = sandbox.run("openssl", "s_client", "-connect", "api.example.test:443", *named)
    assert b"unrecognized name" in done.err
    assert allow.wait_for(kind="refused")["reason"] == reason


def test_a_hello_that_comes_byte_by_byte_works(sandbox: Sandbox, raw: Allow, make_hello: MakeHello) -> None:
    hello = make_hello("API.example.test")
    code = """
s = socket.create_connection(("api.example.test", 443), timeout=20)
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
for byte in hello: s.sendall(bytes([byte]))
print(s.recv(len(hello), socket.MSG_WAITALL) == hello)
"""
    assert sandbox.python(code, hello=hello).strip() == "True"


def test_a_second_hello_for_another_name_does_not_follow(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: MakeRule, make_hello: MakeHello
) -> None:
    """As a client sends it that expects a HelloRetryRequest, without waiting for it."""
    allow(rule("api.example.test", 443, upstreams.tls))
    two = make_hello("api.example.test") + make_hello("evil.test")
    sandbox.python("talk('api.example.test', 443, two)", two=two)
    assert allow.wait_for(kind="refused")["reason"] == "tls-other-name"


@needs("openssl")
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_what_follows_the_first_answer_is_not_looked_at(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: MakeRule, version: str
) -> None:
    """In TLS 1.2 the client's handshake goes on in plain text, with messages that are no hello."""
    allow(rule("api.example.test", 443, upstreams.tls))
    code = """
import subprocess
argv = ["openssl", "s_client", "-quiet", version, "-connect", "api.example.test:443", "-servername", "api.example.test"]
ask = b"GET /big/1000 HTTP/1.0\\r\\nHost: api.example.test\\r\\n\\r\\n"
talk = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
talk.stdin.write(ask); talk.stdin.flush()
print(talk.stdout.read()[-1000:] == b"x" * 1000)
"""
    assert sandbox.python(code, version=version).strip() == "True"


@pytest.mark.parametrize(
    ("first", "last_words", "reason"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", "", "not-tls-or-http"),
        (b"\x00\x01\x02", "", "not-tls-or-http"),
        (b"EHLO me\r\n", "", "not-tls-or-http"),
        (b"\x80\x2e\x01\x03\x01", "", "not-tls-or-http"),
        (b"\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00", DENIED, "tls-malformed"),
        (b"\x16GET / HTTP/1.1\r\n", DENIED, "tls-malformed"),
        (b"\x16\x03\x01\x00\x04\x01\xff\xff\xff", DENIED, "tls-too-long"),
    ],
)
def test_anything_else_is_closed_and_recorded(
    sandbox: Sandbox, raw: Allow, first: bytes, last_words: str, reason: str
) -> None:
    assert sandbox.python("print(talk('api.example.test', 443, first).hex())", first=first).strip() == last_words
    assert raw.wait_for(kind="refused")["reason"] == reason


@pytest.mark.parametrize(
    ("first", "last_words", "reason"),
    [(b"", "", "silent"), (b"\x16\x03", DENIED, "tls-malformed"), (b"GE", "", "not-tls-or-http")],
)
def test_who_does_not_begin_in_time_is_closed(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    sandbox: Sandbox,
    first: bytes,
    last_words: str,
    reason: str,
) -> None:
    # What has to be there by then comes by the client's next system call, for which it may have to wait a little.
    monkeypatch.setattr(opening, "DEADLINE_S", 1.5 if first else 0.2)
    raw: Allow = request.getfixturevalue("raw")  # forked from here
    assert sandbox.python("print(talk('api.example.test', 443, first).hex())", first=first).strip() == last_words
    assert raw.wait_for(kind="refused")["reason"] == reason


def test_who_ends_before_beginning_is_closed_at_once(sandbox: Sandbox, raw: Allow) -> None:
    assert sandbox.python("print(talk('api.example.test', 443, b'', end=True))").strip() == "b''"
    assert raw.wait_for(kind="refused")["reason"] == "silent"


def test_who_goes_away_in_the_middle_of_a_hello_is_recorded(sandbox: Sandbox, raw: Allow) -> None:
    code = """
s = socket.create_connection(("api.example.test", 443), timeout=20)
s.sendall(b"\\x16\\x03\\x01")
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
s.close()
"""
    sandbox.python(code)
    assert raw.wait_for(kind="refused")["reason"] == "abandoned"


def test_a_service_that_is_not_there_is_an_internal_error_and_no_refusal(
    sandbox: Sandbox, allow: Allow, rule: MakeRule, make_hello: MakeHello
) -> None:
    allow(rule("api.example.test", 443, 9))
    out = sandbox.python("print(talk('api.example.test', 443, hello).hex())", hello=make_hello("api.example.test"))
    assert out.strip() == "15030300020250"
    assert allow.wait_for(kind="connect")["verdict"] == "failed"


def test_a_guard_that_says_no_is_access_denied(sandbox: Sandbox, allow: Allow, make_hello: MakeHello) -> None:
    allow(Rule("localhost.example.test", 443, Origin("flag"), upstream="169.254.169.254:443"))
    hello = make_hello("localhost.example.test")
    out = sandbox.python("print(talk('localhost.example.test', 443, hello).hex())", hello=hello)
    assert out.strip() == DENIED
    assert allow.wait_for(kind="refused")["reason"] == "address-metadata"


@needs("curl")
def test_a_loopback_endpoint_takes_tls_without_a_name(
    sandbox: Sandbox, allow: Allow, upstreams: Upstreams, rule: MakeRule
) -> None:
    allow(rule("127.0.0.1", 8443, upstreams.tls, loopback=True))
    done = sandbox.run("curl", "-sSk", "https://127.0.0.1:8443/big/10")
    assert (done.code, done.out) == (0, b"x" * 10)
    done = sandbox.run("curl", "-sSk", "https://localhost:8443/big/10")
    assert (done.code, done.out) == (0, b"x" * 10)


def test_names_are_compared_in_their_one_form() -> None:
    at = endpoint_of(Rule("bücher.example.test", 443, Origin("flag")))
    for name in (b"xn--bcher-kva.example.test", b"XN--BCHER-KVA.EXAMPLE.TEST", b"xn--bcher-kva.example.test."):
        check_name(name, at)
    for name in ("bücher.example.test".encode(), b"xn--bcher-kva.example.test\0", b"example.test", b"", b"192.0.2.1"):
        with pytest.raises(BadHello):
            check_name(name, at)


def test_connections_that_are_begun_too_fast_are_refused_in_their_own_words(
    sandbox: Sandbox,
    allow: Allow,
    rule: MakeRule,
    upstreams: Upstreams,
    make_hello: MakeHello,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "Pace", lambda rate, _: Pace(rate, lambda: 0.0))  # no second goes by, whatever it takes
    web, api = ("web.example.test", 80, upstreams.http), ("api.example.test", 443, upstreams.raw)
    allow(rule(*web), rule(*api), rule("raw.example.test", 7, upstreams.echo, raw=True), rate=1)
    code = r"""
get = b"GET / HTTP/1.1\r\nHost: web.example.test\r\nConnection: close\r\n\r\n"
first = talk("web.example.test", 80, get)
said = talk("web.example.test", 80, get), talk("api.example.test", 443, hello), talk("raw.example.test", 7, b"x", end=True)
print(first[9:12].decode(), said[0][9:12].decode(), said[1].hex(), said[2])
"""
    assert sandbox.python(code, hello=make_hello("api.example.test")).split() == ["200", "429", DENIED, "b''"]
    for name in ("web.example.test", "api.example.test", "raw.example.test"):
        allow.wait_for(kind="refused", name=name, reason="too-fast")
