from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.gateway import record
from paddock.gateway.record import Record, Refusal, Summary, pack, unpack
from paddock.plan.model import Rule
from paddock.policy.model import Origin
from tests.gateway.conftest import endpoint_of

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDPOINT = endpoint_of(Rule("api.example.test", 443, Origin("repository", "paddock.toml:7")))
RULE = "api.example.test:443 (repository paddock.toml:7)"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "record.jsonl"


@pytest.fixture
def descriptor(path: Path) -> Iterator[int]:
    opened = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    yield opened
    os.close(opened)


def lines(path: Path) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert all(line.pop("time") > 1_700_000_000 for line in found)
    return found


def test_each_event_is_one_line(path: Path, descriptor: int) -> None:
    made = Record(descriptor)
    made.connected(ENDPOINT, "tls", 10, 2000)
    made.unreached(ENDPOINT, "upstream-slow")
    made.refused(ENDPOINT, "tls-other-name")
    common = {"name": "api.example.test", "port": 443, "rule": RULE}
    assert lines(path) == [
        {"kind": "connect", **common, "verdict": "allowed", "reason": "tls", "up": 10, "down": 2000},
        {"kind": "connect", **common, "verdict": "failed", "reason": "upstream-slow"},
        {"kind": "refused", **common, "verdict": "refused", "reason": "tls-other-name"},
    ]


def test_names_are_written_once_and_counted_at_the_end(path: Path, descriptor: int) -> None:
    made = Record(descriptor)
    for _ in range(5):
        made.answered("api.example.test")
        made.unanswered("evil.test", "not-allowed")
    made.unanswered("other.test", "not-allowed")
    assert [line["name"] for line in lines(path)] == ["api.example.test", "evil.test", "other.test"]
    summary = made.finish()
    assert lines(path)[-1] == {
        "kind": "dns",
        "name": "evil.test",
        "port": 53,
        "rule": "",
        "verdict": "refused",
        "reason": "not-allowed",
        "count": 5,
    }
    assert summary.names_refused == 6
    assert summary.refusals == (
        Refusal("dns", "evil.test", 53, "not-allowed", 5),
        Refusal("dns", "other.test", 53, "not-allowed", 1),
    )


def test_equal_refusals_stop_filling_the_file_and_are_counted(path: Path, descriptor: int) -> None:
    made = Record(descriptor)
    for _ in range(1000):
        made.refused(ENDPOINT, "silent")
    assert len(lines(path)) == record.REPEATS["refused"]
    assert made.finish().refused == 1000
    assert lines(path)[-1]["count"] == 1000
    assert lines(path)[-1]["rule"] == RULE


def test_names_beyond_the_limit_are_counted_together(
    path: Path, descriptor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "MOST_KEPT_APART", 10)
    made = Record(descriptor)
    for number in range(1000):
        made.unanswered(f"{number}.evil.test", "not-allowed")
    summary = made.finish()
    assert len(summary.refusals) == 11
    assert summary.refusals[-1] == Refusal("dns", "", 53, record.OVERFLOW, 990)
    assert len(lines(path)) == 12


def test_a_name_with_a_newline_stays_on_its_line(path: Path, descriptor: int) -> None:
    Record(descriptor).unanswered('x\n{"kind":"connect"}\u2028', "not-allowed")
    assert [line["name"] for line in lines(path)] == ['x\n{"kind":"connect"}\u2028']


def test_a_full_record_breaks_before_the_line_that_is_too_much(path: Path, descriptor: int) -> None:
    broken: list[bool] = []
    made = Record(descriptor, limit_bytes=600, on_broken=lambda: broken.append(True))
    for _ in range(10):
        made.connected(ENDPOINT, "tls", 1, 1)
    assert broken == [True]
    assert path.stat().st_size <= 600
    assert made.finish().ended == "the record is full"
    assert all(lines(path))


def test_a_record_that_cannot_be_written_breaks() -> None:
    broken: list[bool] = []
    with open("/dev/full", "wb") as full:
        made = Record(full.fileno(), on_broken=lambda: broken.append(True))
        made.connected(ENDPOINT, "tls", 1, 1)
    assert broken == [True]
    assert "No space left" in made.broken


@given(
    st.builds(
        Summary,
        *[st.integers(0, 1 << 60)] * 6,
        st.lists(
            st.builds(
                Refusal,
                st.sampled_from(["dns", "refused"]),
                st.text(max_size=30),
                st.integers(0, 65535),
                st.just("silent"),
                st.integers(1, 9),
            ),
            max_size=5,
        ).map(tuple),
        st.text(max_size=30),
    )
)
def test_a_summary_survives_the_pipe(summary: Summary) -> None:
    assert unpack(pack(summary)) == summary


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"1 2 3\n\n", b"1 2 3 4 5 6", b"1 2 3 4 5 6\n\nx\n", b"\xff", b"1 2 3 4 5 6\n\\x\n"]
)
def test_anything_else_is_no_summary(data: bytes) -> None:
    with pytest.raises(ValueError):
        unpack(data)
