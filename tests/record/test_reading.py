from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from paddock.record import chain, reading
from paddock.record.reading import Torn

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Session


def test_lines_come_with_their_numbers_and_events(session: Callable[..., Session]) -> None:
    log = session(events=2).close()
    found = [line for line in reading.events(log) if line]
    assert [(line.number, line.event and line.event["kind"], line.problem) for line in found] == [
        (1, "session", ""), (2, "connect", ""), (3, "connect", ""), (4, "closed", ""),
    ]  # fmt: skip


def test_what_cannot_be_read_is_said_and_the_rest_is_read(session: Callable[..., Session]) -> None:
    log = session(events=3).close()
    raw = Path(log.path).read_bytes().split(b"\n")
    raw[1] = b"\x1b[2J" + b"x" * (3 * chain.LONGEST)
    raw[2] = b"\xff"
    Path(log.path).write_bytes(b"\n".join(raw))
    found = [line for line in reading.events(log) if line]
    assert [line.number for line in found] == [1, 2, 3, 4, 5]
    assert [bool(line.event) for line in found] == [True, False, False, True, True]
    assert "longer" in found[1].problem
    assert "not JSON" in found[2].problem
    assert "does not follow" in found[3].problem
    assert found[4].problem == ""


def test_half_a_line_waits_for_its_other_half(session: Callable[..., Session]) -> None:
    log = session(events=1).close()
    whole = Path(log.path).read_bytes()
    for cut in (0, 1, 50, len(whole) - 1):
        Path(log.path).write_bytes(whole[:cut])
        links = chain.Links()
        with open(log.path, "rb") as file:
            before = list(reading.lines(file, links))
            left = reading.torn(file, links)
            end = whole[:cut].rfind(b"\n") + 1
            assert left == (Torn(len(before) + 1, cut - end) if cut > end else None)
            with open(log.path, "ab") as more:
                more.write(whole[cut:])
            after = list(reading.lines(file, links))
        assert len(before) + len(after) == 3
        assert not any(line.problem for line in (*before, *after))


def test_following_shows_what_is_written_later_and_ends_with_the_writer(session: Callable[..., Session]) -> None:
    made = session(events=1)
    seen: list[str] = []
    paused = threading.Event()

    def follow() -> None:
        for line in reading.events(made.log, follow=True):
            if line is None:
                paused.set()
            else:
                seen.append(line.event["kind"] if line.event else "?")

    reader = threading.Thread(target=follow)
    reader.start()
    assert paused.wait(20)
    assert seen == ["session", "connect"]
    made.writer.append("dns", name="later.test")
    made.let_go()  # killed: it writes no last line
    reader.join(20)
    assert seen == ["session", "connect", "dns"]


def test_following_ends_with_the_last_line_although_somebody_still_holds_the_file(
    session: Callable[..., Session],
) -> None:
    made = session(events=0)
    made.writer.close()
    kinds = [line.event["kind"] for line in reading.events(made.log, follow=True) if line and line.event]
    assert kinds == ["session", "closed"]
    os.close(made.descriptor)
