"""The table of addresses, as in mitmproxy's block list tests: one line each, odd forms included."""

from __future__ import annotations

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.gateway.outside.guard import carried, classify, refusal


def packed(text: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def nobody(_: bytes) -> bool:
    return False


CLASSES = {
    "public": "1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 172.15.255.255 172.32.0.0 192.167.255.255 "
    "192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255 2606:4700::1111 2a00:1450::1 2001:4860::8888 2001:200::1 ::ffff:1.1.1.1 "
    "64:ff9b::808:808 2002:808:808:: 2001:0:0:0:0:0:f7f7:f7f7 2606:4700::5efe:8.8.8.8",
    "private": "10.0.0.0 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.0 192.168.255.255 100.64.0.0 100.127.255.255 "
    "fc00::1 fdff::1 ::ffff:10.0.0.1 ::10.0.0.1 64:ff9b::a00:1 2002:a00:1:: 2001:0:0:0:0:0:f5ff:fffe 2606:4700::5efe:10.0.0.1 "
    "2606:4700::200:5efe:192.168.0.1 ::ffff:0:10.0.0.1",
    "loopback": "127.0.0.0 127.0.0.1 127.255.255.255 ::1 ::ffff:127.0.0.1 ::127.0.0.1 64:ff9b::7f00:1 2002:7f00:1:: "
    "::ffff:0:127.0.0.1 2001::80ff:fffe",
    "link-local": "169.254.0.0 169.254.255.255 fe80::1 febf::1 fec0::1 feff::1 ::ffff:169.254.1.1 fe80::5efe:8.8.8.8",
    "metadata": "169.254.169.254 100.100.100.200 168.63.129.16 192.0.0.192 fd00:ec2::254 fd20:ce::254 fd00:c1::a9fe:a9fe "
    "fd00:42::42 fd00:a9fe:a9fe::1 fd00:100::100:200 ::ffff:169.254.169.254 64:ff9b::a9fe:a9fe 2002:a9fe:a9fe::1 "
    "::ffff:100.100.100.200 ::a9fe:a9fe",
    "unspecified": "0.0.0.0 0.255.255.255 :: ::ffff:0.0.0.0 ::2",
    "synthetic": "198.18.0.1 198.18.1.1 198.19.255.255 ::ffff:198.18.0.1",
    "multicast": "224.0.0.1 239.255.255.255 ff02::1 ff0e::1",
    "documentation": "192.0.2.1 198.51.100.1 203.0.113.1 2001:db8::1 3fff::1 3fff:fff::1",
    "reserved": "240.0.0.1 255.255.255.255 192.0.0.1 192.88.99.1 100::1 64:ff9b:1::1 5f00::1 2001:2::1 2001:10::1 2001:20::1 2001:1ff::1 "
    "4000::1 8000::1 e000::1 fe00::1 64:ff9b:2::1",
}
CASES = [(address, kind) for kind, addresses in CLASSES.items() for address in addresses.split()]


@pytest.mark.parametrize(("address", "kind"), CASES)
def test_every_address_has_its_class(address: str, kind: str) -> None:
    assert classify(packed(address)) == kind


# The ranges of the design's table, written down a second time.
RANGES = {
    "unspecified": "0.0.0.0/8 ::/128",
    "loopback": "127.0.0.0/8 ::1/128",
    "link-local": "fe80::/10 fec0::/10",
    "private": "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 fc00::/7",
    "synthetic": "198.18.0.0/15",
    "multicast": "224.0.0.0/4 ff00::/8",
    "reserved": "240.0.0.0/4 192.88.99.0/24 100::/64 64:ff9b:1::/48 5f00::/16 2001:2::/48 2001:10::/28 2001:20::/28",
    "documentation": "192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 2001:db8::/32 3fff::/20",
    "metadata": "100.100.100.200 168.63.129.16 192.0.0.192 fd00:ec2::/32 fd20:ce::254 fd00:c1::a9fe:a9fe fd00:42::42 "
    "fd00:a9fe:a9fe::1 fd00:100::100:200 169.254.169.254",
}


@pytest.mark.parametrize(("kind", "range_"), [(kind, one) for kind, text in RANGES.items() for one in text.split()])
def test_a_range_is_covered_from_its_first_address_to_its_last(kind: str, range_: str) -> None:
    network = ipaddress.ip_network(range_)
    assert {classify(network[at].packed) for at in (0, network.num_addresses // 2, -1)} <= {kind, "metadata"}


@given(st.ip_addresses())
def test_what_the_standard_library_calls_private_is_never_public(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if not address.is_global and not carried(address.packed):
        assert classify(address.packed) != "public"


@given(st.ip_addresses(v=4))
def test_an_address_keeps_its_class_in_every_disguise(address: ipaddress.IPv4Address) -> None:
    inside = address.packed
    inverted = bytes(byte ^ 0xFF for byte in inside)
    disguises = [
        packed("::ffff:0:0")[:12] + inside,
        packed("64:ff9b::")[:12] + inside,
        packed("::ffff:0:0:0")[:12] + inside,
        b"\x20\x02" + inside + bytes(10),
        packed("2001::")[:12] + inverted,
        packed("2606:4700::5efe:0:0")[:12] + inside,
    ]
    assert {carried(disguise) for disguise in disguises} == {inside}
    assert {classify(disguise) for disguise in disguises} == {classify(inside)}


@pytest.mark.parametrize(
    ("address", "private", "named", "expected"),
    [
        ("1.1.1.1", False, False, ""),
        ("10.0.0.1", False, False, "private"),
        ("10.0.0.1", True, False, ""),
        ("fd00::1", True, False, ""),
        ("203.0.113.1", False, True, "documentation"),
        ("203.0.113.1", True, False, ""),
        ("2001:db8::1", True, False, ""),
        ("64:ff9b::cb00:7101", True, False, ""),
        ("127.0.0.1", True, False, "loopback"),
        ("127.0.0.1", False, True, ""),
        ("::1", False, True, ""),
        ("::ffff:127.0.0.1", True, False, "loopback"),
        ("169.254.169.254", True, True, "metadata"),
        ("100.100.100.200", True, True, "metadata"),
        ("fd00:ec2::254", True, True, "metadata"),
        ("169.254.1.1", True, True, "link-local"),
        ("0.0.0.0", True, True, "unspecified"),
        ("198.18.0.1", True, True, "synthetic"),
        ("224.0.0.1", True, True, "multicast"),
    ],
)
def test_private_and_named_open_their_own_classes_only(address: str, private: bool, named: bool, expected: str) -> None:
    assert refusal(packed(address), private=private, named=named, is_host=nobody) == expected


@pytest.mark.parametrize("own", ["8.8.8.8", "10.0.0.5", "192.0.2.5", "2606:4700::1", "fd00::5"])
def test_this_hosts_own_addresses_need_to_be_named(own: str) -> None:
    def is_host(address: bytes) -> bool:
        return address == packed(own)

    assert refusal(packed(own), private=True, named=False, is_host=is_host) == "host"
    assert refusal(packed(own), private=True, named=True, is_host=is_host) == ""


def test_this_hosts_own_address_is_known_in_disguise() -> None:
    def is_host(address: bytes) -> bool:
        return address == packed("8.8.8.8")

    assert refusal(packed("64:ff9b::808:808"), private=False, named=False, is_host=is_host) == "host"
