"""Whether a log is what was written: its chain, its end, and what was kept of it elsewhere."""

from __future__ import annotations

import os

from paddock.frozen import frozen
from paddock.record import anchors, logs, reading
from paddock.record.anchors import Anchor
from paddock.record.chain import Links
from paddock.record.logs import Log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import BinaryIO, Literal

    State = Literal["whole", "live", "open", "broken"]


@frozen
class Finding:
    """What is known about a log.

    "whole": closed, and as long as it was then. "live": whole so far. "open": whole as far as it goes, but it was not
    closed in order, so nobody can say what came after. "broken": `what` is wrong, at `line` (0: at none of them).
    `count` lines were read, the last of which has the digest `head`.
    """

    log: Log
    state: State
    count: int = 0
    head: str = ""
    line: int = 0
    what: str = ""


def verify(log: Log, head: str = "") -> Finding:
    """Read a whole log. `head` is the digest of its last line as somebody kept it, if they did."""
    try:
        with open(logs.open_to_read(log.path), "rb") as file:
            alive = logs.is_live(file.fileno())
            return _judged(log, file, alive=alive, head=head)
    except OSError as error:
        return Finding(log, "broken", what=f"it cannot be read: {error.strerror}")


def verify_all(environ: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """Every log, and those of which nothing but the anchor is left."""
    folder = logs.directory(environ)
    anchored = anchors.names(folder)  # first: sessions begin and end while this lasts
    known = logs.every(environ)
    yield from map(verify, known)
    for name in sorted(set(anchored) - {log.id for log in known}):
        if not os.path.lexists(anchors.place(f"{folder}/{name}.jsonl")):
            continue  # it was old, and somebody tidied up just now
        yield Finding(Log(name, f"{folder}/{name}.jsonl"), "broken", what="the log is gone; only its anchor is left")


def _judged(log: Log, file: BinaryIO, *, alive: bool, head: str) -> Finding:
    links = Links()
    for line in reading.lines(file, links):
        if line.problem:
            return Finding(log, "broken", links.count, links.head, line.number, line.problem)
    found = Finding(log, "live" if alive else "whole", links.count, links.head)
    broken = _compared(found, log, head)
    if broken:
        return Finding(log, "broken", links.count, links.head, links.count, broken)
    if alive:
        return found
    left = reading.torn(file, links)
    why = _open(found, log, links)
    if left:
        what = f"line {left.number} was not written in full ({left.size_bytes} bytes)" + (f"; {why}" if why else "")
        return Finding(log, "broken" if links.closed else "open", links.count, links.head, left.number, what)
    return Finding(log, "open", links.count, links.head, links.count, why) if why else found


def _compared(found: Finding, log: Log, head: str) -> str:
    """What contradicts the anchor, or the digest that somebody kept."""
    try:
        anchor = anchors.read(log.path)
    except (ValueError, OSError):
        return "its anchor is damaged"
    if head and found.head != head:
        return f"its last line's digest is {found.head}, not the one that was given"
    if anchor is None or found.state == "live":
        return ""
    if found.count < anchor.count:
        return f"it ends here, and had {anchor.count} lines when it was closed: the end was cut off"
    if found.count > anchor.count:
        return f"it had {anchor.count} lines when it was closed: something was added"
    return "" if Anchor(found.count, found.head) == anchor else "its last line was changed"


def _open(found: Finding, log: Log, links: Links) -> str:
    if not links.closed:
        return "not closed: what came after, if anything, is not known" if found.count else "nothing was written"
    return "" if anchors.read(log.path) else "closed without an anchor: that its end is missing could not be seen"
