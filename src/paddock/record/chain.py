"""The lines of a log and how each holds the one before it.

A line is one JSON object in canonical form (sorted keys, no spaces, ASCII, as RFC 8785 for what occurs here) with

    seq      0, 1, 2, …
    t        milliseconds since 1970, UTC, by the clock of whoever wrote it
    kind     what happened; the first line's is "session", the last one's "closed"
    sandbox  the name of the sandbox
    plan     the plan's hash
    prev     SHA-256 of the line before, without its newline; 64 zeros in the first

and with what belongs to the kind. Changing, adding, moving or removing a line breaks the chain at that place. What no
chain can show is that its end is missing: `anchors` are for that.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from json import JSONEncoder
    from typing import Any

    Event = dict[str, Any]

GENESIS = "0" * 64
FIRST, LAST = "session", "closed"
LONGEST = 1 << 16  # bytes of a line
SCHEMA = 1
_COMMON = (("seq", int), ("t", int), ("kind", str), ("sandbox", str), ("plan", str), ("prev", str))


class Broken(ValueError):
    """A line is not what a log holds at its place; the message says what is wrong with it."""


def encoder() -> JSONEncoder:
    """What makes canonical JSON. Making one for each line would take longer than encoding it."""
    import json

    return json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(line: bytes) -> str:
    """What the next line says about this one."""
    import hashlib

    return hashlib.sha256(line).hexdigest()


class Links:
    """Follows a chain line by line. `count` lines were seen; `head` is the digest of the last."""

    def __init__(self) -> None:
        self.count = 0
        self.head = GENESIS
        self.first: Event | None = None
        self.closed = False
        self._encoder = encoder()

    def follow(self, line: bytes) -> Event:
        """The event of the next line, given without its newline. Raises Broken; one can go on with the line after."""
        before, self.head = self.head, digest(line)
        number, self.count = self.count, self.count + 1
        was_closed = self.closed
        event = self._parsed(line)
        self.closed = event["kind"] == LAST
        if event["seq"] != number:
            raise Broken(f"it should be number {number}, and says {event['seq']}: lines were added, moved or removed")
        if event["prev"] != before:
            raise Broken("it does not follow the line before it: one of the two was changed")
        if was_closed:
            raise Broken("it stands behind the line that closes the log")
        if (event["kind"] == FIRST) != (number == 0):
            raise Broken("a log begins with its one line about the session")
        if self.first is None:
            self.first = event
        elif any(event[name] != self.first[name] for name in ("sandbox", "plan")):
            raise Broken("it is about another sandbox or plan than the first line")
        return event

    def _parsed(self, line: bytes) -> Event:
        event = decoded(line)
        try:
            canonical = self._encoder.encode(event).encode("ascii")
        except (ValueError, RecursionError):
            canonical = b""
        if canonical != line:
            raise Broken("it is not in canonical form, so it was changed")
        return event


def decoded(line: bytes) -> Event:
    """A line as an event that has all that every event has. Raises Broken."""
    import json

    if len(line) > LONGEST:
        raise Broken(f"it is longer than {LONGEST} bytes")
    try:
        event = json.loads(line.decode("ascii"))
    except (ValueError, RecursionError):
        raise Broken("it is not JSON") from None
    if not isinstance(event, dict):
        raise Broken("it is not an object")
    for name, kind in _COMMON:
        if type(event.get(name)) is not kind:
            raise Broken(f"it lacks {name}, or has it wrong")
    return event


def line_of(event: Mapping[str, object], using: JSONEncoder) -> bytes:
    """An event as a line, without its newline."""
    return using.encode(event).encode("ascii")
