from __future__ import annotations

import base64
import socket
from typing import TYPE_CHECKING

import pytest

from paddock.probes.scenarios.echo import Echo

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def echo() -> Iterator[Echo]:
    with Echo() as made:
        yield made


def ask(echo: Echo, *parts: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", echo.port), timeout=20) as ours:
        for part in parts:
            ours.sendall(part)
        ours.shutdown(socket.SHUT_WR)
        said = b""
        while chunk := ours.recv(4096):
            said += chunk
    return said


def test_the_answer_has_the_request_in_it_plainly_and_encoded(echo: Echo) -> None:
    header = b"Authorization: Bearer secret"
    said = ask(echo, b"GET / HTTP/1.1\r\n" + header + b"\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 200 OK\r\n")
    assert header in said
    assert base64.b64encode(header) in said
    assert int(said.split(b"Content-Length: ")[1].split(b"\r\n")[0]) == len(said.partition(b"\r\n\r\n")[2])


@pytest.mark.parametrize(
    "parts",
    [
        (b"GET /secret HTTP/1.1\r\n\r\n",),
        (b"POST / HTTP/1.1\r\nContent-Length: 6\r\n\r\n", b"sec", b"ret"),
        (b"GET / HTTP/1.1\r\nAuthorization: Basic " + base64.b64encode(b"user:secret") + b"\r\n\r\n",),
        (b"not HTTP at all, but a secret",),
    ],
)
def test_it_knows_whatever_was_sent_to_it(echo: Echo, parts: tuple[bytes, ...]) -> None:
    ask(echo, *parts)
    assert echo.heard("secret")
    assert not echo.heard("other")


def test_who_says_nothing_holds_nobody_up(echo: Echo) -> None:
    socket.create_connection(("127.0.0.1", echo.port)).close()
    ask(echo, b"GET / HTTP/1.1\r\n\r\n")
    assert echo.requests == 2
