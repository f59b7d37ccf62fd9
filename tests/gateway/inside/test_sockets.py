"""Sockets that are made inside and used outside, by way of the maker."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from paddock.gateway.inside.maker import Maker
from tests import capabilities
from tests.gateway.conftest import STAND_IN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paddock.plan.model import Rule
    from tests.gateway.conftest import Allow, Sandbox

PLACES = [("198.18.1.1", 443), ("198.18.1.2", 443), ("127.0.0.1", 8080)]


@pytest.fixture
def maker(sandbox: Sandbox) -> Iterator[Maker]:
    made = Maker(sandbox.namespaces, STAND_IN if capabilities.IS_ROOT else None)
    yield made
    made.close()


@pytest.fixture
def taken(maker: Maker) -> Iterator[list[socket.socket]]:
    made = [socket.socket(fileno=descriptor) for descriptor in (*maker.begin(), *maker.listen(PLACES))]
    yield made
    for one in made:
        one.close()


def test_they_come_in_order_resolver_first(taken: list[socket.socket]) -> None:
    assert [(one.type, one.getsockname()) for one in taken] == [
        (socket.SOCK_DGRAM, ("198.18.0.1", 53)),
        (socket.SOCK_STREAM, ("198.18.0.1", 53)),
        *((socket.SOCK_STREAM, place) for place in PLACES),
    ]


def test_a_name_is_found_by_programs_that_ask_for_what_the_machine_has(
    sandbox: Sandbox, allow: Allow, rule: Callable[..., Rule]
) -> None:
    allow(rule("api.example.test", 443, 1))
    code = """
for family in (socket.AF_UNSPEC, socket.AF_INET):
    found = socket.getaddrinfo("api.example.test", 443, family, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG)
    print(*(address[0] for *_, address in found))
"""
    assert sandbox.python(code).split() == ["198.18.1.1"] * 2


def test_both_versions_of_ip_are_there_for_programs_that_look(sandbox: Sandbox, taken: list[socket.socket]) -> None:
    code = """
def has(family, address):
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.bind((address, 0))
        return s.getsockname()[0]
print(has(socket.AF_INET, "198.18.0.1"), has(socket.AF_INET6, "2001:2::1"))
"""
    assert sandbox.python(code).split() == ["198.18.0.1", "2001:2::1"]


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


def test_more_can_be_made_at_any_time(sandbox: Sandbox, maker: Maker, taken: list[socket.socket]) -> None:
    (descriptor,) = maker.listen([("198.18.1.3", 25)])
    with socket.socket(fileno=descriptor) as later:
        sandbox.python("socket.create_connection(('198.18.1.3', 25), timeout=5).sendall(b'later')")
        accepted, _ = later.accept()
        with accepted:
            assert accepted.recv(10) == b"later"


def test_an_address_of_a_rule_becomes_the_sandboxs_own(
    sandbox: Sandbox, maker: Maker, taken: list[socket.socket]
) -> None:
    maker.claim("192.0.2.7")
    (descriptor,) = maker.listen([("192.0.2.7", 5432)])
    with socket.socket(fileno=descriptor) as database:
        sandbox.python("socket.create_connection(('192.0.2.7', 5432), timeout=5)")
        database.accept()[0].close()


def test_what_listens_inside_can_be_reached_from_outside(
    sandbox: Sandbox, maker: Maker, taken: list[socket.socket]
) -> None:
    with socket.socket(fileno=maker.dialling()) as there:
        assert there.connect_ex(("198.18.1.1", 443)) in (0, 115)  # EINPROGRESS
        taken[2].accept()[0].close()


def test_an_address_in_use_is_named_and_the_maker_lives_on(maker: Maker, taken: list[socket.socket]) -> None:
    with pytest.raises(OSError, match=r"198\.18\.1\.1:443 inside"):
        maker.listen([("198.18.1.9", 443), ("198.18.1.1", 443)])
    for descriptor in maker.listen([("198.18.1.9", 443)]):  # the half that was made was not kept
        os.close(descriptor)


def test_as_many_as_one_likes_can_be_made(maker: Maker, taken: list[socket.socket]) -> None:
    places = [("198.18.2.1", 1000 + number) for number in range(600)]
    descriptors = maker.listen(places)
    assert len(set(descriptors)) == 600
    for descriptor in descriptors:
        os.close(descriptor)
