from __future__ import annotations

import json
import re
from pathlib import Path

import h11
import pytest

import paddock.gateway
from paddock.gateway.gate import Gate
from paddock.gateway.http.exchange import Exchange
from paddock.gateway.reasons import REASONS, refusal
from paddock.plan.model import Rule
from paddock.policy.model import Origin
from tests.gateway.conftest import endpoint_of

ENDPOINT = endpoint_of(Rule("api.example.test", 80, Origin("flag", "--allow")))
SOURCES = [path.read_text() for path in Path(paddock.gateway.__file__).parent.rglob("*.py")]


@pytest.mark.parametrize("code", REASONS)
def test_a_refusal_is_a_complete_response_that_says_what_and_what_to_do(code: str) -> None:
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("Host", "api.example.test")]))
    client.receive_data(refusal(code, ENDPOINT))
    head = client.next_event()
    assert isinstance(head, h11.Response)
    assert dict(head.headers)[b"x-paddock-reason"] == code.encode()
    assert bytes(head.reason).decode("ascii").endswith(f"(paddock: {REASONS[code].what})")
    assert len(head.reason) < 200
    data = client.next_event()
    assert isinstance(data, h11.Data)
    body = json.loads(data.data)
    assert body["reason"] == code
    assert body["rule"] == "api.example.test:80 (flag --allow)"
    assert body["what"]
    assert body["remedy"]
    assert isinstance(client.next_event(), h11.EndOfMessage)


def test_a_failure_at_an_agents_place_names_the_service_behind_it() -> None:
    rule = Rule("127.0.0.1", 61001, Origin("agent", "claude"), upstream="https://model.example.test:443", loopback=True)
    body = json.loads(refusal("upstream-unresolved", endpoint_of(rule)).partition(b"\r\n\r\n")[2])
    assert (body["host"], body["upstream"]) == ("127.0.0.1", "model.example.test:443")


@pytest.mark.parametrize(
    ("code", "is_final"), [("not-allowed", True), ("http-method", True), ("too-fast", False), ("upstream-slow", False)]
)
def test_only_what_stays_refused_is_said_to_stay_so(code: str, is_final: bool) -> None:
    body = json.loads(refusal(code, ENDPOINT).partition(b"\r\n\r\n")[2])
    assert ("retry" in body) == is_final


def test_no_remedy_is_one_that_a_policy_file_does_not_know() -> None:
    """`upstream` is a plan's word, and raw TCP has long been there."""
    said = [f"{reason.what} {reason.remedy}" for reason in REASONS.values()]
    assert not [text for text in said if "upstream" in text or "not available" in text]


def test_a_refusal_to_head_has_no_body() -> None:
    assert refusal("http-target", ENDPOINT, head_only=True).endswith(b"\r\n\r\n")


def test_git_is_told_in_plain_text_which_alone_it_shows() -> None:
    head, _, body = refusal("rule-request", ENDPOINT, for_git=True).partition(b"\r\n\r\n")
    assert b"\r\nContent-Type: text/plain\r\n" in head
    assert f"\r\nContent-Length: {len(body)}\r\n".encode() in head
    said = "refused by paddock: the rule allows this host, but not this method or path (rule-request)"
    assert body.decode().split("\n")[:2] == [said, "rule: api.example.test:80 (flag --allow)"]


@pytest.mark.parametrize(("agent", "kind"), [(b"git/2.39.5", b"text/plain"), (b"curl/7.88", b"application/json")])
def test_a_refusal_is_in_the_form_that_the_client_shows(agent: bytes, kind: bytes) -> None:
    made = Exchange(ENDPOINT, Gate())
    made.client_data(b"GET / HTTP/1.1\r\nHost: api.example.test\r\nUser-Agent: " + agent + b"\r\n\r\n")
    (refused,) = made.fail("upstream-unreachable")
    assert b"Content-Type: " + kind in refused.data


def test_every_code_that_the_gateway_uses_is_explained() -> None:
    used = {code for source in SOURCES for code in re.findall(r'"((?:tls|http|upstream|dns)-[a-z-]+)"', source)}
    assert used
    assert used - {"http-"} <= set(REASONS)


def test_every_class_of_the_guard_is_explained() -> None:
    from paddock.gateway.outside import guard

    kinds = {line.split()[0] for table_ in (guard._TABLE_4, guard._TABLE_6) for line in table_.strip().splitlines()}
    assert {f"address-{kind}" for kind in kinds | {guard.HOST, "reserved", "unknown"}} <= set(REASONS)
