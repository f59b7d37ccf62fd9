"""Heads of responses: how each is framed, and what is none."""

from __future__ import annotations

import pytest

from paddock.gateway.http import answers
from paddock.gateway.http.answers import BadAnswer, Reply
from paddock.gateway.http.bodies import CHUNKED, TO_THE_END


def head(*fields: bytes, status: bytes = b"200 OK", version: bytes = b"1.1") -> bytes:
    return b"\r\n".join([b"HTTP/" + version + b" " + status, *fields, b"", b""])


LENGTH, CODING = b"Content-Length: 5", b"Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    ("data", "method", "framing", "keeps"),
    [
        (head(LENGTH), b"GET", 5, True),
        (head(LENGTH), b"HEAD", 0, True),
        (head(), b"HEAD", 0, True),
        (head(), b"GET", TO_THE_END, False),
        (head(CODING), b"GET", CHUNKED, True),
        (head(CODING), b"HEAD", 0, True),
        (head(CODING, LENGTH), b"GET", CHUNKED, True),  # RFC 9112 §6.3: and the length is not passed on
        (head(LENGTH, b"Connection: X, Close"), b"GET", 5, False),
        (head(LENGTH, version=b"1.0"), b"GET", 5, False),
        (head(status=b"204 No"), b"GET", 0, True),
        (head(LENGTH, status=b"204 No"), b"GET", 0, True),
        (head(LENGTH, status=b"304 Not"), b"GET", 0, True),
        (head(status=b"100 Go"), b"GET", 0, True),
    ],
)
def test_a_body_ends_where_the_rfc_says(data: bytes, method: bytes, framing: int, keeps: bool) -> None:
    answer = answers.judge(data, method)
    assert (answer.framing, answer.keeps) == (framing, keeps)
    assert answer.headers == []


@pytest.mark.parametrize(
    "data",
    [
        *(head(LENGTH, LENGTH), head(LENGTH, b"Content-Length: 6"), head(CODING, CODING), head(b"Content-Length: -1")),
        *(head(b"Transfer-Encoding: gzip"), head(CODING, version=b"1.0"), head(status=b"101 Switching"), b"rubbish"),
    ],
)
def test_what_could_be_read_in_two_ways_is_no_answer(data: bytes) -> None:
    with pytest.raises(BadAnswer):
        answers.judge(data, b"GET")


def test_a_length_without_body_is_passed_on_where_it_says_something() -> None:
    for method, status in ((b"HEAD", b"200 OK"), (b"GET", b"304 Not Modified")):
        answer = answers.judge(head(LENGTH, status=status), method)
        assert answers.write(answer, answer.headers) == b"HTTP/1.1 " + status + b"\r\n" + LENGTH + b"\r\n\r\n"
    answer = answers.judge(head(LENGTH, status=b"204 No"), b"GET")
    assert answers.write(answer, answer.headers) == b"HTTP/1.1 204 No\r\n\r\n"


def test_a_closing_head_says_so() -> None:
    answer = answers.judge(head(b"A: b"), b"GET")
    wire = answers.write(answer, answer.headers, CHUNKED, closes=True)
    assert wire == head(b"A: b", b"Transfer-Encoding: chunked", b"Connection: close")


def test_an_answer_is_read_byte_by_byte_with_all_its_interim_heads() -> None:
    reply, began, content = Reply(b"GET"), [], b""
    data = head(status=b"100 Go") + head(b"Link: x", status=b"103 Hints") + head(LENGTH) + b"hellorest"
    for byte in data:
        if reply.is_done:
            break
        new, more = reply.feed(bytes([byte]))
        began += new
        content += more
    assert [answer.status for answer in began] == [100, 103, 200]
    assert content == b"hello"
    assert Reply(b"GET").feed(data) == (began, b"hello")


def test_trailers_lose_what_comes_too_late() -> None:
    reply = Reply(b"GET")
    reply.feed(head(CODING) + b"0\r\nX-Sum: 1\r\nContent-Length: 4\r\nHost: x\r\nTransfer-Encoding: x\r\n\r\n")
    assert reply.trailers == [(b"X-Sum", b"1")]


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 2", head(LENGTH) + b"hell", head(CODING) + b"5\r\nhello\r\n"])
def test_an_answer_that_breaks_off_is_none(data: bytes) -> None:
    reply = Reply(b"GET")
    if data:
        reply.feed(data)
    assert reply.has_begun is bool(data)
    with pytest.raises(BadAnswer):
        reply.end()


def test_a_gate_cannot_change_where_an_answer_ends() -> None:
    answers.check_rewritten([(b"A", b"b")])
    for wrong in ((b"content-length", b"1"), (b"Transfer-Encoding", b"chunked"), (b"A", b"b\r\nC: d")):
        with pytest.raises(BadAnswer):
            answers.check_rewritten([wrong])
