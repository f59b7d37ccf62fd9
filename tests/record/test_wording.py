from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.record.wording import clean, message, place

COMMON = {"seq": 1, "t": 1, "sandbox": "s", "plan": "p", "prev": "0"}


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"kind": "session", "repository": "/a repo"}, "a sandbox began in /a repo"),
        ({"kind": "closed", "ended": ""}, "the session ended"),
        ({"kind": "closed", "ended": "the record is full"}, "the session ended: the record is full"),
        ({"kind": "dns", "name": "a.test", "port": 53, "verdict": "allowed"}, "the name a.test was answered"),
        (
            {"kind": "dns", "name": "a.test", "port": 53, "verdict": "refused", "reason": "not-allowed"},
            "the name a.test was refused: not-allowed",
        ),
        (
            {"kind": "connect", "name": "a.test", "port": 443, "verdict": "allowed", "reason": "tls"},
            "a connection to a.test:443 ended",
        ),
        (
            {"kind": "connect", "name": "a.test", "port": 443, "verdict": "failed", "reason": "upstream-slow"},
            "a.test:443 could not be reached: upstream-slow",
        ),
        (
            {"kind": "connect", "name": "127.0.0.1", "port": 61001, "verdict": "allowed", "upstream": "a.test:443"},
            "a connection to 127.0.0.1:61001 (a.test:443) ended",
        ),
        (
            {"kind": "refused", "name": "", "port": 0, "verdict": "refused", "reason": "no-endpoint"},
            "a connection to an unknown place was refused: no-endpoint",
        ),
        (
            {"kind": "granted", "name": "a.test", "port": 443, "author": "somebody", "reason": "{x}"},
            "a.test:443 was granted by somebody: {x}",
        ),
        ({"kind": "withdrawn", "name": "*.test", "port": 0, "author": "x"}, "*.test was withdrawn by x"),
        (
            {"kind": "used", "credential": "github", "name": "a.test", "port": 443},
            "the credential github was used at a.test:443",
        ),
        ({"kind": "alarm", "reason": "a canary"}, "alarm: a canary"),
        ({"kind": "later", "name": "a.test", "port": 1}, "later a.test:1"),
    ],
)
def test_each_kind_has_its_sentence(event: dict[str, object], said: str) -> None:
    assert message({**COMMON, **event}) == said


@given(st.text(), st.sampled_from(["dns", "alarm", "granted", "{", "\udcff"]))
def test_any_text_becomes_text_that_can_be_written(text: str, kind: str) -> None:
    event = {**COMMON, "kind": kind, "name": text, "reason": text, "author": text, "port": 1}
    assert message(event).encode("utf-8")
    assert place(event).encode("utf-8") or not text


def test_bytes_that_are_no_text_are_written_as_escapes() -> None:
    assert clean("a\udcffb") == "a\\udcffb"
