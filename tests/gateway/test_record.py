from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.frozen import replace
from paddock.gateway import record
from paddock.gateway.record import About, Record, Refusal, Summary, pack, unpack
from paddock.gateway.table import Grant
from paddock.plan.hashing import plan_hash
from paddock.plan.model import Denied, Rule
from paddock.policy.model import Origin
from paddock.record.logs import Log
from paddock.record.verifying import verify
from paddock.record.writer import open_to_append
from tests.gateway.conftest import endpoint_of
from tests.plan.machine import plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ENDPOINT = endpoint_of(Rule("api.example.test", 443, Origin("repository", "paddock.toml:7")))
RULE = "api.example.test:443 (repository paddock.toml:7)"


PLAN = "ab" * 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "20261121T000000Z-amber-fern.jsonl"


@pytest.fixture
def make(path: Path) -> Iterator[Callable[..., Record]]:
    """`make(limit_bytes=…)` begins a record about a sandbox."""
    opened = open_to_append(str(path))

    def begin(on_broken: Callable[[], object] = lambda: None, **more: int) -> Record:
        return Record(opened, About("amber-fern", PLAN, {"repository": "/a repo"}), **more).begin(on_broken)

    yield begin
    os.close(opened)


def events(path: Path) -> list[dict[str, Any]]:
    """What was recorded about the network, without what every line has. The whole must be a chain."""
    assert verify(Log("x", str(path))).state == "live"
    found = [json.loads(line) for line in path.read_bytes().splitlines()]
    for line in found:
        assert (line.pop("sandbox"), line.pop("plan")) == ("amber-fern", PLAN)
        assert line.pop("t") > 1_700_000_000_000
        assert [line.pop("seq"), len(line.pop("prev"))][1] == 64
    assert found[0] == {"kind": "session", "schema": 1, "repository": "/a repo"}
    return [line for line in found if line["kind"] not in ("session", "closed")]


def test_each_event_is_one_line(path: Path, make: Callable[..., Record]) -> None:
    made = make()
    made.connected(ENDPOINT, "tls", 10, 2000)
    made.unreached(ENDPOINT, "upstream-slow")
    made.refused(ENDPOINT, "tls-other-name")
    common = {"name": "api.example.test", "port": 443, "rule": RULE}
    assert events(path) == [
        {"kind": "connect", **common, "verdict": "allowed", "reason": "tls", "up": 10, "down": 2000},
        {"kind": "connect", **common, "verdict": "failed", "reason": "upstream-slow"},
        {"kind": "refused", **common, "verdict": "refused", "reason": "tls-other-name"},
    ]


def test_a_place_that_leads_elsewhere_is_recorded_with_where(path: Path, make: Callable[..., Record]) -> None:
    """An agent's model is behind 127.0.0.1: the log must say which one its bytes went to."""
    rule = Rule("127.0.0.1", 61001, Origin("agent", "claude"), upstream=f"https://{ENDPOINT.name}:443", loopback=True)
    place, made = endpoint_of(rule), make()
    made.connected(place, "http", 10, 2000)
    made.unreached(place, "upstream-unresolved")
    made.refused(place, "http-method")
    made.used("model", place)
    assert [(line["name"], line["upstream"]) for line in events(path)] == [("127.0.0.1", "api.example.test:443")] * 4
    # In the last words of a run it is the service that could not be reached.
    assert Refusal("failed", "api.example.test", 443, "upstream-unresolved", 1) in made.finish().refusals


def test_a_model_on_this_machine_is_called_the_same_inside(path: Path, make: Callable[..., Record]) -> None:
    rule = Rule("127.0.0.1", 4000, Origin("agent", "claude"), upstream="127.0.0.1:4000", loopback=True)
    make().connected(endpoint_of(rule), "http", 1, 2)
    assert "upstream" not in events(path)[0]


def test_the_last_line_has_the_totals_and_the_summary_the_anchor(path: Path, make: Callable[..., Record]) -> None:
    made = make()
    made.connected(ENDPOINT, "tls", 10, 2000)
    made.refused(None, "no-endpoint")
    summary = made.finish()
    last = json.loads(path.read_bytes().splitlines()[-1])
    assert (last["kind"], last["connections"], last["refused"], last["bytes_down"]) == ("closed", 1, 1, 2000)
    assert last["ended"] == ""
    assert summary.lines == 4
    assert verify(Log("x", str(path)), summary.head).state == "live"


def test_names_are_written_once_and_counted_at_the_end(path: Path, make: Callable[..., Record]) -> None:
    made = make()
    for _ in range(5):
        made.answered("api.example.test")
        made.unanswered("evil.test", "not-allowed")
    made.unanswered("other.test", "not-allowed")
    assert [line["name"] for line in events(path)] == ["api.example.test", "evil.test", "other.test"]
    summary = made.finish()
    refused = {"kind": "dns", "name": "evil.test", "port": 53, "verdict": "refused", "reason": "not-allowed"}
    assert events(path)[-1] == {**refused, "count": 5}
    assert summary.names_refused == 6
    assert summary.refusals == (
        Refusal("dns", "evil.test", 53, "not-allowed", 5),
        Refusal("dns", "other.test", 53, "not-allowed", 1),
    )


def test_services_that_cannot_be_reached_are_summed_up_and_bounded(make: Callable[..., Record]) -> None:
    made = make()
    for _ in range(3):
        made.unreached(ENDPOINT, "upstream-unreachable")
    for number in range(2 * record.MOST_ALIKE):
        made.unreached(replace(ENDPOINT, name=f"{number}.example.test"), "upstream-slow")
    told = made.finish().refusals
    assert told[0] == Refusal("failed", "api.example.test", 443, "upstream-unreachable", 3)
    assert len(told) == record.MOST_ALIKE
    assert {one.kind for one in told} == {"failed"}


def test_equal_refusals_stop_filling_the_file_and_are_counted(path: Path, make: Callable[..., Record]) -> None:
    made = make()
    for _ in range(1000):
        made.refused(ENDPOINT, "silent")
    assert len(events(path)) == record.REPEATS["refused"]
    assert made.finish().refused == 1000
    assert events(path)[-1]["count"] == 1000
    assert events(path)[-1]["rule"] == RULE


def test_names_beyond_the_limit_are_counted_together(
    path: Path, make: Callable[..., Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "MOST_KEPT_APART", 10)
    made = make()
    for number in range(1000):
        made.unanswered(f"{number}.evil.test", "not-allowed")
    summary = made.finish()
    assert len(summary.refusals) == 11
    assert summary.refusals[-1] == Refusal("dns", "", 53, record.OVERFLOW, 990)
    assert len(events(path)) == 12


def test_a_flood_of_names_hides_no_other_refusal(path: Path, make: Callable[..., Record]) -> None:
    made = make()
    for number in range(record.MOST_KEPT_APART + 1):
        made.unanswered(f"{number}.evil.test", "not-allowed")
    made.refused(ENDPOINT, "secret-outgoing", "github")
    made.alarm("a canary was used", ENDPOINT)
    made.used("github", ENDPOINT)
    refused, alarm, used = events(path)[-3:]
    assert (refused["name"], refused["reason"], refused["credential"]) == (
        "api.example.test", "secret-outgoing", "github",
    )  # fmt: skip
    assert (alarm["name"], alarm["reason"]) == ("api.example.test", "a canary was used")
    assert (used["name"], used["credential"]) == ("api.example.test", "github")


def test_a_flood_of_one_reason_hides_no_other_and_the_reason_is_always_told(
    path: Path, make: Callable[..., Record]
) -> None:
    made = make()
    for number in range(record.MOST_ALIKE + 3):
        made.refused(endpoint_of(Rule(f"n{number}.example.test", 443, Origin("flag"))), "silent")
    made.refused(ENDPOINT, "secret-outgoing", "github")
    *_, one, other, last = events(path)
    assert (one["name"], one["reason"], other["name"]) == ("", "silent", "")
    assert (last["name"], last["reason"]) == ("api.example.test", "secret-outgoing")


def test_each_credential_that_was_in_a_request_is_named(path: Path, make: Callable[..., Record]) -> None:
    made = make()
    for name in ("github", "stripe"):
        made.refused(ENDPOINT, "secret-outgoing", name)
    assert [line["credential"] for line in events(path)] == ["github", "stripe"]


def test_what_a_person_changes_is_recorded_with_who_and_why(path: Path, make: Callable[..., Record]) -> None:
    made, origin = make(), Origin("flag")
    made.changed(Grant(Rule("new.example.test", 443, origin), "somebody", "for a test", 1_800_000_000.5))
    made.changed(Grant(Denied("*.example.test", 0, origin), "somebody", "", None))
    who = {"author": "somebody"}
    assert events(path) == [
        {"kind": "granted", "name": "new.example.test", "port": 443, **who, "reason": "for a test",
         "until": 1_800_000_000_500},
        {"kind": "withdrawn", "name": "*.example.test", "port": 0, **who, "reason": "", "until": None},
    ]  # fmt: skip


def test_a_credential_s_use_is_recorded_by_its_name_once_for_each_place(
    path: Path, make: Callable[..., Record]
) -> None:
    made = make()
    for _ in range(30):
        made.used("github", ENDPOINT)
    line = {"kind": "used", "credential": "github", "name": "api.example.test", "port": 443, "rule": RULE}
    assert events(path) == [line]
    assert made.finish().refusals == ()
    assert events(path)[-1] == {**line, "count": 30}


def test_alarms_are_recorded_and_are_no_refusals(path: Path, make: Callable[..., Record]) -> None:
    made = make()
    made.alarm("a canary was used", ENDPOINT)
    made.alarm("a canary was used")
    assert events(path) == [
        {"kind": "alarm", "reason": "a canary was used", "name": "api.example.test", "port": 443},
        {"kind": "alarm", "reason": "a canary was used", "name": "", "port": 0},
    ]
    assert made.finish().refusals == ()


def test_a_name_with_a_newline_stays_on_its_line(path: Path, make: Callable[..., Record]) -> None:
    make().unanswered('x\n{"kind":"connect"}\u2028', "not-allowed")
    assert [line["name"] for line in events(path)] == ['x\n{"kind":"connect"}\u2028']


def test_a_full_record_breaks_before_the_line_that_is_too_much(path: Path, make: Callable[..., Record]) -> None:
    broken: list[bool] = []
    made = make(lambda: broken.append(True), limit_bytes=6000)
    for _ in range(10):
        made.connected(ENDPOINT, "tls", 1, 1)
    assert broken == [True]
    assert path.stat().st_size <= 6000
    assert made.finish().ended == "the record is full"
    assert json.loads(path.read_bytes().splitlines()[-1])["ended"] == "the record is full"


def test_a_record_that_cannot_be_written_breaks_at_its_first_line() -> None:
    broken: list[bool] = []
    with open("/dev/full", "wb") as full:
        made = Record(full.fileno(), About()).begin(lambda: broken.append(True))
        made.connected(ENDPOINT, "tls", 1, 1)
        assert broken == [True]
        summary = made.finish()
    assert "No space left" in summary.ended
    assert summary.lines == 0


def test_a_record_says_what_it_is_about_without_the_command_s_arguments() -> None:
    made = plan(None, "deploy", "--token", "hush")
    about = record.about(made, "amber-fern")
    assert (about.sandbox, about.plan) == ("amber-fern", plan_hash(made))
    assert about.facts["program"] == "deploy"
    assert about.facts["repository"] == made.workspace.source
    assert "hush" not in str(about)


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
        st.integers(0, 1 << 40),
        st.sampled_from(["", PLAN]),
    )
)
def test_a_summary_survives_the_pipe(summary: Summary) -> None:
    assert unpack(pack(summary)) == summary


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"1 2 3\n\n",
        b"1 2 3 4 5 6",
        b"1 2 3 4 5 6\n\nx\n",
        b"\xff",
        b"1 2 3 4 5 6\n\\x\n",
        b"1 2 3 4 5 6\n\n",
        b"1 2 3 4 5 6\n\nx y\n",
    ],
)
def test_anything_else_is_no_summary(data: bytes) -> None:
    with pytest.raises(ValueError):
        unpack(data)
