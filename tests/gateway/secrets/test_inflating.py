"""Compressed bodies are read in pieces, within bounds, and never half."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from paddock.gateway.http.requests import BadRequest
from paddock.gateway.secrets import inflating

if TYPE_CHECKING:
    from collections.abc import Callable


FORMS: dict[bytes, Callable[[bytes], bytes]] = {
    b"gzip": gzip.compress,
    b"x-gzip": gzip.compress,
    b"GZIP": gzip.compress,
    b"deflate": zlib.compress,
    b"deflate, identity": zlib.compress,
    b"identity": lambda data: data,
    b"": lambda data: data,
}


@given(st.binary(max_size=3000), st.integers(1, 400), st.sampled_from(sorted(FORMS)))
def test_what_is_inside_comes_out_however_it_is_cut(data: bytes, size: int, encoding: bytes) -> None:
    text = FORMS[encoding](data)
    reader = inflating.reader([encoding] if encoding else [])
    out = b"".join(reader.feed(text[at : at + size]) for at in range(0, len(text), size))
    reader.end()
    assert out == data


def test_several_members_of_gzip_are_all_read() -> None:
    reader = inflating.reader([b"gzip"])
    assert reader.feed(gzip.compress(b"one") + gzip.compress(b" two")) == b"one two"
    reader.end()


def refused(encoding: bytes, *pieces: bytes) -> str:
    try:
        reader = inflating.reader([encoding])
        for piece in pieces:
            reader.feed(piece)
        reader.end()
    except BadRequest as error:
        return error.reason
    return ""


def test_what_cannot_be_read_is_refused() -> None:
    assert refused(b"br", b"") == "body-encoding"
    assert refused(b"gzip,gzip", b"") == "body-encoding"
    assert refused(b"gzip", b"not gzip") == "body-damaged"
    assert refused(b"deflate", b"\xff\xff\xff\xff") == "body-damaged"
    assert refused(b"gzip", gzip.compress(b"cut")[:-3]) == "body-damaged"
    assert refused(b"gzip", gzip.compress(b"one") + b"behind") == "body-damaged"


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = gzip.compress(bytes(200 << 20))
    assert refused(b"gzip", *(bomb[at : at + 4096] for at in range(0, len(bomb), 4096))) == "body-dense"
    assert len(inflating.reader([b"gzip"]).feed(gzip.compress(bytes(inflating.FREE_BYTES)))) == inflating.FREE_BYTES


@given(st.binary(max_size=500))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for encoding in (b"gzip", b"deflate"):
        assert refused(encoding, data) in ("", "body-damaged", "body-dense")
