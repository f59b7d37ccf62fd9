"""A record as OpenTelemetry logs: the protocol's JSON encoding in lines, as its file exporter writes them.

Each line is one `LogsData` (opentelemetry.proto.logs.v1). In that encoding 64-bit numbers are text.
"""

from __future__ import annotations

from itertools import islice

from paddock.record import chain
from paddock.record.wording import clean, message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from paddock.record.chain import Event
    from paddock.record.reading import Line

_TOGETHER = 500  # events in one line
_INFO, _WARN, _ERROR = (9, "INFO"), (13, "WARN"), (17, "ERROR")
_ELSEWHERE = frozenset(("t", "sandbox", "plan", "name", "port"))


def export(lines: Iterable[Line | None]) -> Iterator[str]:
    """The events of a log, some hundreds in a line."""
    encoder = chain.encoder()
    events = (line.event for line in lines if line is not None and line.event is not None)
    resource: dict[str, object] = {}
    while batch := list(islice(events, _TOGETHER)):
        resource = resource or _resource(batch[0])
        scope = {"scope": {"name": "paddock.record"}, "logRecords": [_record(event) for event in batch]}
        yield encoder.encode({"resourceLogs": [{"resource": resource, "scopeLogs": [scope]}]}) + "\n"


def _resource(first: Event) -> dict[str, object]:
    about = {
        "service.name": "paddock",
        "service.version": first.get("paddock", ""),
        "service.instance.id": first["sandbox"],
        "paddock.plan": first["plan"],
    }
    return {"attributes": [_attribute(name, value) for name, value in about.items()]}


def _record(event: Event) -> dict[str, object]:
    number, word = _severity(event)
    named = {"server.address": event.get("name"), "server.port": event.get("port")}
    if event["kind"] == "dns":
        named = {"dns.question.name": event.get("name")}
    rest = {f"paddock.{name}": value for name, value in event.items() if name not in _ELSEWHERE}
    attributes = {name: value for name, value in {**named, **rest}.items() if value not in (None, "")}
    time = str(event["t"] * 1_000_000)
    return {
        "timeUnixNano": time,
        "observedTimeUnixNano": time,
        "severityNumber": number,
        "severityText": word,
        "eventName": f"paddock.{clean(event['kind'])}",
        "body": {"stringValue": message(event)},
        "attributes": [_attribute(name, value) for name, value in attributes.items()],
    }


def _severity(event: Event) -> tuple[int, str]:
    if event["kind"] == "alarm":
        return _ERROR
    return _WARN if event.get("verdict") in ("refused", "failed") else _INFO


def _attribute(name: str, value: object) -> dict[str, object]:
    return {"key": clean(name), "value": _value(value)}


def _value(value: object) -> dict[str, object]:
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(one) for one in value]}}
    return {"stringValue": clean(value)}
