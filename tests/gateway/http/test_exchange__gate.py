"""What a gate may do to an exchange, and what it cannot break."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h11
import pytest

from paddock.frozen import replace
from paddock.gateway.gate import Gate
from paddock.gateway.http.requests import BadRequest
from tests.gateway.exchanges import GET, OK, exchange, kinds, reason, sent

if TYPE_CHECKING:
    from paddock.gateway.http.requests import Request


class Swapping(Gate):
    """Swaps words of equal length, and keeps a few bytes back as one must that looks for words."""

    KEPT = 3

    def __init__(self, forbidden: bytes = b"") -> None:
        self.forbidden, self.kept = forbidden, {"up": b"", "down": b""}
        self.requests: list[bytes] = []

    def request(self, request: Request, body: bytes = b"") -> Request:
        self.requests.append(request.target)
        if request.target == b"/forbidden":
            raise BadRequest("http-target")
        swapped = [(name, value.replace(b"fake", b"real")) for name, value in request.headers]
        return replace(request, headers=tuple(swapped))

    def pieces(self, way: str, data: bytes, count: int) -> bytes:
        whole = self.kept[way] + data
        cut = max(0, len(whole) - count)
        self.kept[way] = whole[cut:]
        return whole[:cut]

    def body(self, data: bytes) -> bytes:
        if self.forbidden and self.forbidden in self.kept["up"] + data:
            raise BadRequest("http-target")
        return self.pieces("up", data, self.KEPT)

    def body_end(self) -> bytes:
        return self.pieces("up", b"", 0)

    def response(self, status: int, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        return [*headers, (b"X-Seen", b"%d" % status)]

    def response_body(self, data: bytes) -> bytes:
        return self.pieces("down", data.replace(b"real", b"fake"), self.KEPT)

    def response_end(self) -> bytes:
        return self.pieces("down", b"", 0)


@pytest.mark.parametrize(
    "framing",
    [b"Content-Length: 10\r\n\r\n0123456789", b"Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n"],
)
def test_the_gate_rewrites_heads_and_may_keep_bytes_of_a_body_back(framing: bytes) -> None:
    made = exchange(gate := Swapping())
    head, blank, body_ = framing.partition(b"\r\n\r\n")
    ask = b"POST /x HTTP/1.1\r\nHost: api.example.test\r\nX-Key: fake\r\n" + head + blank
    up = sent(made.client_data(ask), "up")
    assert b"X-Key: real\r\n" in up
    up = b"".join(sent(made.client_data(body_[at : at + 1]), "up") for at in range(len(body_)))
    receiver = h11.Connection(h11.SERVER)
    receiver.receive_data(ask + up)
    receiver.next_event()
    found = b""
    while isinstance(event := receiver.next_event(), h11.Data):
        found += event.data
    assert (found, type(event)) == (b"0123456789", h11.EndOfMessage)
    steps = made.upstream_data(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nreal ")
    assert b"X-Seen: 200\r\n" in sent(steps, "down")
    assert sent(steps, "down").endswith(b"\r\n\r\nfa")
    assert sent(made.upstream_data(b"last"), "down") == b"ke last"
    assert made.is_idle
    assert gate.requests == [b"/x"]


def test_the_gate_refuses_a_request_before_anything_is_dialled() -> None:
    steps = exchange(Swapping()).client_data(GET.replace(b"/ ", b"/forbidden "))
    assert kinds(steps) == ["refuse"]
    assert steps[-1].reason == "http-target"


def test_the_gate_refuses_in_the_middle_of_a_body() -> None:
    made = exchange(Swapping(forbidden=b"secret"))
    made.client_data(b"POST / HTTP/1.1\r\nHost: api.example.test\r\nContent-Length: 10\r\n\r\nsec")
    steps = made.client_data(b"ret")
    assert sent(steps, "up") == b""
    assert reason(steps) == "http-target"


def test_the_gate_resets_when_the_answer_has_already_begun() -> None:
    made = exchange(Swapping(forbidden=b"secret"))
    made.client_data(b"POST / HTTP/1.1\r\nHost: api.example.test\r\nContent-Length: 10\r\n\r\nsec")
    made.upstream_data(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabcdef")
    assert kinds(made.client_data(b"ret")) == ["abort"]


class Refusing(Gate):
    """Lets no answer in that holds a word."""

    def response_body(self, data: bytes) -> bytes:
        if b"secret" in data:
            raise BadRequest("secret-incoming", "model")
        return data


@pytest.mark.parametrize("before", [b"", b"ab"])
def test_the_gate_breaks_off_an_answer(before: bytes) -> None:
    made = exchange(Refusing())
    made.client_data(b"GET / HTTP/1.1\r\nHost: api.example.test\r\n\r\n")
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(before) + 6)
    steps = made.upstream_data(head + before) if before else []
    steps += made.upstream_data((b"" if before else head) + b"secret")
    assert kinds(steps) == ["down"] * bool(before) + ["abort"]
    assert b"secret" not in b"".join(step.data for step in steps)
    assert (steps[-1].reason, steps[-1].credential) == ("secret-incoming", "model")


class Shortening(Gate):
    """Breaks its promise: bodies lose bytes, or gain some."""

    def __init__(self, by: bytes) -> None:
        self.by = by

    def body(self, data: bytes) -> bytes:
        return data[:-1] + self.by

    def response_body(self, data: bytes) -> bytes:
        return data[:-1] + self.by


@pytest.mark.parametrize("by", [b"", b"xyz"])
def test_a_gate_that_changes_a_length_never_makes_another_message(by: bytes) -> None:
    made = exchange(Shortening(by))
    steps = made.client_data(b"POST / HTTP/1.1\r\nHost: api.example.test\r\nContent-Length: 2\r\n\r\nab" + GET)
    assert kinds(steps)[-1] == "abort"
    made = exchange(Shortening(by))
    made.client_data(GET)
    assert kinds(made.upstream_data(OK))[-1] == "abort"


class Whole(Gate):
    """Needs the body before it can write the request, as a signature does."""

    def __init__(self, most: int = 100) -> None:
        self.most, self.count = most, 0

    def needs_body(self, request: Request) -> bool:
        return request.method == b"POST"

    def keep(self, count: int) -> None:
        self.count += count
        if self.count > self.most:
            raise BadRequest("body-long", "aws")

    def request(self, request: Request, body: bytes = b"") -> Request:
        return replace(request, headers=(*request.headers, (b"X-Signed", body))) if body else request


LONG = b"POST /x HTTP/1.1\r\nHost: api.example.test\r\nContent-Length: 10\r\n"
PIECES = b"POST /x HTTP/1.1\r\nHost: api.example.test\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n"


@pytest.mark.parametrize("wire", [LONG + b"\r\n0123456789", PIECES], ids=["length", "chunks"])
def test_a_request_waits_for_its_body_where_the_gate_needs_it(wire: bytes) -> None:
    made = exchange(Whole())
    data = wire + GET
    steps = [step for at in range(len(data)) for step in made.client_data(data[at : at + 1])]
    assert kinds(steps) == ["dial", "up"]
    assert b"X-Signed: 0123456789\r\n" in steps[1].data
    assert kinds(made.upstream_data(OK)) == ["down", "up"]  # and the next one follows


def test_a_client_that_waits_for_a_go_ahead_gets_it() -> None:
    made = exchange(Whole())
    steps = made.client_data(LONG + b"Expect: 100-continue\r\n\r\n")
    assert [(step.kind, step.data) for step in steps] == [("down", b"HTTP/1.1 100 Continue\r\n\r\n")]
    steps = made.client_data(b"0123456789")
    assert b"expect" not in steps[-1].data.lower()


def test_a_body_that_is_too_long_or_damaged_goes_nowhere() -> None:
    made = exchange(Whole(9))
    steps = made.client_data(LONG + b"\r\n0123456789")
    assert (reason(steps), steps[-1].credential) == ("body-long", "aws")
    assert b'"credential": "aws"' in steps[-1].data
    assert reason(exchange(Whole()).client_data(PIECES.replace(b"4\r\n", b"x\r\n"))) == "http-malformed"
    assert kinds(made.client_eof()) == []
    made = exchange(Whole())
    assert kinds(made.client_data(LONG + b"\r\n01234")) == []
    assert kinds(made.client_eof()) == ["abort"]
