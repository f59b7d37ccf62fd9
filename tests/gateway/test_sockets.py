"""Sockets that are made inside and used outside."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from paddock.gateway import sockets
from paddock.gateway.rules import table
from paddock.plan.model import Rule
from paddock.policy.model import Origin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.gateway.conftest import Sandbox

ORIGIN = Origin("flag")


@pytest.fixture
def taken(sandbox: Sandbox) -> Iterator[list[socket.socket]]:
    endpoints = table(
        [
            Rule("a.example.test", 443, ORIGIN),
            Rule("b.example.test", 443, ORIGIN),
            Rule("127.0.0.1", 8080, ORIGIN, loopback=True),
        ]
    ).endpoints
    made = [socket.socket(fileno=descriptor) for descriptor in sockets.take(sandbox.namespaces, endpoints)]
    yield made
    for one in made:
        one.close()


def test_they_come_in_order_resolver_first(taken: list[socket.socket]) -> None:
    assert [(one.type, one.getsockname()) for one in taken] == [
        (socket.SOCK_DGRAM, ("198.18.0.1", 53)),
        (socket.SOCK_STREAM, ("198.18.0.1", 53)),
        (socket.SOCK_STREAM, ("198.18.1.1", 443)),
        (socket.SOCK_STREAM, ("198.18.1.2", 443)),
        (socket.SOCK_STREAM, ("127.0.0.1", 8080)),
    ]


def test_they_are_not_inherited_by_programs(taken: list[socket.socket]) -> None:
    assert not any(os.get_inheritable(one.fileno()) for one in taken)


def test_connections_from_inside_arrive_outside(sandbox: Sandbox, taken: list[socket.socket]) -> None:
    sandbox.python("socket.create_connection(('198.18.1.2', 443), timeout=5).sendall(b'hello')")
    accepted, _ = taken[3].accept()
    with accepted:
        assert (accepted.recv(10), accepted.getsockname()) == (b"hello", ("198.18.1.2", 443))


def test_programs_inside_keep_their_ports(sandbox: Sandbox, taken: list[socket.socket]) -> None:
    assert sandbox.python("print(socket.create_server(('127.0.0.1', 4430)).getsockname()[0])").strip() == "127.0.0.1"
    code = """
for address in ('198.18.1.1', '0.0.0.0'):
    try:
        socket.create_server((address, 18443)).close(); print('free')
    except OSError as error: print(error.errno)
"""
    assert sandbox.python(code).split() == ["free", "free"]


def test_nobody_inside_can_change_what_was_made(sandbox: Sandbox, taken: list[socket.socket]) -> None:
    code = """
import errno
for family, kind, protocol in ((socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP), (socket.AF_PACKET, socket.SOCK_RAW, 0)):
    try:
        socket.socket(family, kind, protocol); print('open')
    except OSError as error: print(errno.errorcode[error.errno])
"""
    assert sandbox.python(code).split() == ["EPERM", "EPERM"]


def test_an_address_in_use_is_named(sandbox: Sandbox, taken: list[socket.socket]) -> None:
    with pytest.raises(OSError, match=r"198\.18\.0\.1:53 inside"):
        sockets.take(sandbox.namespaces, ())
