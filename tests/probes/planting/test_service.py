from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from paddock.probes.planting.service import GREETING, Service, redirect

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service({b"/elsewhere": redirect("http://localhost:9/")})
    yield made
    made.close()


def say(service: Service, words: bytes, *, patience_s: float = 60) -> bytes:
    with socket.create_connection(("127.0.0.1", service.port), timeout=patience_s) as ours:
        ours.sendall(words)
        return ours.recv(1000)


def test_it_answers_and_remembers(service: Service) -> None:
    assert say(service, b"GET /here HTTP/1.1\r\n\r\n").endswith(GREETING)
    assert b"Location: http://localhost:9/" in say(service, b"GET /elsewhere HTTP/1.1\r\n\r\n")
    assert service.heard() == (b"GET /here HTTP/1.1\r\n\r\n", b"GET /elsewhere HTTP/1.1\r\n\r\n")
    assert service.has_heard(b"/here")
    assert not service.has_heard(b"/settled")  # its own question whether all has been read


def test_each_head_has_an_answer(service: Service) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as ours:
        for part in (b"GET /a HTTP/1.1\r\n", b"\r\nGET /b HTTP/1.1\r\n\r", b"\n"):
            ours.sendall(part)
        said = b""
        while said.count(GREETING) < 2:
            said += ours.recv(1000)


def test_what_was_sent_before_the_question_is_heard_even_without_an_answer(service: Service) -> None:
    for number in range(50):
        with socket.create_connection(("127.0.0.1", service.port), timeout=60) as ours:
            ours.sendall(b"%d reached" % number)
    assert sorted(service.heard()) == sorted(b"%d reached" % number for number in range(50))


def test_a_flood_is_counted_and_not_kept(service: Service) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as ours:
        for _ in range(6):
            ours.sendall(bytes(1 << 20))
        ours.shutdown(socket.SHUT_WR)
        assert ours.recv(1) == b""  # it has read to the end
    (kept,) = service.heard()
    assert len(kept) < 5 << 20
    assert service.bytes_heard >= 6 << 20


def test_connections_at_the_same_time_are_counted(service: Service) -> None:
    kept = [socket.create_connection(("127.0.0.1", service.port), timeout=60) for _ in range(7)]
    for one in kept:
        one.sendall(b"GET / HTTP/1.1\r\n\r\n")
        one.recv(100)
    assert service.most_at_once == 7
    for one in kept:
        one.close()


def test_after_its_end_nobody_answers() -> None:
    made = Service()
    made.close()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", made.port), timeout=60)
