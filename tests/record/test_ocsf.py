"""The published schema (ocsf-schema 1.7.0): what it requires of each class, its words and its types."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from paddock.record import ocsf, reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Session

REQUIRED = {"activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"}
OPTIONAL = {"message", "status_id", "status_code", "unmapped", "activity_name"}
CONTROL = {"action_id", "disposition_id", "is_alert", "firewall_rule"}  # the profile security_control
NETWORK = {"src_endpoint", "dst_endpoint", "traffic"}
CLASSES: dict[int, tuple[int, set[str], set[int]]] = {  # category, more attributes, activities
    0: (0, set(), {0, 99}),
    4001: (4, CONTROL | NETWORK, {0, 1, 2, 3, 4, 5, 6, 7, 99}),
    4003: (4, CONTROL | NETWORK | {"query", "query_time", "rcode", "rcode_id"}, {0, 1, 2, 6, 99}),
}
ENUMERATIONS = {
    "severity_id": {0, 1, 2, 3, 4, 5, 6, 99},
    "status_id": {0, 1, 2, 99},
    "action_id": {0, 1, 2, 3, 4, 99},
    "disposition_id": {*range(28), 99},
    "rcode_id": {*range(12), *range(16, 26), 99},
}
OBJECTS: dict[str, tuple[set[str], set[str]]] = {  # required, others
    "metadata": ({"version", "product"}, {"profiles", "uid", "sequence", "log_name", "correlation_uid"}),
    "query": ({"hostname"}, set()),
    "src_endpoint": (set(), {"name", "hostname", "port"}),
    "dst_endpoint": (set(), {"name", "hostname", "port"}),
    "traffic": (set(), {"bytes", "bytes_in", "bytes_out"}),
    "firewall_rule": (set(), {"name"}),
}


def check(event: dict[str, Any]) -> None:
    """What the schema's own validator would complain about."""
    category, more, activities = CLASSES[event["class_uid"]]
    assert set(event) >= REQUIRED
    assert set(event) <= REQUIRED | OPTIONAL | more
    assert event["category_uid"] == category
    assert event["activity_id"] in activities
    assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
    assert (event["activity_id"] == 99) == ("activity_name" in event)
    assert type(event["time"]) is int
    for name, values in ENUMERATIONS.items():
        assert event.get(name, 0) in values
    for name, (required, others) in OBJECTS.items():
        if name in event:
            assert required <= set(event[name]) <= required | others, name
    if category:
        assert {"src_endpoint", "dst_endpoint"} & set(event)
        for name in {"src_endpoint", "dst_endpoint"} & set(event):
            assert {"name", "hostname"} & set(event[name])
            assert 0 <= event[name].get("port", 0) <= 65535
    assert (event["metadata"]["profiles"] == ["security_control"]) == bool(category)
    assert {"name", "vendor_name"} <= set(event["metadata"]["product"])


@pytest.fixture
def exported(session: Callable[..., Session]) -> list[dict[str, Any]]:
    made = session(events=0)
    rule = "a.example.test:443 (flag --allow)"
    made.writer.append("dns", name="a.example.test", port=53, verdict="allowed")
    made.writer.append("dns", name="evil\udcff.test", port=53, verdict="refused", reason="not-allowed")
    made.writer.append("dns", name="", port=53, verdict="refused", reason="too-many-names", count=3)
    made.writer.append(
        "connect", name="a.example.test", port=443, verdict="allowed", reason="tls", rule=rule, up=10, down=2000
    )
    made.writer.append("connect", name="a.example.test", port=443, verdict="failed", reason="upstream-slow", rule=rule)
    made.writer.append("refused", name="", port=0, verdict="refused", reason="no-endpoint", rule="")
    made.writer.append("granted", name="b.test", port=443, author="somebody", reason="for a test", until=None)
    made.writer.append("used", name="a.example.test", port=443, credential="github", rule=rule)
    made.writer.append("alarm", name="", port=0, reason="a canary was used")
    log = made.close()
    return [json.loads(line) for line in ocsf.export(log, reading.events(log))]


def test_every_event_is_what_the_schema_asks_for(exported: list[dict[str, Any]]) -> None:
    assert len(exported) == 11
    for event in exported:
        check(event)
    assert [event["metadata"]["sequence"] for event in exported] == list(range(11))
    assert len({event["metadata"]["uid"] for event in exported}) == 11


def test_a_connection_has_its_bytes_seen_from_the_sandbox(exported: list[dict[str, Any]]) -> None:
    connection = exported[4]
    assert connection["type_uid"] == 400106
    assert connection["traffic"] == {"bytes_out": 10, "bytes_in": 2000, "bytes": 2010}
    assert connection["dst_endpoint"] == {"hostname": "a.example.test", "port": 443}
    assert connection["src_endpoint"] == {"name": "amber-fern"}
    assert connection["firewall_rule"] == {"name": "a.example.test:443 (flag --allow)"}
    assert (connection["action_id"], connection["status_id"]) == (1, 1)


def test_a_lookup_has_its_answer(exported: list[dict[str, Any]]) -> None:
    answered, refused, several = exported[1:4]
    assert (answered["rcode"], answered["rcode_id"], answered["action_id"]) == ("NoError", 0, 1)
    assert (refused["rcode"], refused["rcode_id"], refused["action_id"]) == ("NXDomain", 3, 2)
    assert refused["query"] == {"hostname": "evil\\udcff.test"}
    assert "query" not in several
    assert several["unmapped"]["count"] == 3


def test_failures_refusals_and_alarms_are_told_apart(exported: list[dict[str, Any]]) -> None:
    failed, refused, alarm = exported[5], exported[6], exported[9]
    assert [event["activity_id"] for event in (failed, refused, alarm)] == [4, 5, 5]
    assert [event["action_id"] for event in (failed, refused, alarm)] == [1, 2, 2]
    assert [event["is_alert"] for event in (failed, refused, alarm)] == [False, False, True]
    assert [event["severity_id"] for event in (failed, refused, alarm)] == [1, 2, 4]


def test_what_has_no_class_of_its_own_is_not_left_out(exported: list[dict[str, Any]]) -> None:
    names = [event["activity_name"] for event in exported if event["class_uid"] == 0]
    assert names == ["session", "granted", "used", "closed"]
    assert exported[7]["unmapped"]["author"] == "somebody"
    assert exported[8]["unmapped"]["credential"] == "github"


def test_a_line_that_cannot_be_read_or_was_changed_stops_nothing(session: Callable[..., Session]) -> None:
    made = session(events=0)
    made.writer.append("connect", name=7, port="x", verdict=[], up="many", down=None)
    log = made.close()
    lines = [reading.Line(0, None, "not JSON"), None, *reading.events(log)]
    assert len(list(ocsf.export(log, lines))) == 3
