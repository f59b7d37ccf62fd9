"""Reading a log line by line, while it is being written too. What is in it was partly chosen by a sandbox."""

from __future__ import annotations

import time

from paddock.frozen import frozen
from paddock.record import chain, logs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from paddock.record.chain import Event, Links
    from paddock.record.logs import Log

_PAUSE_S = 0.2


@frozen
class Line:
    """One line, numbered from 1. `event` is None where it cannot be read; `problem` says what is wrong with it."""

    number: int
    event: Event | None
    problem: str = ""


@frozen
class Torn:
    """The end of a file that is no whole line: it was being written when its writer ended, or the disk was full."""

    number: int
    size_bytes: int


def lines(file: BinaryIO, links: Links) -> Iterator[Line]:
    """All whole lines from where the file stands. A line that is not ended is left for the next call."""
    while True:
        start = file.tell()
        raw = file.readline(chain.LONGEST + 2)
        if not raw.endswith(b"\n"):
            if len(raw) <= chain.LONGEST + 1:
                file.seek(start)
                return
            while raw and not raw.endswith(b"\n"):  # no line of ours: taken as one, a piece at a time
                raw = file.readline(chain.LONGEST + 2)
            raw = b"\0" * (chain.LONGEST + 1)
        yield _line(raw.removesuffix(b"\n"), links)


def _line(raw: bytes, links: Links) -> Line:
    number = links.count + 1
    try:
        return Line(number, links.follow(raw))
    except chain.Broken as error:
        problem = str(error)
    try:
        return Line(number, chain.decoded(raw), problem)
    except chain.Broken:
        return Line(number, None, problem)


def torn(file: BinaryIO, links: Links) -> Torn | None:
    """What is left of a file after its last whole line."""
    start = file.tell()
    size_bytes = file.seek(0, 2) - start
    file.seek(start)
    return Torn(links.count + 1, size_bytes) if size_bytes else None


def events(log: Log, *, follow: bool = False) -> Iterator[Line | None]:
    """The lines of a log; with `follow` also those that are still to come, with None whenever there is a pause.

    Ends with the log's end, or when nobody writes it any more. Raises OSError.
    """
    links = chain.Links()
    with open(logs.open_to_read(log.path), "rb") as file:
        while True:
            alive = follow and logs.is_live(file.fileno())  # asked first: what it wrote before it ended is read
            yield from lines(file, links)
            if not alive or links.closed:
                return
            yield None
            time.sleep(_PAUSE_S)
