"""Transcripts: a query goes in, a reply comes out."""

from __future__ import annotations

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.gateway.inside import dns

NAMES = {"api.example.test": "198.18.1.1", "xn--bcher-kva.test": "198.18.1.2"}
OPT = b"\0" + struct.pack("!HHIH", 41, 1232, 0, 0)
A, NS, TXT, AAAA, SRV, SVCB, HTTPS, ANY = 1, 2, 16, 28, 33, 64, 65, 255


def wire(name: str | bytes) -> bytes:
    labels = (name.encode() if isinstance(name, str) else name).split(b".")
    return b"".join(bytes([len(label)]) + label for label in labels if label) + b"\0"


def query(
    name: str | bytes,
    kind: int = A,
    klass: int = 1,
    flags: int = 0x0100,
    tail: bytes = b"",
    counts: tuple[int, ...] = (1, 0, 0, 0),
) -> bytes:
    raw = name if isinstance(name, bytes) else wire(name)
    return struct.pack("!HHHHHH", 0xBEEF, flags, *counts) + raw + struct.pack("!HH", kind, klass) + tail


def reply(data: bytes) -> dns.Reply:
    made = dns.reply_to(data, lambda name: NAMES.get(name, ""))
    assert made is not None
    return made


def code(data: bytes) -> int:
    return reply(data).wire[3] & 15


def test_an_allowed_name_has_its_synthetic_address() -> None:
    asked = query("api.example.test")
    made = reply(asked)
    assert made.wire == (
        bytes.fromhex("beef 8580 0001 0001 0000 0000")
        + asked[12:]
        + bytes.fromhex("c00c 0001 0001 0000001e 0004")
        + socket.inet_aton("198.18.1.1")
    )
    assert (made.name, made.allowed) == ("api.example.test", True)


@pytest.mark.parametrize("kind", [NS, TXT, AAAA, SRV, SVCB, HTTPS, ANY, 0, 65535])
def test_an_allowed_name_has_no_other_data(kind: int) -> None:
    made = reply(query("api.example.test", kind))
    assert struct.unpack_from("!HHHHH", made.wire, 2) == (0x8580, 1, 0, 0, 0)
    assert made.allowed


@pytest.mark.parametrize(("host", "expected"), [("api.example.test", dns.NOERROR), ("evil.test", dns.NXDOMAIN)])
def test_a_question_for_a_service_is_about_its_host_and_has_no_data(host: str, expected: int) -> None:
    made = reply(query(f"_http._tcp.{host}", SRV))
    assert struct.unpack_from("!HHHHH", made.wire, 2) == (0x8580 | expected, 1, 0, 0, 0)
    assert (made.name, made.allowed) == (host, expected == dns.NOERROR)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("_http._tcp.api.example.test", A),
        ("_a._b.api.example.test", SRV),
        ("x._tcp.api.example.test", SRV),
        ("_tcp", SRV),
    ],
)
def test_other_names_below_a_host_do_not_exist(name: str, kind: int) -> None:
    made = reply(query(name, kind))
    assert (made.name, made.allowed) == (name, False)


def test_every_other_name_does_not_exist() -> None:
    made = reply(query("secret-data.evil.test"))
    assert struct.unpack_from("!HHHHH", made.wire, 2) == (0x8583, 1, 0, 0, 0)
    assert (made.name, made.allowed) == ("secret-data.evil.test", False)


@pytest.mark.parametrize(
    "name", ["example.test", "x.api.example.test", "test", "apiXexample.test", "api.example.test.evil.test"]
)
def test_neighbours_of_an_allowed_name_do_not_exist(name: str) -> None:
    assert code(query(name)) == dns.NXDOMAIN


def test_the_root_and_other_classes_do_not_exist() -> None:
    assert code(query(b"\0", NS)) == dns.NXDOMAIN
    assert code(query("api.example.test", klass=3)) == dns.NXDOMAIN
    assert code(query("api.example.test", klass=255)) == dns.NXDOMAIN


def test_case_does_not_matter_and_the_question_comes_back_as_it_was() -> None:
    asked = query("aPI.eXample.TEST")
    assert reply(asked).allowed
    assert wire("aPI.eXample.TEST") in reply(asked).wire


def test_a_dot_inside_a_label_is_another_name() -> None:
    made = reply(query(b"\x0bapi.example\x04test\0"))
    assert made.allowed is False


@pytest.mark.parametrize("label", [b"api\0", b"\0api", b"api ", b"ap\xc3\xad", b"api%", b"a\nb", b"\x1b[2J"])
def test_odd_bytes_in_a_label_make_no_allowed_name_and_no_raw_text(label: bytes) -> None:
    made = reply(query(bytes([len(label)]) + label + wire("example.test")))
    assert made.allowed is False
    assert made.name.isascii()


def test_queries_with_edns_are_answered() -> None:
    assert reply(query("api.example.test", tail=OPT, counts=(1, 0, 0, 1))).allowed
    cookie = b"\0" + struct.pack("!HHIH", 41, 1232, 0, 12) + bytes(12)
    assert reply(query("api.example.test", tail=cookie, counts=(1, 0, 0, 1))).allowed


@pytest.mark.parametrize(
    "data",
    [
        query("api.example.test", counts=(0, 0, 0, 0)),
        query("api.example.test", counts=(2, 0, 0, 0)),
        query("api.example.test", counts=(1, 1, 0, 0)),
        query("api.example.test", counts=(1, 0, 1, 0)),
        query("api.example.test", counts=(1, 0, 0, 1)),
        query("api.example.test", counts=(1, 0, 0, 2), tail=OPT * 2),
        query("api.example.test", tail=b"x"),
        query("api.example.test", tail=OPT[:-1], counts=(1, 0, 0, 1)),
        query("api.example.test", tail=OPT + b"x", counts=(1, 0, 0, 1)),
        query("api.example.test", tail=b"\0" + struct.pack("!HHIH", 250, 0, 0, 0), counts=(1, 0, 0, 1)),
        query(b"\xc0\x0c"),
        query(b"\x03api\xc0\x0c"),
        query(b"\x40" + b"a" * 64 + b"\0"),
        query(b"\x80\0"),
        query((b"\x3f" + b"a" * 63) * 4 + b"\0"),
        query("api.example.test")[:-1],
        query("api.example.test")[:20],
        query("api.example.test", tail=bytes(600)),
    ],
)
def test_malformed_queries_get_formerr_without_a_question(data: bytes) -> None:
    made = reply(data)
    assert made.wire == struct.pack("!HHHHHH", 0xBEEF, 0x8581, 0, 0, 0, 0)
    assert made.allowed is None


def test_a_name_of_exactly_255_bytes_is_read() -> None:
    longest = (b"\x3f" + b"a" * 63) * 3 + b"\x3d" + b"a" * 61 + b"\0"
    assert len(longest) == 255
    assert code(query(longest)) == dns.NXDOMAIN
    assert code(query((b"\x3f" + b"a" * 63) * 3 + b"\x3e" + b"a" * 62 + b"\0")) == dns.FORMERR


@pytest.mark.parametrize("flags", [0x8000, 0x8180, 0xFFFF])
def test_replies_are_not_answered(flags: int) -> None:
    assert dns.reply_to(query("api.example.test", flags=flags), lambda name: NAMES.get(name, "")) is None


@pytest.mark.parametrize("size", range(12))
def test_what_is_shorter_than_a_header_is_not_answered(size: int) -> None:
    assert dns.reply_to(query("api.example.test")[:size], lambda name: NAMES.get(name, "")) is None


@pytest.mark.parametrize("opcode", [1, 2, 4, 5, 15])
def test_other_operations_are_not_implemented(opcode: int) -> None:
    assert code(query("api.example.test", flags=opcode << 11)) == dns.NOTIMP


@given(st.binary(max_size=600))
def test_any_bytes_give_a_reply_or_none_and_never_an_address(data: bytes) -> None:
    made = dns.reply_to(data, lambda name: NAMES.get(name, ""))
    if made is not None:
        assert made.wire[:2] == data[:2]
        assert made.wire[2] & 0x80
        assert made.name.isascii()
        assert len(made.wire) <= len(data) + 16
        assert made.allowed or socket.inet_aton("198.18.1.1") not in made.wire[len(data) :]


@given(st.data())
def test_a_damaged_query_never_resolves_another_name(data: st.DataObject) -> None:
    asked = bytearray(query("api.example.test", tail=OPT, counts=(1, 0, 0, 1)))
    for _ in range(data.draw(st.integers(1, 3))):
        asked[data.draw(st.integers(0, len(asked) - 1))] = data.draw(st.integers(0, 255))
    made = dns.reply_to(bytes(asked), lambda name: NAMES.get(name, ""))
    if made is not None and made.allowed:
        assert bytes(asked)[12:30].lower() == wire("api.example.test")


@given(st.lists(st.binary(min_size=12, max_size=80), max_size=5), st.lists(st.integers(1, 40), max_size=40))
def test_a_stream_is_cut_into_the_same_queries_however_it_arrives(queries: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(map(dns.with_length, queries))
    lengths, found = dns.Lengths(), []
    for cut in cuts:
        found += lengths.feed(stream[:cut])
        stream = stream[cut:]
    assert found + lengths.feed(stream) == queries


@pytest.mark.parametrize("length", [0, 1, 11, 513, 65535])
def test_a_length_that_no_query_has_ends_the_stream(length: int) -> None:
    with pytest.raises(ValueError, match="bytes"):
        dns.Lengths().feed(length.to_bytes(2, "big"))
