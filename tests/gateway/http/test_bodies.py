"""Where a body ends, held against h11, however its bytes come."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paddock.gateway.http import bodies
from paddock.gateway.http.bodies import CHUNKED, TO_THE_END, BadBody, Writer, WrongLength

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKS = st.sampled_from(
    [
        *(
            b"0\r\n",
            b"\r\n",
            b"",
            b"x",
            b"X",
            b"+",
            b" ",
            b";",
            b"5",
            b"1\r\na\r\n",
            b"5;x=y\r\nhello\r\n",
            b"A \r\n0123456789\r\n",
            b"0;last\r\n",
            b"0000\r\n",
        ),
        *(
            b"X: 1\r\n",
            b"Y : 1\r\n",
            b" z\r\n",
            b"\n",
            b"\r",
            b"1\na\n",
            b"-1\r\n",
            b"0x1\r\na\r\n",
            b"1_0\r\n",
            b"+1\r\n",
        ),
        *(b"f" * 16 + b"\r\n", b"1;\0\r\na\r\n", b" 1\r\na\r\n", b"1\r\naXX", b"GET / HTTP/1.1\r\n\r\n"),
    ]
)


def by_h11(data: bytes) -> tuple[bytes, bytes] | None:
    """Content and rest of a chunked body that is complete, else None."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(HEAD + data)
    connection.next_event()
    found = b""
    try:
        while isinstance(event := connection.next_event(), h11.Data):
            found += event.data
    except h11.RemoteProtocolError:
        return None
    return (found, connection.trailing_data[0]) if isinstance(event, h11.EndOfMessage) else None


def in_cuts(data: bytes, cuts: list[int]) -> list[bytes]:
    pieces = []
    for cut in [*cuts, len(data)]:
        pieces.append(data[:cut])
        data = data[cut:]
    return [piece for piece in pieces if piece]


@st.composite
def nearly_right(draw: st.DrawFn) -> bytes:
    """Chunks with something put between, over or into them."""
    data = b"".join(
        b"%x\r\n%s\r\n" % (len(c), c) for c in draw(st.lists(st.binary(min_size=1, max_size=18), max_size=3))
    )
    data += b"0\r\n" + draw(st.sampled_from([b"", b"X: 1\r\n"])) + b"\r\n" + draw(st.sampled_from([b"", b"next"]))
    at = draw(st.integers(0, len(data)))
    return data[:at] + draw(CHUNKS) + data[at + draw(st.sampled_from([0, 0, 1, 2])) :]


@settings(max_examples=max(1000, settings.default.max_examples if settings.default else 0))
@given(nearly_right(), st.lists(st.integers(1, 4), max_size=30))
def test_a_chunked_body_that_passes_is_the_same_to_h11(data: bytes, cuts: list[int]) -> None:
    body, found = bodies.Chunked(), b""
    pieces = in_cuts(data, cuts)
    try:
        while pieces and not body.is_done:
            found += body.feed(pieces.pop(0))
    except BadBody:
        return
    if body.is_done:
        assert by_h11(data) == (found, body.rest + b"".join(pieces))


@given(st.lists(st.binary(min_size=1, max_size=20), max_size=6), st.lists(st.integers(1, 9), max_size=40))
def test_what_a_writer_wrote_is_read_back(pieces: list[bytes], cuts: list[int]) -> None:
    content = b"".join(pieces)
    for how in (CHUNKED, len(content)):
        writer, reader, found = Writer(how), bodies.reader(how), b""
        wire = b"".join(map(writer.data, pieces)) + writer.end([(b"X-Sum", b"1")]) + b"next"
        rest = in_cuts(wire, cuts)
        while not reader.is_done:
            found += reader.feed(rest.pop(0))
        assert (found, reader.rest + b"".join(rest)) == (content, b"next")
        assert reader.trailers == ([(b"X-Sum", b"1")] if how == CHUNKED else [])
        reader.end()


@pytest.mark.parametrize("length", [0, 1, 5])
def test_a_length_is_kept(length: int) -> None:
    reader = bodies.reader(length)
    assert reader.is_done is (length == 0)
    assert reader.feed(b"hello, world")[:5] == b"hello"[:length]
    assert reader.rest == b"hello, world"[length:]


@pytest.mark.parametrize(("how", "data"), [(5, b"four"), (CHUNKED, b"4\r\nfour\r\n"), (CHUNKED, b"0\r\n")])
def test_a_body_that_breaks_off_is_no_body(how: int, data: bytes) -> None:
    reader = bodies.reader(how)
    reader.feed(data)
    with pytest.raises(BadBody):
        reader.end()


def test_a_body_to_the_end_ends_there() -> None:
    reader = bodies.reader(TO_THE_END)
    assert reader.feed(b"all of it") == b"all of it"
    assert not reader.is_done
    reader.end()
    assert reader.is_done


@pytest.mark.parametrize(
    "data", [b"1;" + b"x" * bodies.LONGEST_LINE, b"0\r\nX: " + b"x" * 40_000, b"0\r\nX: " + b"x" * 40_000 + b"\r\n\r\n"]
)
def test_nothing_grows_without_bound(data: bytes) -> None:
    with pytest.raises(BadBody):
        bodies.Chunked().feed(data)


@pytest.mark.parametrize("values", [[b"+1"], [b"1", b"1"], [b"1, 1"], [b""], [b"0x1"], [b"9" * 19], [b"1 1"]])
def test_a_length_has_one_spelling(values: list[bytes]) -> None:
    with pytest.raises(BadBody):
        bodies.framing(values, [])


@pytest.mark.parametrize("values", [[b"gzip"], [b"chunked", b"chunked"], [b"gzip, chunked"], [b""], [b"chunked,"]])
def test_there_is_one_coding(values: list[bytes]) -> None:
    with pytest.raises(BadBody):
        bodies.framing([], values)


def test_framings() -> None:
    assert bodies.framing([], []) is None
    assert bodies.framing([b"007"], []) == 7
    assert bodies.framing([b"7"], [b"Chunked"]) == CHUNKED


def test_a_writer_holds_to_the_length() -> None:
    writer = Writer(3)
    writer.data(b"ab")
    with pytest.raises(WrongLength):
        writer.end([])
    with pytest.raises(WrongLength):
        writer.data(b"cd")
