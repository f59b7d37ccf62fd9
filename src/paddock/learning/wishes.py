"""What a session asked for and did not get, gathered from its record. Names are a sandbox's: hostile text."""

from __future__ import annotations

from paddock.frozen import frozen, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from paddock.record.chain import Event

HTTPS = 443
OVERFLOW = "too-many-names"


@frozen
class Wish:
    """One name and port that was refused `count` times for `reason`; `granted` if a person allowed it meanwhile.

    A name that was refused never came to a port: `port` is 443 then, as in a policy.
    """

    name: str
    port: int
    reason: str
    count: int
    granted: bool = False


def gather(events: Iterable[Event]) -> tuple[Wish, ...]:
    """The wishes of a session, in the order in which they came."""
    found: dict[tuple[str, int, str], Wish] = {}
    granted: set[tuple[str, int]] = set()
    for event in events:
        place = _place(event)
        if place is None:
            continue
        if event["kind"] == "granted":
            granted.add(place)
            found.setdefault((*place, ""), Wish(*place, "", 0))
        elif event["kind"] == "withdrawn":
            granted -= {one for one in granted if _is_withdrawn(one, place)}
        else:
            key = (*place, str(event.get("reason", "")))
            wish = found.setdefault(key, Wish(*key, 0))
            # A line with a count stands for all lines like it, those before it among them.
            count = event.get("count")
            found[key] = replace(wish, count=count if isinstance(count, int) else wish.count + 1)
    wishes = (replace(wish, granted=(wish.name, wish.port) in granted) for wish in found.values())
    return tuple(wish for wish in wishes if wish.reason or wish.granted)


def _place(event: Event) -> tuple[str, int] | None:
    """The name and port of a refusal or a change; None for all else."""
    name, port = event.get("name"), event.get("port")
    refused = event["kind"] in ("dns", "refused") and event.get("verdict") == "refused"
    if not (refused or event["kind"] in ("granted", "withdrawn")):
        return None
    if not isinstance(name, str) or not isinstance(port, int):
        return None
    return name, (HTTPS if event["kind"] == "dns" else port)


def _is_withdrawn(granted: tuple[str, int], by: tuple[str, int]) -> bool:
    from paddock.policy.matching import takes_in

    return by[1] in (0, granted[1]) and takes_in(by[0], granted[0])
