"""What a head is, held against h11: whatever passes here means the same there."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paddock.gateway.http import heads

NAMES = st.text("abcXYZ019-_!#$%&'*+.^`|~", min_size=1, max_size=8).map(str.encode)
VALUES = st.binary(max_size=12).map(lambda value: bytes(byte for byte in value if byte not in range(0x20)))
PIECES = st.sampled_from(
    [
        *(
            b"GET / HTTP/1.1\r\n",
            b"HTTP/1.1 200 OK\r\n",
            b"A: b\r\n",
            b"A : b\r\n",
            b" b\r\n",
            b"\r\n",
            b"\n",
            b"\r",
            b"\t",
        ),
        *(b":", b"A", b"\0", b"\x0b", b"\x0c", b"\x7f", b"\xff", b"\x85", b" ", b"HTTP/1.0", b"POST", b"200", b"GET /"),
    ]
)


def lowered(fields: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in fields]


def h11_request(head: bytes) -> h11.Request:
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(head)
    event = connection.next_event()
    assert isinstance(event, h11.Request)
    return event


def h11_response(head: bytes) -> h11.Response | h11.InformationalResponse:
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    connection.receive_data(head)
    event = connection.next_event()
    assert isinstance(event, h11.Response | h11.InformationalResponse)
    return event


@given(st.lists(st.tuples(NAMES, VALUES), max_size=6))
def test_written_fields_are_read_back(fields: list[tuple[bytes, bytes]]) -> None:
    stripped = [(name, value.replace(b"\x7f", b"").strip()) for name, value in fields]
    head = heads.write(b"GET /x HTTP/1.1", stripped)
    method, target, version, block = heads.request(head)
    assert (method, target, version) == (b"GET", b"/x", b"1.1")
    assert heads.fields(block) == stripped
    heads.check(stripped)


@st.composite
def nearly_right(draw: st.DrawFn, start: bytes) -> bytes:
    """A head with something put into it."""
    head = (
        start
        + b"".join(b"%s: %s\r\n" % field for field in draw(st.lists(st.tuples(NAMES, VALUES), max_size=3)))
        + b"\r\n"
    )
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(head)))
        head = head[:at] + draw(PIECES) + head[at + draw(st.sampled_from([0, 0, 1, 2])) :]
    return head + b"\r\n\r\n"


MORE = settings(max_examples=max(500, settings.default.max_examples if settings.default else 0))


@MORE
@given(nearly_right(b"GET / HTTP/1.1\r\nHost: x\r\n"))
def test_a_request_that_passes_is_the_same_to_h11(head: bytes) -> None:
    head = head[: head.index(heads.END) + 4]
    try:
        method, target, version, block = heads.request(head)
    except heads.BadHead:
        return
    try:
        event = h11_request(head)
    except h11.RemoteProtocolError:
        # About fields that belong together, which `requests` judges.
        names = [name for name, _ in lowered(heads.fields(block))]
        assert names.count(b"host") != 1
        return
    assert (event.method, event.target, event.http_version) == (method, target, version)
    assert list(event.headers) == lowered(heads.fields(block))


@MORE
@given(nearly_right(b"HTTP/1.1 200 OK\r\nA: b\r\n"), st.booleans())
def test_a_response_that_passes_is_the_same_to_h11(head: bytes, bare: bool) -> None:
    head = head.replace(b"\r\n", b"\n") if bare else head
    end = heads.END_OF_RESPONSE.search(head)
    assert end
    head = head[: end.end()]
    try:
        version, status, reason, block = heads.response(head)
    except heads.BadHead:
        return
    event = h11_response(head)
    assert (event.http_version, event.status_code, event.reason) == (version, status, reason)
    assert list(event.headers) == lowered(heads.fields(block))


@pytest.mark.parametrize(
    "line",
    [
        *(b"HTTP/1.1 200", b"HTTP/1.0 404 Not Found", b"HTTP/1.1 200 ", b"HTTP/1.1 999 gr\xfc\xdf dich"),
        b"HTTP/1.1 100 Continue",
    ],
)
def test_status_lines_come_as_servers_write_them(line: bytes) -> None:
    assert heads.response(line + b"\r\n\r\n")[1] == h11_response(line + b"\r\n\r\n").status_code


@pytest.mark.parametrize(
    "head",
    [
        *(b"HTTP/1.1 20 OK\r\n\r\n", b"HTTP/1.1 2000 OK\r\n\r\n", b"HTTP/2.0 200 OK\r\n\r\n", b"ICY 200 OK\r\n\r\n"),
        *(b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", b"HTTP/1.1 200 O\0K\r\n\r\n", b"HTTP/1.1 099 x\r\n\r\n"),
        *(b"HTTP/1.1  200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n", b"HTTP/1.1 200 OK\r\nA\r\n\r\n"),
    ],
)
def test_what_is_no_response_is_refused(head: bytes) -> None:
    with pytest.raises(heads.BadHead):
        heads.response(head)


@pytest.mark.parametrize(
    "field", [(b"", b"x"), (b"A:", b"x"), (b"A b", b"x"), (b"A", b"x\r\nB: y"), (b"A", b"\n"), (b"A\r\nB", b"y")]
)
def test_fields_that_a_gate_made_cannot_become_two(field: tuple[bytes, bytes]) -> None:
    with pytest.raises(heads.BadHead):
        heads.check([(b"Fine", b"yes"), field])


def test_a_head_of_nothing_but_spaces_is_judged_in_one_pass() -> None:
    """Nothing here may look twice at the same byte: this is what a client that wants to stop the gateway sends."""
    head = b"GET / HTTP/1.1\r\nA: " + b" \t" * 15_000 + b"\0\r\n\r\n"
    for _ in range(200):
        with pytest.raises(heads.BadHead):
            heads.request(head)
