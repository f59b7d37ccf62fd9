"""A session's record, for people and for programs: `paddock log show` and `paddock net log`.

Every name in it was chosen by a sandbox, and a file can be changed by whoever can write it: nothing is shown raw.
"""

from __future__ import annotations

import time

from paddock.cli.outcome import Outcome
from paddock.cli.style import paint, plain
from paddock.frozen import frozen
from paddock.record import chain, logs, reading
from paddock.record.wording import place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.record.chain import Event
    from paddock.record.logs import Log
    from paddock.record.reading import Line

_STYLES = {"refused": "red", "failed": "yellow", "alarm": "red", "withdrawn": "yellow", "granted": "green"}
_WHAT = {"dns": "name", "connect": "connection", "refused": "connection", "used": "credential"}
_NOT_CLOSED = "the log ends here without having been closed"
_STILL_WRITTEN = "the session goes on: -f shows what comes"


@frozen
class Wanted:
    """What of a record is to be shown; `host` is a name, with all names below it."""

    denied: bool = False
    host: str = ""
    follow: bool = False

    def includes(self, event: Event) -> bool:
        """Whether an event is among it. The session's beginning and end always are."""
        if event["kind"] in (chain.FIRST, chain.LAST):
            return True
        if self.denied and event["kind"] not in ("alarm", "withdrawn") and event.get("verdict") != "refused":
            return False
        return not self.host or f".{event.get('name', '')}".endswith(f".{self.host}")


def show(name: str, wanted: Wanted, *, as_json: bool) -> Outcome:
    """The record with an id, or of the sandbox of that name, or the newest. Raises SessionError."""
    log = logs.find(name)
    if not as_json:
        return Outcome(pieces=_text(log, wanted), paged=not wanted.follow)
    return Outcome(pieces=_json_lines(log, wanted) if wanted.follow else _json(log, wanted))


def _text(log: Log, wanted: Wanted) -> Iterator[str]:
    last = ""
    for line in reading.events(log, follow=wanted.follow):
        if line is None:
            yield ""  # a pause: what is there is to be seen
            continue
        if line.event is not None:
            last = line.event["kind"]
            if wanted.includes(line.event):
                yield f"{_row(line.event)}\n"
        if line.problem:
            yield paint(f"line {line.number}: {line.problem}", "bold", "red") + "\n"
    if last != chain.LAST:
        yield paint(_NOT_CLOSED if wanted.follow or not _is_live(log) else _STILL_WRITTEN, "dim") + "\n"


def _is_live(log: Log) -> bool:
    with open(logs.open_to_read(log.path), "rb") as file:
        return logs.is_live(file.fileno())


def _row(event: Event) -> str:
    kind = event["kind"]
    word = str(event.get("verdict") or kind)
    first = f"{_clock(event['t'])}  {paint(f'{plain(word):<9}', _STYLES.get(word, 'dim'))}"
    if kind == chain.FIRST:
        where = plain(str(event.get("repository", "")))
        program = plain(str(event.get("program", "")))
        return (
            f"{_day(event['t'])}\n{first}  {plain(event['sandbox'])}: {program} in {where}, plan {event['plan'][:12]}"
        )
    if kind == chain.LAST:
        return f"{first}  {_totals(event)}"
    about = plain(place(event)) or "?"
    what = f"{_WHAT[kind]:<10}" if kind in _WHAT else ""
    return "  ".join(part for part in (first, what, about, _more(event)) if part)


def _more(event: Event) -> str:
    """Why, how much, how often."""
    parts = [_reason(event)]
    if "up" in event:
        parts.append(f"{_number(event, 'up')} bytes up, {_number(event, 'down')} down")
    if event.get("credential"):
        parts.append(str(event["credential"]))
    if event.get("author"):
        parts.append(f"by {event['author']}")
    if isinstance(event.get("until"), int):
        parts.append(f"until {_clock(event['until'])}")
    if event.get("count"):
        parts.append(f"{event['count']} times in all")
    return plain("; ".join(part for part in parts if part))


def _reason(event: Event) -> str:
    from paddock.gateway.reasons import REASONS

    reason = str(event.get("reason", ""))
    known = REASONS.get(reason)
    return known.what if known else reason


def _totals(event: Event) -> str:
    if event.get("ended"):
        return plain(str(event["ended"]))
    refused = _number(event, "refused") + _number(event, "names_refused")
    return (
        f"{_number(event, 'connections')} connections, {_number(event, 'bytes_up')} bytes up, "
        f"{_number(event, 'bytes_down')} down; {refused} refused"
    )


def _number(event: Event, name: str) -> int:
    """A number where there should be one; a line may have been changed."""
    value = event.get(name)
    return value if isinstance(value, int) else 0


def _clock(milliseconds: int) -> str:
    return _formatted("%H:%M:%S", milliseconds)


def _day(milliseconds: int) -> str:
    return _formatted("%Y-%m-%d", milliseconds)


def _formatted(pattern: str, milliseconds: int) -> str:
    try:
        return time.strftime(pattern, time.localtime(milliseconds / 1000))
    except (ValueError, OverflowError, OSError):  # no time that a calendar has: somebody changed the line
        return "?"


def _json(log: Log, wanted: Wanted) -> Iterator[str]:
    """One object, made as it is read: a log may be larger than memory."""
    encoder, problems = chain.encoder(), []
    yield f'{{"schema": 1, "log": {encoder.encode(log.id)}, "path": {encoder.encode(log.path)}, "events": ['
    between = "\n"
    for line in reading.events(log):
        if line is None:
            continue
        if line.problem:
            problems.append({"line": line.number, "what": line.problem})
        if line.event is not None and wanted.includes(line.event):
            yield f"{between}{encoder.encode(line.event)}"
            between = ",\n"
    yield f'\n], "problems": {encoder.encode(problems)}}}\n'


def _json_lines(log: Log, wanted: Wanted) -> Iterator[str]:
    encoder = chain.encoder()
    for line in reading.events(log, follow=True):
        if line is None:
            yield ""
        elif line.problem:
            yield _problem(line) + "\n"
        elif line.event is not None and wanted.includes(line.event):
            yield encoder.encode({**line.event, "schema": 1}) + "\n"


def _problem(line: Line) -> str:
    return chain.encoder().encode({"schema": 1, "kind": "problem", "line": line.number, "what": line.problem})
