"""Route netlink in a network namespace of our own, and read-only on this machine's."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.kernel import netlink
from tests.capabilities import needs

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(netlink.__file__)))


@pytest.fixture
def alone() -> Callable[[str], str]:
    """Run code in a new network namespace, as its owner; gives what it prints."""

    def run(code: str) -> str:
        script = (
            f"import errno, socket, sys\nsys.path.insert(0, {SOURCE!r})\nfrom paddock.kernel import netlink\n{code}"
        )
        argv = ["unshare", "--user", "--map-root-user", "--net", sys.executable, "-I", "-S", "-c", script]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


@needs("userns")
def test_a_new_namespace_has_no_way_to_itself_until_lo_is_up(alone: Callable[[str], str]) -> None:
    code = """
listener = socket.create_server(("0.0.0.0", 0))
where = ("127.0.0.1", listener.getsockname()[1])
with socket.socket() as s:
    before = s.connect_ex(where)
netlink.bring_up("lo")
netlink.bring_up("lo")
with socket.socket() as s:
    print(errno.errorcode[before], s.connect_ex(where))
"""
    assert alone(code) == "ENETUNREACH 0"


@needs("userns")
def test_a_local_route_makes_a_block_our_own(alone: Callable[[str], str]) -> None:
    code = """
netlink.bring_up("lo")
there = socket.inet_aton("198.19.255.254")
print(netlink.is_delivered_here(there))
netlink.add_local_route("198.18.0.0", 15, "lo")
netlink.add_local_route("198.18.0.0", 15, "lo")
print(netlink.is_delivered_here(there), netlink.is_delivered_here(socket.inet_aton("198.20.0.1")))
listener = socket.create_server(("198.19.255.254", 4242))
socket.create_connection(("198.19.255.254", 4242)).close()
print(sorted(map(len, netlink.own_addresses())))
"""
    assert alone(code).split("\n") == ["False", "True False", "[4, 16]"]


@needs("userns")
def test_a_pair_leads_into_another_namespace_and_its_routes_to_all_that_is_there(alone: Callable[[str], str]) -> None:
    code = """
import os
from paddock.kernel import libc
from paddock.kernel.namespaces import CLONE_NEWNET
here = os.open("/proc/self/ns/net", os.O_RDONLY)
libc.call("unshare", CLONE_NEWNET)
netlink.add_pair("there", "here", here)
def connect(interface, *addresses):
    netlink.bring_up(interface)
    for address in addresses: netlink.add_address(address, interface)
    for family in (socket.AF_INET, socket.AF_INET6): netlink.add_default_route(family, interface)
connect("there", "192.0.2.1", "2001:db8::1")
listener = socket.create_server(("", 4242), family=socket.AF_INET6, dualstack_ipv6=True)
libc.call("setns", here, CLONE_NEWNET)
connect("here", "198.51.100.1", "3fff::1")
for address in ("192.0.2.1", "2001:db8::1"):
    with socket.create_connection((address, 4242), timeout=60): print(listener.accept()[1][0])
try: netlink.add_pair("here", "again", here)
except OSError as error: print(errno.errorcode[error.errno])
"""
    assert alone(code).split("\n") == ["::ffff:198.51.100.1", "3fff::1", "EEXIST"]


@needs("userns")
def test_an_interface_gets_one_address_more(alone: Callable[[str], str]) -> None:
    code = """
netlink.bring_up("lo")
for address in ("198.18.0.1", "2001:2::1", "198.18.0.1", "2001:2::1"):
    netlink.add_address(address, "lo")
print(sorted(len(own) for own in netlink.own_addresses()))
print(netlink.is_delivered_here(socket.inet_aton("198.18.0.1")), netlink.is_delivered_here(socket.inet_aton("198.18.0.2")))
"""
    assert alone(code).split("\n") == ["[4, 4, 16, 16]", "True False"]


@needs("userns")
def test_addresses_of_an_interface_are_seen(alone: Callable[[str], str]) -> None:
    assert alone("print(netlink.own_addresses())") == "frozenset()"
    code = "netlink.bring_up('lo'); print(socket.inet_aton('127.0.0.1') in netlink.own_addresses())"
    assert alone(code) == "True"


@needs("userns")
def test_without_the_capability_nothing_is_changed() -> None:
    code = (
        f"import sys; sys.path.insert(0, {SOURCE!r})\n"
        "import os\nos.setresuid(1, 1, 1) if os.geteuid() == 0 else None\n"
        "from paddock.kernel import netlink\nnetlink.add_local_route('198.18.0.0', 15, 'lo')"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert "Operation not permitted" in done.stderr


def test_this_machine_answers_at_its_own_addresses_only() -> None:
    own = netlink.own_addresses()
    assert socket.inet_aton("127.0.0.1") in own
    assert {len(address) for address in own} <= {4, 16}
    assert netlink.is_delivered_here(socket.inet_aton("127.0.0.1"))
    assert not netlink.is_delivered_here(socket.inet_aton("1.1.1.1"))
    assert not netlink.is_delivered_here(socket.inet_pton(socket.AF_INET6, "2606:4700::1111"))


def test_an_interface_that_is_not_there_is_an_error() -> None:
    with pytest.raises(OSError, match="no interface"):
        netlink.bring_up("no-such-one")


@given(st.binary(max_size=200))
def test_damaged_messages_end_instead_of_looping(data: bytes) -> None:
    for _, _, payload in netlink._messages(data):
        list(netlink._attributes(payload))
    list(netlink._attributes(data))
