"""Whole conversations, held against h11: nothing that is let through is read differently on the other side.

Deterministic here. `PADDOCK_FUZZ=200000 pytest tests/gateway/http/test_exchange__differential.py` looks further.
"""

from __future__ import annotations

from typing import NamedTuple

import h11
from hypothesis import example, given, settings
from hypothesis import strategies as st

from paddock.gateway.gate import Gate
from paddock.gateway.http.exchange import Exchange
from paddock.plan.model import Rule
from paddock.policy.model import Origin
from tests.gateway.conftest import endpoint_of

ENDPOINT = endpoint_of(Rule("api.example.test", 80, Origin("flag")))
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

MORE = settings(max_examples=max(600, settings.default.max_examples if settings.default else 0))

PIECES = st.sampled_from(
    [
        *(
            b"\r\n",
            b"\n",
            b"\r",
            b"\0",
            b" ",
            b"\t",
            b":",
            b";",
            b",",
            b"+",
            b"x",
            b"0",
            b"5",
            b"\x0b",
            b"\xff",
            b"\r\n\r\n",
        ),
        *(
            b"Host: evil.test\r\n",
            b"Content-Length: 5\r\n",
            b"Content-Length: 3\r\n",
            b"Transfer-Encoding: chunked\r\n",
        ),
        *(
            b"Transfer-Encoding:\x0bchunked\r\n",
            b"Transfer-Encoding : chunked\r\n",
            b" folded\r\n",
            b"Upgrade: h2c\r\n",
        ),
        *(b"Connection: content-length\r\n", b"Connection: transfer-encoding\r\n", b"0\r\n\r\n", b"5\r\nhello\r\n"),
        *(b"GET /admin HTTP/1.1\r\nHost: evil.test\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 100 x\r\n\r\n"),
    ]
)
LENGTHS = st.sampled_from(
    [b"Content-Length: %d", b"Content-Length: 0%d", b"content-length:%d ", b"Content-Length: +%d"]
)
CODINGS = st.sampled_from(
    [b"Transfer-Encoding: chunked", b"transfer-encoding:Chunked", b"Transfer-Encoding: x, chunked"]
)
BODIES = st.sampled_from([b"", b"a", b"hello", b"GET / HTTP/1.1\r\n\r\n", b"0\r\n\r\n"])
FIELDS = st.lists(
    st.sampled_from([b"X: y", b"A:", b"Connection: close", b"Connection: X", b"Keep-Alive: 1"]), max_size=2
)
CUTS = st.lists(st.integers(1, 60), max_size=12)


@st.composite
def chunks(draw: st.DrawFn) -> bytes:
    """A body of chunks."""
    written = b""
    for content in draw(st.lists(BODIES, max_size=3)):
        if content:
            extension = draw(st.sampled_from([b"", b"", b";a=b", b" ", b" ;a"]))
            written += b"%x%s\r\n%s\r\n" % (len(content), extension, content)
    return written + b"0\r\n" + draw(st.sampled_from([b"", b"", b"X: y\r\n"])) + b"\r\n"


@st.composite
def messages(draw: st.DrawFn, starts: list[bytes], most: int) -> bytes:
    """A stream of messages that are nearly right."""
    stream = b""
    for _ in range(draw(st.integers(1, most))):
        fields, body = draw(FIELDS), b""
        framed = draw(st.sampled_from(["", "length", "coding"]))
        if framed == "length":
            body = draw(BODIES)
            fields = [*fields, draw(LENGTHS) % len(body)]
        elif framed == "coding":
            body = draw(chunks())
            fields = [*fields, draw(CODINGS)]
        stream += b"\r\n".join([draw(st.sampled_from(starts)), *fields, b"", b""]) + body
    for _ in range(draw(st.integers(0, 2))):
        at, gone = draw(st.integers(0, len(stream))), draw(st.sampled_from([0, 0, 1, 2, 5]))
        stream = stream[:at] + draw(PIECES) + stream[at + gone :]
    return stream


HOST = b"\r\nHost: api.example.test"
REQUESTS = [b"POST /x HTTP/1.1" + HOST, b"GET / HTTP/1.1" + HOST, b"GET http://API.example.test/x HTTP/1.1" + HOST]
REQUESTS += [b"PUT / HTTP/1.0" + HOST]
RESPONSES = [
    b"HTTP/1.1 200 OK",
    b"HTTP/1.1 200",
    b"HTTP/1.0 200 OK",
    b"HTTP/1.1 204 x",
    b"HTTP/1.1 304 x",
    b"HTTP/1.1 100 x",
]


class Message(NamedTuple):
    """A request as an upstream understands it."""

    method: bytes
    target: bytes
    host: bytes
    body: bytes
    is_whole: bool


def read(data: bytes) -> tuple[list[Message], bool]:
    """All requests in a stream, and whether the last is complete and nothing is left."""
    messages: list[Message] = []
    while data:
        connection = h11.Connection(h11.SERVER)
        connection.receive_data(data.lstrip(b"\r\n"))
        try:
            head = connection.next_event()
        except h11.RemoteProtocolError:
            return messages, False
        if not isinstance(head, h11.Request):
            return messages, False
        body, is_whole = body_of(connection)
        hosts = [value for name, value in head.headers if name == b"host"]
        messages.append(Message(bytes(head.method), bytes(head.target), hosts[0] if hosts else b"", body, is_whole))
        if not is_whole:
            return messages, False
        data = connection.trailing_data[0]
    return messages, True


def body_of(connection: h11.Connection) -> tuple[bytes, bool]:
    """As much of a body as is there and is none but that, and whether it is the whole."""
    body = b""
    try:
        while isinstance(event := connection.next_event(), h11.Data):
            body += event.data
    except h11.RemoteProtocolError:
        return body, False
    return body, isinstance(event, h11.EndOfMessage)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    found = []
    for cut in [*cuts, len(data)]:
        found.append(data[:cut])
        data = data[cut:]
    return [piece for piece in found if piece]


@MORE
@given(messages(REQUESTS, 3), CUTS)
@example(REQUESTS[0] + b"\r\nTransfer-Encoding: chunked\r\n\r\n1\r\naXX0\r\n\r\n", [90])
@example(REQUESTS[0] + b"\r\nTransfer-Encoding: chunked\r\n\r\n1 ;a\r\na\r\n0\r\n\r\n", [90])  # its head has gone up
def test_an_upstream_reads_exactly_the_requests_that_were_judged(stream: bytes, cuts: list[int]) -> None:
    made, up, is_over = Exchange(ENDPOINT, Gate()), b"", False

    def take(data: bytes) -> None:
        nonlocal up, is_over
        waiting = [made.client_data(data)]
        while waiting:
            for step in waiting.pop():
                up += step.data if step.kind == "up" else b""
                is_over = is_over or step.kind in ("refuse", "finish", "abort")
            if not is_over and read(up)[1] and up and not made.is_idle and not made.awaits_head:
                waiting.append(made.upstream_data(OK))

    for piece in pieces(stream, cuts):
        take(piece)
    passed, is_complete = read(up)
    meant, _ = read(stream)
    assert is_complete or is_over or not made.is_idle
    for was, now in zip(meant, passed, strict=False):
        assert now.method == was.method
        assert now.target == was.target.removeprefix(b"http://API.example.test")
        assert now.host == b"api.example.test"
        assert now.body == was.body if now.is_whole else was.body.startswith(now.body)
        assert was.is_whole or not now.is_whole
    assert len(passed) <= len(meant)


def understood(data: bytes, method: str) -> tuple[list[int], bytes] | None:
    """Statuses and body of an answer that is complete when its connection ends, else None."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
    client.send(h11.EndOfMessage())
    client.receive_data(data)
    client.receive_data(b"")
    statuses, body = list[int](), b""
    try:
        while not isinstance(event := client.next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Response | h11.InformationalResponse):
                statuses.append(event.status_code)
            elif isinstance(event, h11.Data):
                body += event.data
            else:
                return None
    except h11.RemoteProtocolError:
        return None
    return statuses, body


@MORE
@given(messages(RESPONSES, 2), CUTS, st.sampled_from(["GET", "HEAD"]), st.sampled_from([b"1.1", b"1.0"]))
def test_a_client_reads_exactly_the_answer_that_was_given(
    data: bytes, cuts: list[int], method: str, version: bytes
) -> None:
    made = Exchange(ENDPOINT, Gate())
    made.client_data(method.encode() + b" / HTTP/" + version + b"\r\nHost: api.example.test\r\n\r\n")
    steps = [step for piece in pieces(data, cuts) for step in made.upstream_data(piece)]
    steps += made.upstream_data(b"")
    if any(step.kind in ("abort", "refuse") for step in steps):
        return
    given, got = understood(data, method), understood(b"".join(s.data for s in steps if s.kind == "down"), method)
    assert given is not None
    assert got is not None
    assert got[1] == given[1]
    assert got[0] == given[0] if version == b"1.1" else got[0] == given[0][-1:]
