"""Heads of requests: what passes, what is refused and with which code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.gateway.http import requests
from paddock.gateway.http.requests import BadRequest, Request
from paddock.plan.model import Rule
from paddock.policy.model import Origin
from tests.gateway.conftest import endpoint_of

if TYPE_CHECKING:
    from paddock.gateway.rules import Endpoint

ORIGIN = Origin("flag", "--allow")


def endpoint(host: str = "api.example.test", port: int = 80, **more: Any) -> Endpoint:
    return endpoint_of(Rule(host, port, ORIGIN, **more))


def judge(head: bytes, at: Endpoint | None = None) -> Request | str:
    """The request that would go upstream, or the code of the refusal."""
    try:
        return requests.Judge(at or endpoint()).judge(head)
    except BadRequest as error:
        return error.reason


def get(*headers: bytes, target: bytes = b"/x?y", method: bytes = b"GET", version: bytes = b"1.1") -> bytes:
    given = headers or (b"Host: api.example.test",)
    return b"\r\n".join([method + b" " + target + b" HTTP/" + version, *given, b"", b""])


HOST = b"Host: api.example.test"


def test_a_plain_request_passes_with_its_headers_in_their_order_and_case() -> None:
    assert judge(get(HOST, b"X-One: 1", b"accept: */*", b"X-One: 2")) == Request(
        b"GET", b"/x?y", ((b"Host", b"api.example.test"), (b"X-One", b"1"), (b"accept", b"*/*"), (b"X-One", b"2"))
    )


@pytest.mark.parametrize(
    "host",
    [b"api.example.test", b"API.example.test", b"api.example.test.", b"api.example.test:80", b"api.example.test.:80"],
)
def test_the_host_may_be_spelled_in_every_way_of_one_name(host: bytes) -> None:
    assert isinstance(judge(get(b"Host: " + host)), Request)


@pytest.mark.parametrize(
    "host",
    [
        *(b"evil.test", b"", b"x.api.example.test", b"example.test", b"api.example.test:443", b"api.example.test:8080"),
        *(b"api.example.test:", b"api.example.test:080x", b"api.example.test:80:80", b"api.example.test@evil.test"),
        *(b"evil.test api.example.test", b"api.example.test, evil.test", b"api.example.test/", b"127.0.0.1", b"[::1]"),
        *(b"api.example.test%00", b"api.example.tes\xc3\xad", b"api.example.test:000000000000000000080"),
    ],
)
def test_any_other_host_is_refused(host: bytes) -> None:
    assert judge(get(b"Host: " + host)) == "http-other-host"


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_there_is_exactly_one_host(version: bytes) -> None:
    assert judge(get(b"Accept: */*", version=version)) in ("http-no-host", "http-malformed")
    assert judge(get(HOST, HOST, version=version)) in ("http-no-host", "http-malformed")
    assert judge(get(HOST, b"host: evil.test", version=version)) in ("http-no-host", "http-malformed")


def test_an_absolute_target_to_the_same_host_becomes_a_path() -> None:
    def target(absolute: bytes) -> bytes:
        made = judge(get(HOST, target=absolute))
        assert isinstance(made, Request)
        return made.target

    assert target(b"http://api.example.test/a/b?c") == b"/a/b?c"
    assert target(b"HTTP://API.EXAMPLE.TEST:80/") == b"/"
    assert target(b"http://api.example.test") == b"/"
    assert target(b"http://api.example.test?q=/x") == b"/?q=/x"


@pytest.mark.parametrize(
    "target",
    [
        *(
            b"http://evil.test/",
            b"https://api.example.test/",
            b"http://api.example.test@evil.test/",
            b"http://evil.test?api.example.test/",
        ),
        *(
            b"http://api.example.test:8080/",
            b"http:///x",
            b"http:/api.example.test/",
            b"ftp://api.example.test/",
            b"api.example.test:80",
        ),
        *(
            b"*",
            b"x",
            b"/a#b",
            b"http://evil.test\\@api.example.test/",
            b"http://api.example.test\\.evil.test/",
            b"http://[::1]/",
        ),
    ],
)
def test_a_target_to_anywhere_else_is_refused(target: bytes) -> None:
    assert judge(get(HOST, target=target)) == "http-target"


def test_options_may_ask_about_the_server() -> None:
    assert isinstance(judge(get(HOST, target=b"*", method=b"OPTIONS")), Request)


@pytest.mark.parametrize("method", [b"CONNECT", b"TRACE"])
def test_methods_that_tunnel_or_echo_are_refused(method: bytes) -> None:
    assert judge(get(HOST, method=method)) == "http-method"


SMUGGLING = {
    "both lengths": (get(HOST, b"Content-Length: 5", b"Transfer-Encoding: chunked"), "http-both-lengths"),
    "both, other order": (get(HOST, b"Transfer-Encoding: chunked", b"Content-Length: 5"), "http-both-lengths"),
    "two lengths": (get(HOST, b"Content-Length: 5", b"Content-Length: 6"), "http-malformed"),
    "two lengths in one": (get(HOST, b"Content-Length: 5, 6"), "http-malformed"),
    "signed length": (get(HOST, b"Content-Length: +5"), "http-malformed"),
    "hexadecimal length": (get(HOST, b"Content-Length: 0x5"), "http-malformed"),
    "empty length": (get(HOST, b"Content-Length: "), "http-malformed"),
    "two encodings": (get(HOST, b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"), "http-malformed"),
    "another encoding": (get(HOST, b"Transfer-Encoding: gzip, chunked"), "http-malformed"),
    "identity": (get(HOST, b"Transfer-Encoding: identity"), "http-malformed"),
    "misspelled encoding": (get(HOST, b"Transfer-Encoding: xchunked"), "http-malformed"),
    "vertical tab": (get(HOST, b"Transfer-Encoding:\x0bchunked"), "http-malformed"),
    "chunked for HTTP/1.0": (get(HOST, b"Transfer-Encoding: chunked", version=b"1.0"), "http-malformed"),
    "folded header": (get(HOST, b"X: a", b" Transfer-Encoding: chunked"), "http-folded"),
    "folded with a tab": (get(HOST, b"Transfer-Encoding:", b"\tchunked"), "http-folded"),
    "folded first line": (get(b" x", HOST), "http-folded"),
    "space before the colon": (get(HOST, b"Transfer-Encoding : chunked"), "http-malformed"),
    "no colon": (get(HOST, b"Transfer-Encoding"), "http-malformed"),
    "empty name": (get(HOST, b": x"), "http-malformed"),
    "bare line feed": (get(HOST, b"X: a\nTransfer-Encoding: chunked"), "http-malformed"),
    "bare carriage return": (get(HOST, b"X: a\rTransfer-Encoding: chunked"), "http-malformed"),
    "NUL": (get(HOST, b"X: a\0b"), "http-malformed"),
    "escape": (get(HOST, b"X: \x1b[2J"), "http-malformed"),
    "two upgrades": (get(HOST, b"Connection: Upgrade", b"Upgrade: h2c, websocket"), "http-upgrade"),
    "upgrade behind another": (get(HOST, b"Upgrade: h2c", b"Upgrade: TLS/1.0"), "http-upgrade"),
    "websocket": (get(HOST, b"upgrade: websocket"), "http-upgrade"),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\n", "http-version"),
    "HTTP/0.9": (get(HOST, version=b"0.9"), "http-version"),
    "HTTP/1.2": (get(HOST, version=b"1.2"), "http-version"),
    "no version": (b"GET /\r\nHost: api.example.test\r\n\r\n", "http-malformed"),
    "two spaces": (get(HOST, method=b"GET "), "http-malformed"),
    "space in the target": (get(HOST, target=b"/ HTTP/1.1 x"), "http-malformed"),
    "umlaut in the target": (get(HOST, target=b"/\xc3\xbc"), "http-malformed"),
}


@pytest.mark.parametrize(("head", "code"), SMUGGLING.values(), ids=SMUGGLING.keys())
def test_shapes_that_two_servers_read_differently_are_refused(head: bytes, code: str) -> None:
    assert judge(head) == code


def test_what_belongs_to_one_hop_is_dropped_and_what_ends_a_message_is_not() -> None:
    made = judge(
        get(
            *(HOST, b"Connection: close, X-Hop, Host, Content-Length", b"X-Hop: 1", b"Keep-Alive: 5", b"TE: trailers"),
            *(b"Proxy-Authorization: Basic x", b"Proxy-Connection: keep-alive", b"Content-Length: 3", b"X-End: 1"),
        )
    )
    assert isinstance(made, Request)
    assert made.headers == ((b"Host", b"api.example.test"), (b"Content-Length", b"3"), (b"X-End", b"1"))


@pytest.mark.parametrize("host", [b"127.0.0.1:8080", b"localhost:8080", b"LOCALHOST", b"127.0.0.1"])
def test_a_loopback_endpoint_answers_to_its_local_names_and_asks_its_upstream_by_its_own(host: bytes) -> None:
    at = endpoint("127.0.0.1", 8080, upstream="model.example.test:80", loopback=True)
    made = judge(get(b"Host: " + host), at)
    assert isinstance(made, Request)
    assert made.headers == ((b"Host", b"model.example.test"),)
    assert judge(get(b"Host: model.example.test"), at) == "http-other-host"
    assert judge(get(b"Host: 127.0.0.2:8080"), at) == "http-other-host"


@pytest.mark.parametrize(
    ("upstream", "host"),
    [
        ("https://model.example.test:443", b"model.example.test"),
        ("https://model.example.test:80", b"model.example.test:80"),
        ("model.example.test:443", b"model.example.test:443"),
    ],
)
def test_an_upstream_is_called_without_the_port_that_its_protocol_has(upstream: str, host: bytes) -> None:
    made = judge(get(b"Host: 127.0.0.1:8080"), endpoint("127.0.0.1", 8080, upstream=upstream, loopback=True))
    assert isinstance(made, Request)
    assert made.headers == ((b"Host", host),)


def test_a_port_is_written_in_one_way() -> None:
    made = judge(get(b"Host: API.example.test.:00080"))
    assert isinstance(made, Request)
    assert made.headers == ((b"Host", b"api.example.test:80"),)


def test_an_offer_of_http_2_is_dropped_with_all_that_belongs_to_it() -> None:
    """As Java's client makes it."""
    made = judge(get(HOST, b"Connection: Upgrade, HTTP2-Settings", b"HTTP2-Settings: AAEAAEAA", b"Upgrade: h2c"))
    assert isinstance(made, Request)
    assert made.headers == ((b"Host", b"api.example.test"),)


def test_fields_that_were_judged_before_are_judged_again_for_another_version() -> None:
    judged = requests.Judge(endpoint())
    head = get(HOST, b"Transfer-Encoding: chunked")
    judged.judge(head)
    assert judged.framing == -1
    with pytest.raises(BadRequest):
        judged.judge(head.replace(b"HTTP/1.1", b"HTTP/1.0"))
    judged.judge(get(HOST, b"Connection: close"))
    assert (judged.framing, judged.keeps, judged.is_modern) == (0, False, True)


@pytest.mark.parametrize(
    ("headers", "framing"),
    [
        (((b"Host", b"x"), (b"A", b"b\r\nC: d")), 0),
        (((b"Host", b"x"), (b"Content-Length", b"4")), 5),
        (((b"Host", b"x"), (b"Content-Length", b"5"), (b"Transfer-Encoding", b"chunked")), 5),
        (((b"Host", b"x"), (b"host", b"y")), 0),
        ((), 0),
    ],
)
def test_a_gate_cannot_make_another_message_of_a_request(
    headers: tuple[tuple[bytes, bytes], ...], framing: int
) -> None:
    requests.check_rewritten(Request(b"GET", b"/", ((b"Host", b"x"), (b"A", b"b"))), 0)
    with pytest.raises(BadRequest):
        requests.check_rewritten(Request(b"GET", b"/", headers), framing)
    with pytest.raises(BadRequest):
        requests.check_rewritten(Request(b"GET", b"/ HTTP/1.1\r\nA: b\r\n", ((b"Host", b"x"),)), 0)


@pytest.mark.parametrize(
    ("data", "verdict"),
    [
        (b"GET / HTTP", True),
        (b"PROPFIND /", True),
        (b"PRI * HTTP/2.0", True),
        (b"G", None),
        (b"GET", None),
        (b"A" * 20, None),
        (b"A" * 21, False),
        (b"SSH-2.0-OpenSSH", False),
        (b"get / HTTP", False),
        (b" ", False),
        (b"\0", False),
        (b"\r\nGET /", False),
        (b"EHLO\r\n", False),
        (b"EHLO me\r\n", False),
        (b"EHLO me", True),
        (b"GET / HTTP/1.1\r\n", True),
        (b"\x80\x2e\x01", False),
    ],
)
def test_http_is_told_by_its_first_bytes(data: bytes, verdict: bool | None) -> None:
    assert requests.looks_like_http(data) is verdict


TOKENS = st.sampled_from(
    [
        *(
            b"GET",
            b"POST",
            b" ",
            b"/",
            b"*",
            b"http://api.example.test/",
            b"http://evil.test/",
            b" HTTP/1.1",
            b" HTTP/1.0",
        ),
        *(b"\r\n", b"\n", b"\r", b"\t", b": ", b",", b"\0", b"\xff", b"X: y", b"Upgrade: x", b"Connection: ", b"close"),
        *(b"Host: api.example.test", b"Host: evil.test", b"Content-Length: 5", b"Content-Length: 0"),
        *(b"Transfer-Encoding: chunked", b"chunked"),
    ]
)


@given(st.lists(TOKENS, max_size=14))
def test_what_passes_reads_the_same_to_a_second_parser(parts: list[bytes]) -> None:
    """Differential: the request as it is sent on means to a fresh h11 what the first one judged."""
    head = b"GET / HTTP/1.1\r\nHost: api.example.test\r\n" + b"".join(parts) + b"\r\n\r\n"
    head = head[: head.index(b"\r\n\r\n") + 4]
    made = judge(head)
    if isinstance(made, str):
        return
    sender, receiver = h11.Connection(h11.CLIENT), h11.Connection(h11.SERVER)
    receiver.receive_data(
        sender.send(h11.Request(method=made.method, target=made.target, headers=list(made.headers))) or b""
    )
    again = receiver.next_event()
    assert isinstance(again, h11.Request)
    assert (again.method, again.target) == (made.method, made.target)
    assert [value for name, value in again.headers if name == b"host"] == [b"api.example.test"]
    lengths = [value for name, value in again.headers if name in (b"content-length", b"transfer-encoding")]
    assert len(lengths) <= 1
