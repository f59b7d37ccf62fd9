"""A record as OCSF events, one JSON object per line.

The Open Cybersecurity Schema Framework, version 1.7.0: connections are Network Activity (class 4001), lookups are DNS
Activity (4003), both with the profile security_control; all else is a Base Event (0), so that nothing is left out.
"""

from __future__ import annotations

from paddock.record import chain
from paddock.record.wording import clean, message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from paddock.record.chain import Event
    from paddock.record.logs import Log
    from paddock.record.reading import Line

VERSION = "1.7.0"
NETWORK, DNS, BASE = 4001, 4003, 0
_NETWORK_CATEGORY = 4
_TRAFFIC, _FAIL, _REFUSE, _OTHER = 6, 4, 5, 99
_INFORMATIONAL, _LOW, _HIGH = 1, 2, 4
_ALLOWED, _DENIED, _BLOCKED = 1, 2, 2
_SUCCESS, _FAILURE = 1, 2
_RCODES = {"allowed": (0, "NoError"), "refused": (3, "NXDomain")}
_MAPPED = frozenset("seq t kind sandbox plan prev name port verdict reason rule up down".split())  # noqa: SIM905


def export(log: Log, lines: Iterable[Line | None]) -> Iterator[str]:
    """Each event of a log as a line."""
    encoder, version = chain.encoder(), ""
    for line in lines:
        if line is None or line.event is None:
            continue
        version = version or clean(line.event.get("paddock", ""))
        yield encoder.encode(_event(line.event, log, version)) + "\n"


def _event(event: Event, log: Log, version: str) -> dict[str, object]:
    kind, verdict = event["kind"], event.get("verdict")
    number, activity = _class_and_activity(kind, verdict)
    product = {"name": "Paddock", "vendor_name": "Paddock", **({"version": version} if version else {})}
    made: dict[str, object] = {
        "class_uid": number,
        "category_uid": _NETWORK_CATEGORY if number else 0,
        "activity_id": activity,
        "type_uid": number * 100 + activity,
        "severity_id": _HIGH if kind == "alarm" else _LOW if verdict == "refused" else _INFORMATIONAL,
        "time": event["t"],
        "message": message(event),
        "metadata": {
            "version": VERSION,
            "product": product,
            "profiles": ["security_control"] if number else [],
            "uid": f"{log.id}/{event['seq']}",
            "sequence": event["seq"],
            "log_name": log.id,
            "correlation_uid": clean(event["sandbox"]),
        },
    }
    if activity == _OTHER:
        made["activity_name"] = clean(kind)
    if number:
        made |= _on_the_network(event)
    if number == DNS:
        made |= _lookup(event)
    left = {name: _value(value) for name, value in event.items() if name not in _MAPPED}
    made["unmapped"] = {"plan": clean(event["plan"]), "prev": event["prev"], **left}
    return made


def _class_and_activity(kind: str, verdict: object) -> tuple[int, int]:
    if kind == "dns":
        return DNS, _TRAFFIC
    if kind == "connect":
        return NETWORK, _FAIL if verdict == "failed" else _TRAFFIC
    if kind in ("refused", "alarm"):
        return NETWORK, _REFUSE
    return BASE, _OTHER


def _on_the_network(event: Event) -> dict[str, object]:
    stopped = event["kind"] == "alarm" or event.get("verdict") == "refused"
    failed = stopped or event.get("verdict") == "failed"
    made: dict[str, object] = {
        "action_id": _DENIED if stopped else _ALLOWED,
        "disposition_id": _BLOCKED if stopped else _ALLOWED,
        "status_id": _FAILURE if failed else _SUCCESS,
        "is_alert": event["kind"] == "alarm",
        "src_endpoint": {"name": clean(event["sandbox"])},
    }
    if event.get("name") and event["kind"] != "dns":
        made["dst_endpoint"] = {"hostname": clean(event["name"]), "port": event.get("port", 0)}
    if event.get("reason"):
        made["status_code"] = clean(event["reason"])
    if event.get("rule"):
        made["firewall_rule"] = {"name": clean(event["rule"])}
    up, down = event.get("up"), event.get("down")
    if isinstance(up, int) and isinstance(down, int):
        # Seen from the source: what the sandbox sent went out.
        made["traffic"] = {"bytes_out": up, "bytes_in": down, "bytes": up + down}
    return made


def _lookup(event: Event) -> dict[str, object]:
    number, word = _RCODES.get(str(event.get("verdict")), (_OTHER, "Other"))
    made: dict[str, object] = {"rcode_id": number, "rcode": word, "query_time": event["t"]}
    if event.get("name"):
        made["query"] = {"hostname": clean(event["name"])}
    return made


def _value(value: object) -> object:
    return clean(value) if isinstance(value, str) else value
