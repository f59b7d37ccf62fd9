"""Transcripts of plain HTTP: what each side sends, and what the exchange makes of it."""

from __future__ import annotations

import json

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.gateway.http.exchange import MOST_PIPELINED
from paddock.gateway.http.heads import LONGEST_REQUEST
from tests.gateway.exchanges import GET, OK, asked, exchange, kinds, reason, sent


def test_a_request_goes_up_and_its_response_comes_down() -> None:
    made = exchange()
    steps = made.client_data(GET)
    assert kinds(steps) == ["dial", "up"]
    assert steps[1].data == GET
    steps = made.upstream_data(OK)
    assert set(kinds(steps)) == {"down"}
    assert sent(steps, "down") == OK
    assert made.is_idle


def test_a_head_may_come_byte_by_byte() -> None:
    made = exchange()
    steps = [step for byte in GET for step in made.client_data(bytes([byte]))]
    assert sent(steps, "up") == GET


def test_the_next_request_uses_the_same_connection_and_is_judged_again() -> None:
    made = asked()
    made.upstream_data(OK)
    steps = made.client_data(GET.replace(b"GET /", b"GET /second"))
    assert kinds(steps) == ["up"]
    assert b"/second" in steps[0].data
    made.upstream_data(OK)
    steps = made.client_data(GET.replace(b"api.", b"evil."))
    assert reason(steps) == "http-other-host"


def test_pipelined_requests_go_up_one_by_one() -> None:
    made = exchange()
    steps = made.client_data(GET + GET.replace(b"GET /", b"GET /2") + GET.replace(b"GET /", b"GET /3"))
    assert sent(steps, "up") == GET
    steps = made.upstream_data(OK)
    assert b"GET /2" in sent(steps, "up")
    assert b"GET /3" not in sent(steps, "up")
    assert b"GET /3" in sent(made.upstream_data(OK), "up")


def test_a_second_request_hidden_behind_a_body_is_judged_too() -> None:
    hidden = b"GET /admin HTTP/1.1\r\nHost: evil.test\r\n\r\n"
    made = asked(b"POST / HTTP/1.1\r\nHost: api.example.test\r\nContent-Length: 4\r\n\r\nbody" + hidden)
    steps = made.upstream_data(OK)
    assert sent(steps, "down") == OK
    assert reason(steps) == "http-other-host"
    assert b"admin" not in sent(steps, "up")


@given(st.lists(st.binary(max_size=40), max_size=6), st.lists(st.integers(1, 30), max_size=30))
def test_a_chunked_body_arrives_the_same_however_it_is_cut(chunks: list[bytes], cuts: list[int]) -> None:
    data = b"POST / HTTP/1.1\r\nHost: api.example.test\r\nTransfer-Encoding: chunked\r\n\r\n"
    data += (
        b"".join(b"%x;ext=1\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks if chunk)
        + b"0\r\nX-Trailer: 1\r\n\r\n"
    )
    data += GET  # pipelined behind it
    made, up = exchange(), b""
    for cut in [*cuts, len(data)]:
        up += sent(made.client_data(data[:cut]), "up")
        data = data[cut:]
    receiver = h11.Connection(h11.SERVER)
    receiver.receive_data(up)
    assert isinstance(receiver.next_event(), h11.Request)
    body = b""
    while isinstance(event := receiver.next_event(), h11.Data):
        body += event.data
    assert isinstance(event, h11.EndOfMessage)
    assert body == b"".join(chunks)
    assert list(event.headers) == []
    assert receiver.trailing_data[0] == b""
    assert sent(made.upstream_data(OK), "up") == GET


def test_a_body_streams_before_it_is_complete() -> None:
    made = asked(b"POST / HTTP/1.1\r\nHost: api.example.test\r\nContent-Length: 10\r\n\r\n")
    assert sent(made.client_data(b"12345"), "up") == b"12345"
    assert sent(made.client_data(b"67890"), "up") == b"67890"


def test_a_malformed_chunk_is_refused() -> None:
    made = asked(b"POST / HTTP/1.1\r\nHost: api.example.test\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert reason(made.client_data(b"zz\r\n")) == "http-malformed"


@pytest.mark.parametrize("footer", [b"\r\r", b"xx", b"\n\n"])
def test_a_chunk_must_end_as_chunks_end(footer: bytes) -> None:
    """CVE-2025-43859 was h11 taking any two bytes here."""
    made = asked(b"POST / HTTP/1.1\r\nHost: api.example.test\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert reason(made.client_data(b"1\r\na" + footer + b"0\r\n\r\n")) == "http-malformed"


@pytest.mark.parametrize(
    ("response", "down"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 204 No Content\r\n\r\n"),
        (
            b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
            b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nX-Sum: 3\r\nContent-Length: 7\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 3\r\n\r\n",
        ),
        (
            b"HTTP/1.1 200 Fine\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nUpgrade: h2\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 200 Fine\r\nContent-Length: 0\r\n\r\n",
        ),
    ],
)
def test_responses_come_down_as_they_are_but_for_one_hop_headers(response: bytes, down: bytes) -> None:
    made = asked()
    assert sent(made.upstream_data(response), "down") == down
    assert made.is_idle


def test_a_response_to_head_has_a_length_and_no_body() -> None:
    made = asked(GET.replace(b"GET", b"HEAD"))
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    assert sent(made.upstream_data(head), "down") == head
    assert made.is_idle


def test_interim_responses_are_passed_on() -> None:
    made = asked(
        GET.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n").replace(b"GET", b"PUT")
    )
    steps = made.upstream_data(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
    assert sent(steps, "down") == b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    assert sent(made.client_data(b"ab"), "up") == b"ab"
    assert sent(made.upstream_data(OK), "down") == OK


def test_a_response_that_ends_with_its_connection_ends_ours_too() -> None:
    made = asked()
    steps = made.upstream_data(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc")
    steps += made.upstream_data(b"")
    down = sent(steps, "down")
    assert b"Connection: close\r\n" in down
    assert down.endswith(b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    assert kinds(steps)[-1] == "finish"


def test_an_http_1_0_client_gets_no_chunks() -> None:
    made = asked(b"GET / HTTP/1.0\r\nHost: api.example.test\r\n\r\n")
    steps = made.upstream_data(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: 1\r\n\r\n")
    assert sent(steps, "down").endswith(b"\r\n\r\nabc")
    assert b"chunked" not in sent(steps, "down")
    assert kinds(steps)[-1] == "finish"


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ],
)
def test_a_response_that_breaks_off_is_never_completed(response: bytes) -> None:
    made = asked()
    assert "down" in kinds(made.upstream_data(response))
    assert kinds(made.upstream_data(b"")) == ["abort"]


def test_a_reset_in_a_response_without_length_is_no_end() -> None:
    made = asked()
    made.upstream_data(b"HTTP/1.1 200 OK\r\n\r\nabc")
    assert kinds(made.fail("upstream-closed")) == ["abort"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "upstream-closed"),
        (b"rubbish\r\n\r\n", "upstream-malformed"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "upstream-malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "upstream-malformed"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000, "upstream-malformed"),
    ],
)
def test_an_upstream_that_speaks_no_http_is_reported(data: bytes, code: str) -> None:
    steps = asked().upstream_data(data)
    assert reason(steps) == code
    assert json.loads(steps[-1].data.split(b"\r\n\r\n")[1])["reason"] == code


def test_a_connection_that_closes_between_requests_is_no_failure() -> None:
    made = asked()
    made.upstream_data(OK)
    assert kinds(made.upstream_data(b"")) == ["finish"]


def test_a_request_that_meets_a_closing_connection_may_be_asked_again() -> None:
    made = asked()
    made.upstream_data(OK)
    made.client_data(GET)
    assert kinds(made.upstream_data(b"")) == ["finish"]


def test_bytes_behind_a_response_are_not_passed_on() -> None:
    made = asked()
    steps = made.upstream_data(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
    assert sent(steps, "down") == OK
    assert kinds(steps)[-1] == "finish"


def test_a_refused_dial_is_told_to_the_client() -> None:
    steps = asked().fail("address-private")
    assert reason(steps) == "address-private"
    assert steps[-1].data.startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize("size", [LONGEST_REQUEST + 1, LONGEST_REQUEST + 100_000])
def test_a_head_that_is_too_long_is_refused_whether_it_ends_or_not(size: int) -> None:
    long = GET[:-2] + b"X: " + b"a" * size
    assert reason(exchange().client_data(long)) == "http-too-long"
    assert reason(exchange().client_data(long + b"\r\n\r\n")) == "http-too-long"


def test_a_head_that_takes_too_long_is_refused() -> None:
    made = exchange()
    made.client_data(GET[:10])
    assert made.awaits_head
    assert reason(made.refuse_head("http-too-slow")) == "http-too-slow"


def test_nothing_goes_up_after_a_refusal() -> None:
    made = exchange()
    made.client_data(GET.replace(b"api", b"evil"))
    assert made.client_data(GET) == []
    assert made.upstream_data(OK) == []
    assert made.client_eof() == []


def test_an_empty_line_before_a_request_is_forgiven() -> None:
    made = exchange()
    assert made.client_data(b"\r\n\r\n") == []
    assert made.is_idle
    assert sent(made.client_data(b"\r\n" + GET), "up") == GET


def test_a_client_that_ends_its_half_still_gets_its_answer() -> None:
    made = asked()
    assert made.client_eof() == []
    steps = made.upstream_data(OK)
    assert sent(steps, "down") == OK
    assert kinds(steps)[-1] == "finish"


def test_a_client_that_ends_in_the_middle_of_a_body_ends_it_for_the_upstream_too() -> None:
    made = asked(b"POST / HTTP/1.1\r\nHost: api.example.test\r\nContent-Length: 10\r\n\r\nabc")
    assert kinds(made.client_eof()) == ["abort"]


def test_a_client_that_ends_between_requests_is_closed() -> None:
    assert kinds(exchange().client_eof()) == ["finish"]


def test_an_early_response_is_passed_on_and_ends_the_connection() -> None:
    made = asked(b"POST / HTTP/1.1\r\nHost: api.example.test\r\nContent-Length: 10\r\n\r\nabc")
    steps = made.upstream_data(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
    assert b"413" in sent(steps, "down")
    assert kinds(steps)[-1] == "finish"


def test_a_client_is_read_no_further_when_too_much_waits() -> None:
    made = asked()
    made.client_data(b"G" * (MOST_PIPELINED + 1))
    assert made.is_full


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_any_bytes_from_either_side_are_survived(client: bytes, upstream: bytes) -> None:
    made = asked()
    made.upstream_data(upstream)
    made.client_data(client)
    made.client_eof()
    made.upstream_data(b"")
    made = exchange()
    made.client_data(b"GET " + client)
    made.client_data(b"\r\n\r\n")


@given(
    st.lists(
        st.sampled_from(
            [
                b"HTTP/1.1 200 OK\r\n",
                b"HTTP/1.0 200\r\n",
                b"Content-Length: 3\r\n",
                b"Transfer-Encoding: chunked\r\n",
                b"Connection: close\r\n",
                b"\r\n",
                b"abc",
                b"3\r\nabc\r\n",
                b"0\r\n\r\n",
                b"HTTP/1.1 100 x\r\n\r\n",
            ]
        ),
        max_size=8,
    )
)
def test_what_comes_down_is_one_response_that_means_the_same(parts: list[bytes]) -> None:
    """Differential: the client reads the body that a client of the upstream would have read."""
    data = b"".join(parts)
    steps = (made := asked()).upstream_data(data)
    steps += made.upstream_data(b"")
    if "abort" in kinds(steps) or "refuse" in kinds(steps):
        return
    assert body(sent(steps, "down")) == body(data)


def body(response: bytes) -> bytes | None:
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    client.send(h11.EndOfMessage())
    client.receive_data(response)
    client.receive_data(b"")
    found = b""
    while not isinstance(event := client.next_event(), h11.EndOfMessage):
        found += event.data if isinstance(event, h11.Data) else b""
    return found
