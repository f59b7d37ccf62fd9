"""The ClientHello parser against OpenSSL's hellos, whole, in pieces, and damaged."""

from __future__ import annotations

import contextlib
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.gateway.tls.hello import MOST_BYTES, BadHello, HelloReader, alert, server_name
from paddock.policy.names import canonical_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    MakeHello = Callable[[str | None], bytes]


def vector(size: int, data: bytes) -> bytes:
    return len(data).to_bytes(size, "big") + data


def sni(*names: bytes, kind: int = 0) -> tuple[int, bytes]:
    return 0, vector(2, b"".join(bytes([kind]) + vector(2, name) for name in names))


def body(
    *extensions: tuple[int, bytes],
    tail: bytes = b"",
    session: bytes = bytes(32),
    suites: bytes = b"\x13\x01",
    compression: bytes = b"\0",
) -> bytes:
    data = b"".join(struct.pack("!H", kind) + vector(2, content) for kind, content in extensions)
    return (
        b"\3\3" + bytes(32) + vector(1, session) + vector(2, suites) + vector(1, compression) + vector(2, data) + tail
    )


def records(message: bytes, sizes: Sequence[int] = ()) -> bytes:
    out = b""
    for size in sizes:
        out += b"\x16\3\1" + vector(2, message[:size]) if message[:size] else b""
        message = message[size:]
    return out + (b"\x16\3\1" + vector(2, message) if message else b"")


def handshake(content: bytes) -> bytes:
    return b"\1" + vector(3, content)


def read(data: bytes) -> bytes | None:
    reader = HelloReader()
    assert reader.feed(data)
    assert reader.taken == data
    return reader.server_name


@pytest.mark.parametrize("name", ["api.example.test", "a.test", "x" * 60 + ".example.test"])
def test_openssl_hellos_give_their_name(make_hello: MakeHello, name: str) -> None:
    assert read(make_hello(name)) == name.encode()


def test_a_hello_without_a_name_gives_none(make_hello: MakeHello) -> None:
    assert read(make_hello(None)) is None


def test_a_hello_cut_at_any_byte_is_read_the_same(make_hello: MakeHello) -> None:
    data = make_hello("api.example.test")
    for cut in range(len(data)):
        reader = HelloReader()
        assert not reader.feed(data[:cut])
        assert reader.feed(data[cut:])
        assert (reader.server_name, bytes(reader.taken)) == (b"api.example.test", data)


def test_a_hello_that_comes_byte_by_byte_is_read_the_same(make_hello: MakeHello) -> None:
    data = make_hello("api.example.test")
    reader = HelloReader()
    assert [reader.feed(bytes([byte])) for byte in data] == [False] * (len(data) - 1) + [True]
    assert reader.server_name == b"api.example.test"


@given(st.lists(st.integers(1, 60), max_size=60))
def test_a_hello_in_many_records_is_read_the_same(sizes: list[int]) -> None:
    assert read(records(handshake(body(sni(b"api.example.test"), (43, b"\2\3\4"))), sizes)) == b"api.example.test"


def test_a_hello_without_extensions_names_nothing() -> None:
    old = b"\3\1" + bytes(32) + b"\0" + vector(2, b"\0\x2f") + vector(1, b"\0")
    assert server_name(old) is None
    assert server_name(body()) is None


MALFORMED = {
    "two server_name extensions": body(sni(b"a.test"), sni(b"b.test")),
    "another extension twice": body(sni(b"a.test"), (43, b""), (43, b"")),
    "bytes behind the extensions": body(sni(b"a.test"), tail=b"x"),
    "session id too long": body(sni(b"a.test"), session=bytes(33)),
    "odd cipher suites": body(sni(b"a.test"), suites=b"\x13\x01\x13"),
    "no cipher suites": body(sni(b"a.test"), suites=b""),
    "no compression methods": body(sni(b"a.test"), compression=b""),
    "empty server name list": body((0, vector(2, b""))),
    "empty server_name": body((0, b"")),
    "empty name": body(sni(b"")),
    "unknown name type": body(sni(b"a.test", kind=1)),
    "bytes behind the list": body((0, sni(b"a.test")[1] + b"x")),
    "list longer than the extension": body((0, b"\0\xff\0\0\6a.test")),
    "name longer than the list": body((0, vector(2, b"\0\0\xffa.test"))),
    "nothing": b"",
    "only a version": b"\3\3",
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_hellos_are_refused(content: bytes) -> None:
    with pytest.raises(BadHello) as caught:
        HelloReader().feed(records(handshake(content)))
    assert caught.value.reason == "tls-malformed"


def test_several_names_are_refused_as_such() -> None:
    with pytest.raises(BadHello) as caught:
        server_name(body(sni(b"a.test", b"b.test")))
    assert caught.value.reason == "tls-several-names"


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\2\0\0\5",  # not TLS
        b"\x16\3\1\0\0",  # an empty record
        b"\x16\3\1\x40\1",  # a record that is too long
        b"\x16\3\1\0\4\2\0\0\0",  # a ServerHello
        records(b"\1\0\0")[:-1] + b"\0" + b"\x17\3\1\0\1x",  # another record type between
        records(handshake(body(sni(b"a.test"))) + b"\x0b\0\0\0"),  # another message in the same record
    ],
)
def test_records_that_a_lenient_server_might_read_otherwise_are_refused(data: bytes) -> None:
    with pytest.raises(BadHello):
        HelloReader().feed(data)


def test_a_hello_that_does_not_end_is_refused_with_little_kept() -> None:
    reader = HelloReader()
    reader.feed(b"\x16\3\1\0\4\1\0\xff\0")
    with pytest.raises(BadHello) as caught:
        any(reader.feed(b"\x16\3\1\0\1\0") for _ in range(MOST_BYTES))
    assert caught.value.reason == "tls-too-long"
    assert len(reader.taken) <= MOST_BYTES + 6


def test_an_announced_length_beyond_the_limit_is_refused_at_once() -> None:
    with pytest.raises(BadHello) as caught:
        HelloReader().feed(b"\x16\3\1\0\4\1\xff\xff\xff")
    assert caught.value.reason == "tls-too-long"


@given(st.binary(max_size=400))
def test_any_bytes_are_a_hello_or_refused_or_incomplete(data: bytes) -> None:
    for read_it in (lambda: HelloReader().feed(b"\x16\3\1" + data), lambda: server_name(data)):
        with contextlib.suppress(BadHello):  # and nothing else
            read_it()


@given(st.data())
def test_a_damaged_hello_is_refused_or_read_as_openssl_reads_it(data: st.DataObject) -> None:
    """Differential: what passes here must name the same server to OpenSSL, or be rejected by it."""
    whole = bytearray(HELLO)
    for _ in range(data.draw(st.integers(1, 2))):
        whole[data.draw(st.integers(5, len(whole) - 1))] = data.draw(st.integers(0, 255))
    reader = HelloReader()
    try:
        if not reader.feed(bytes(whole)):
            return
    except BadHello:
        return
    if canonical_bytes(reader.server_name or b"") is not None:  # else the name is refused, whatever it is
        assert openssl_sees(bytes(whole)) in ("rejected", reader.server_name)


def openssl_sees(data: bytes) -> bytes | str | None:
    """The server name that OpenSSL's server side takes from a hello, or "rejected"."""
    import ssl

    seen: list[bytes | None] = []

    def note(_: object, name: str | None, __: object) -> None:
        seen.append(name.encode() if name is not None else None)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sni_callback = note
    incoming = ssl.MemoryBIO()
    incoming.write(data)
    connection = context.wrap_bio(incoming, ssl.MemoryBIO(), server_side=True)
    with contextlib.suppress(ssl.SSLError):
        connection.do_handshake()
    return seen[0] if seen else "rejected"


HELLO = records(
    handshake(
        body(
            sni(b"api.example.test"), (10, b"\0\2\0\x1d"), (13, b"\0\2\4\3"), (43, b"\2\3\4"), suites=b"\x13\1\xc0\x2b"
        )
    )
)


def test_openssl_sees_the_same_name_in_the_hello_that_is_damaged_above() -> None:
    assert openssl_sees(HELLO) == b"api.example.test" == read(HELLO)


def test_an_alert_is_seven_bytes_and_fatal() -> None:
    assert alert(49) == bytes.fromhex("15030300020231")


def alpn(*names: bytes) -> tuple[int, bytes]:
    return 16, vector(2, b"".join(vector(1, name) for name in names))


def test_the_protocols_that_are_offered_are_known() -> None:
    reader = HelloReader()
    assert reader.feed(records(handshake(body(sni(b"a.test"), alpn(b"h2", b"http/1.1")))))
    assert reader.protocols == (b"h2", b"http/1.1")
    reader = HelloReader()
    assert reader.feed(records(handshake(body(sni(b"a.test")))))
    assert reader.protocols == ()


@pytest.mark.parametrize("extension", [b"", b"\0\0", b"\0\1\0", b"\0\3\2h2x", b"\0\4\2h2", b"\0\4\0\2h2"])
def test_a_malformed_list_of_protocols_is_refused(extension: bytes) -> None:
    with pytest.raises(BadHello):
        HelloReader().feed(records(handshake(body((16, extension)))))
