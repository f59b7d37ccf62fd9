"""A second ClientHello, after OpenSSL's own HelloRetryRequest."""

from __future__ import annotations

import contextlib
import ssl
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.gateway.tls.hello import BadHello
from paddock.gateway.tls.retries import MOST_RECORDS, RETRY, Watch

if TYPE_CHECKING:
    from pathlib import Path

ALLOWED, OTHER = b"api.example.test", b"evil.forbid.test"
assert len(ALLOWED) == len(OTHER)


def started(first: bytes) -> Watch:
    """A watch that has seen the first hello."""
    watch = Watch(check)
    watch.client(first)
    return watch


def check(name: bytes | None) -> None:
    if name != ALLOWED:
        raise BadHello("tls-other-name")


class Handshake:
    """A client and a server of OpenSSL, and what each has sent. `names` are those that the server was asked for."""

    def __init__(self, directory: Path, groups: str) -> None:
        certificate, key = directory / "certificate.pem", directory / "key.pem"
        if not key.exists():
            argv = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=x"
            files = ["-keyout", str(key), "-out", str(certificate)]
            subprocess.run([*argv.split(), *files], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        if groups:
            context.set_ecdh_curve(groups)
        self.names: list[str | None] = []
        context.sni_callback = lambda _, name, __: self.names.append(name)
        asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        asking.check_hostname, asking.verify_mode = False, ssl.CERT_NONE
        self._to_server, self._to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._sent, self._answered = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = asking.wrap_bio(self._to_client, self._sent, server_hostname=ALLOWED.decode())
        self.server = context.wrap_bio(self._to_server, self._answered, server_side=True)

    def say(self) -> bytes:
        """What the client sends next."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self.client.do_handshake()
        return self._sent.read()

    def answer(self, data: bytes) -> bytes:
        """What the server says to that."""
        self._to_server.write(data)
        with contextlib.suppress(ssl.SSLWantReadError):
            self.server.do_handshake()
        data = self._answered.read()
        self._to_client.write(data)
        return data


@pytest.fixture
def retrying(tmp_path: Path) -> Handshake:
    return Handshake(tmp_path, "secp384r1")  # no client offers a share for that one at once


def test_a_second_hello_with_the_same_name_passes_and_ends_the_watch(retrying: Handshake) -> None:
    first = retrying.say()
    watch = started(first)
    answer = retrying.answer(first)
    assert RETRY in answer
    watch.upstream(answer)
    before = watch.is_over
    second = retrying.say()
    assert ALLOWED in second
    watch.client(second)
    assert (before, watch.is_over) == (False, True)
    retrying.answer(second)
    watch.client(retrying.say())


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_second_hello_with_another_name_is_stopped_however_it_is_cut(retrying: Handshake, size: int) -> None:
    first = retrying.say()
    answer = retrying.answer(first)
    second = retrying.say().replace(ALLOWED, OTHER)
    watch, passed = started(first), b""
    watch.upstream(answer)

    def pass_on(piece: bytes) -> None:
        nonlocal passed
        watch.client(piece)
        passed += piece

    with pytest.raises(BadHello, match="tls-other-name"):  # noqa: PT012 - at whichever piece
        for at in range(0, len(second), size):
            pass_on(second[at : at + size])
    # And what was passed on is of no use: the server still waits.
    retrying.names.clear()
    assert retrying.answer(passed) == b""
    assert retrying.names == []


def test_only_so_many_records_are_looked_at() -> None:
    watch = Watch(check)
    watch.client(b"\x17\3\3\0\0" * MOST_RECORDS)
    with pytest.raises(BadHello, match="tls-too-long"):
        watch.client(b"\x17\3\3\0\0")


def test_a_server_may_go_by_the_second_name(retrying: Handshake) -> None:
    """Why all this: OpenSSL asks its application about the name in each hello, or ends the handshake."""
    retrying.answer(retrying.say())
    with contextlib.suppress(ssl.SSLError):
        retrying.answer(retrying.say().replace(ALLOWED, OTHER))
    assert OTHER.decode() in retrying.names


def test_a_second_hello_does_not_get_through_before_it_is_asked_for(retrying: Handshake) -> None:
    """The client need not wait for the answer: it knows which one it will get."""
    first = retrying.say()
    answer = retrying.answer(first)
    second = retrying.say().replace(ALLOWED, OTHER)
    watch = started(first)
    watch.client(second[:20])
    watch.upstream(answer)
    with pytest.raises(BadHello):
        watch.client(second[20:])


def test_early_data_before_a_second_hello_does_not_hide_it(retrying: Handshake) -> None:
    first = retrying.say()
    answer = retrying.answer(first)
    second = retrying.say().replace(ALLOWED, OTHER)
    watch = started(first)
    watch.upstream(answer)
    watch.client(b"\x17\3\3\0\x05\x16\3\1\0\1" + b"\x14\3\3\0\1\1")
    with pytest.raises(BadHello):
        watch.client(second)


@pytest.mark.parametrize("size", [1, 3, 10_000])
def test_any_other_answer_ends_the_watch(tmp_path: Path, size: int) -> None:
    handshake = Handshake(tmp_path, "")
    first = handshake.say()
    watch = started(first)
    answer = handshake.answer(first)
    for at in range(0, len(answer), size):
        assert watch.is_over is (at > 42)
        watch.upstream(answer[at : at + size])
    assert watch.is_over
    watch.client(b"\x16 anything")


def test_an_alert_before_the_answer_is_none() -> None:
    watch = Watch(check)
    watch.upstream(b"\x15\3\3\0\2\1\x70")
    before = watch.is_over
    watch.upstream(b"\x16\3\3\0\x30\2\0\0\x2c\3\3" + bytes(32) + bytes(10))
    assert (before, watch.is_over) == (False, True)


@pytest.mark.parametrize("data", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x17\3\3\0\1x", b"\x16\3\3\0\4\0\0\0\0"])
def test_an_upstream_that_speaks_something_else_ends_the_watch(data: bytes) -> None:
    watch = Watch(check)
    watch.upstream(data)
    assert watch.is_over


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n", b"\x18\3\3\0\1x", b"\x16\3\3\0\4\x10\0\0\0", b"\x16\3\3\0\0"])
def test_before_the_answer_a_client_says_nothing_else(data: bytes) -> None:
    with pytest.raises(BadHello):
        Watch(check).client(data)


@given(st.binary(max_size=200), st.binary(max_size=200), st.integers(1, 50))
def test_any_bytes_are_survived(client: bytes, upstream: bytes, size: int) -> None:
    watch = Watch(check)
    for at in range(0, len(upstream), size):
        watch.upstream(upstream[at : at + size])
    with contextlib.suppress(BadHello):
        for at in range(0, len(client), size):
            watch.client(client[at : at + size])
