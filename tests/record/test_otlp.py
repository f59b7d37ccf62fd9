"""The published encoding: opentelemetry-proto's logs.proto in its JSON mapping, and the file exporter's lines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from paddock.record import otlp, reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Session

RECORD = {
    "timeUnixNano", "observedTimeUnixNano", "severityNumber", "severityText", "eventName", "body", "attributes",
}  # fmt: skip
VALUES = {"stringValue": str, "boolValue": bool, "intValue": str, "doubleValue": float, "arrayValue": dict}


def check_value(value: dict[str, Any]) -> None:
    if not value:
        return  # "an empty value": nothing
    name: str = next(iter(value))
    inner: Any = value[name]
    assert len(value) == 1
    assert type(inner) is VALUES[name]
    if name == "intValue":
        assert str(int(str(inner))) == inner
    if name == "arrayValue":
        assert set(inner) == {"values"}
        for one in inner["values"]:
            check_value(one)


def check_attributes(attributes: list[dict[str, Any]]) -> None:
    keys = [attribute["key"] for attribute in attributes]
    assert len(keys) == len(set(keys))  # "attribute keys MUST be unique"
    for attribute in attributes:
        assert set(attribute) == {"key", "value"}
        check_value(attribute["value"])


def records(lines: list[str]) -> list[dict[str, Any]]:
    """All log records of an export, each part checked."""
    found: list[dict[str, Any]] = []
    for line in lines:
        assert line.endswith("\n")
        assert "\n" not in line[:-1]
        data = json.loads(line)
        assert set(data) == {"resourceLogs"}
        for resource_logs in data["resourceLogs"]:
            assert set(resource_logs) == {"resource", "scopeLogs"}
            check_attributes(resource_logs["resource"]["attributes"])
            for scope_logs in resource_logs["scopeLogs"]:
                assert set(scope_logs) == {"scope", "logRecords"}
                found += scope_logs["logRecords"]
    for record in found:
        assert set(record) == RECORD
        assert 1 <= record["severityNumber"] <= 24
        assert record["timeUnixNano"].isdigit()
        check_value(record["body"])
        check_attributes(record["attributes"])
    return found


def test_every_event_is_a_log_record(session: Callable[..., Session]) -> None:
    made = session(events=1)
    made.writer.append("dns", name="evil\udcff.test", port=53, verdict="refused", reason="not-allowed")
    made.writer.append("alarm", name="", port=0, reason="a canary was used", odd=[1, True, None, 0.5, "x"])
    log = made.close()
    lines = list(otlp.export(reading.events(log)))
    assert len(lines) == 1
    found = records(lines)
    assert [record["eventName"] for record in found] == [
        "paddock.session", "paddock.connect", "paddock.dns", "paddock.alarm", "paddock.closed",
    ]  # fmt: skip
    assert [record["severityText"] for record in found] == ["INFO", "INFO", "WARN", "ERROR", "INFO"]
    attributes = {one["key"]: one["value"] for one in found[1]["attributes"]}
    assert attributes["server.address"] == {"stringValue": "0.example.test"}
    assert attributes["server.port"] == {"intValue": "443"}
    asked = {one["key"]: one["value"] for one in found[2]["attributes"]}
    assert asked["dns.question.name"] == {"stringValue": "evil\\udcff.test"}
    assert "server.address" not in asked
    resource = json.loads(lines[0])["resourceLogs"][0]["resource"]["attributes"]
    assert {"key": "service.name", "value": {"stringValue": "paddock"}} in resource
    assert {"key": "service.instance.id", "value": {"stringValue": "amber-fern"}} in resource


def test_many_events_come_in_several_lines_with_the_same_resource(session: Callable[..., Session]) -> None:
    log = session(events=1200).close()
    lines = list(otlp.export(reading.events(log)))
    assert len(lines) == 3
    assert len(records(lines)) == 1202
    assert len({json.dumps(json.loads(line)["resourceLogs"][0]["resource"]) for line in lines}) == 1


def test_an_empty_log_is_an_empty_export() -> None:
    assert list(otlp.export([None, reading.Line(1, None, "not JSON")])) == []
