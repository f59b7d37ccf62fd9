"""The examples of RFC 6052 and RFC 7050."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.gateway.outside import guard
from paddock.gateway.outside.nat64 import Translator, translators


def packed(text: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


# RFC 6052 §2.4, for 192.0.2.33
EXAMPLES = {
    32: "2001:db8:c000:221::",
    40: "2001:db8:1c0:2:21::",
    48: "2001:db8:122:c000:2:2100::",
    56: "2001:db8:122:3c0:0:221::",
    64: "2001:db8:122:344:c0:2:2100::",
    96: "2001:db8:122:344::192.0.2.33",
}


@pytest.mark.parametrize(("bits", "address"), EXAMPLES.items())
def test_the_ipv4_address_is_where_the_rfc_says(bits: int, address: str) -> None:
    prefix = packed(address)[: bits // 8]
    assert Translator(prefix).inside(packed(address)) == packed("192.0.2.33")
    assert Translator(prefix).inside(packed("2001:db9::1")) == b""
    assert Translator(prefix).inside(packed("192.0.2.33")) == b""


def embedded(prefix: bytes, inside: bytes) -> bytes:
    address = prefix + inside
    if len(prefix) < 12:  # byte 8 is left out
        address = address[:8] + b"\0" + address[8:]
    return address.ljust(16, b"\0")


@given(st.sampled_from([4, 5, 6, 7, 8, 12]), st.binary(min_size=12, max_size=12), st.ip_addresses(v=4))
def test_a_prefix_is_found_and_what_is_behind_it_is_judged(length: int, data: bytes, address: object) -> None:
    prefix = b"\x2a" + data[1:length] if length < 12 else b"\x2a" + data[1:8] + b"\0" + data[9:]
    inside = socket.inet_aton(str(address))
    found = translators([embedded(prefix, packed("192.0.0.170")), embedded(prefix, packed("192.0.0.171"))])
    assert Translator(prefix) in found
    made = embedded(prefix, inside)
    assert Translator(prefix).inside(made) == inside
    # What looks like an address of some other kind as well is never the better for it.
    kinds = {guard.classify(one.inside(made)) for one in found if one.inside(made)}
    judged = guard.classify(made, found)
    assert judged in kinds | {guard.classify(made)}
    assert judged != "public" or kinds == {"public"}


@pytest.mark.parametrize("answers", [[], ["2606:4700::1"], ["192.0.0.170"], ["::1"]])
def test_where_there_is_no_such_network_nothing_is_found(answers: list[str]) -> None:
    assert translators(map(packed, answers)) == ()


def test_a_private_address_behind_the_prefix_is_private() -> None:
    found = translators([packed("2a01:4f8:64:64::192.0.0.170")])
    metadata = packed("2a01:4f8:64:64::169.254.169.254")
    assert guard.classify(metadata) == "public"
    assert guard.classify(metadata, found) == "metadata"
    assert guard.classify(packed("2a01:4f8:64:64::8.8.8.8"), found) == "public"
    assert guard.classify(packed("2a01:4f8:64:65::10.0.0.1"), found) == "public"

    def refused(address: str) -> str:
        return guard.refusal(
            packed(address), private=False, named=False, is_host=lambda face: face == packed("8.8.8.8"), through=found
        )

    assert refused("2a01:4f8:64:64::10.0.0.1") == "private"
    assert refused("2a01:4f8:64:64::127.0.0.1") == "loopback"
    assert refused("2a01:4f8:64:64::8.8.8.8") == "host"
    assert refused("2a01:4f8:64:64::1.1.1.1") == ""
