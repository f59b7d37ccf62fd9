from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paddock.record import anchors, logs, verifying
from paddock.record.logs import Log
from paddock.record.verifying import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .conftest import Session


def test_a_log_that_was_closed_is_whole(session: Callable[..., Session]) -> None:
    log = session(events=3).close()
    found = verify(log)
    assert (found.state, found.count, found.what) == ("whole", 5, "")
    anchor = anchors.read(log.path)
    assert anchor
    assert found.head == anchor.head
    assert verify(log, anchor.head) == found
    assert verify(log, "0" * 64).state == "broken"


def test_a_log_that_is_written_is_live(session: Callable[..., Session]) -> None:
    made = session()
    assert verify(made.log).state == "live"
    os.write(made.descriptor, b'{"half')
    assert verify(made.log).state == "live"
    made.let_go()
    assert verify(made.log).state == "open"


def test_a_session_that_crashed_is_not_closed(session: Callable[..., Session]) -> None:
    made = session(events=2)
    made.let_go()
    found = verify(made.log)
    assert (found.state, found.count) == ("open", 3)
    assert "not closed" in found.what


def test_a_log_without_its_anchor_says_that_it_could_be_longer(session: Callable[..., Session]) -> None:
    found = verify(session().close(anchored=False))
    assert found.state == "open"
    assert "without an anchor" in found.what


def test_an_empty_log_is_not_closed(session: Callable[..., Session]) -> None:
    log = session(events=0).close(anchored=False)
    Path(log.path).write_bytes(b"")
    found = verify(log)
    assert (found.state, found.what) == ("open", "nothing was written")


@pytest.mark.parametrize("left", range(5))
def test_an_end_that_was_cut_off_is_found_by_the_anchor(session: Callable[..., Session], left: int) -> None:
    log = session(events=3).close()
    lines = Path(log.path).read_bytes().splitlines(keepends=True)
    Path(log.path).write_bytes(b"".join(lines[:left]))
    found = verify(log)
    assert found.state == "broken"
    assert found.what == "it ends here, and had 5 lines when it was closed: the end was cut off"
    assert found.line == left


def test_the_last_line_is_held_by_the_anchor(session: Callable[..., Session]) -> None:
    log = session().close()
    raw = Path(log.path).read_bytes()
    time = raw.rindex(b'"t":') + 5
    Path(log.path).write_bytes(raw[:time] + (b"1" if raw[time : time + 1] != b"1" else b"2") + raw[time + 1 :])
    found = verify(log)
    assert (found.state, found.what) == ("broken", "its last line was changed")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_change_of_the_file_goes_unnoticed(session: Callable[..., Session], data: st.DataObject) -> None:
    log = session(events=3).close()
    raw = Path(log.path).read_bytes()
    at = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(at, min(len(raw), at + 40)) | st.just(len(raw)))
    changed = raw[:at] + data.draw(st.binary(max_size=4)) + raw[end:]
    Path(log.path).write_bytes(changed)
    assert (verify(log).state == "whole") == (changed == raw)
    if changed != raw:
        assert verify(log).state == "broken"


def test_what_was_added_behind_the_end_is_found(session: Callable[..., Session]) -> None:
    log = session().close()
    for extra, what in ((b"half", "not written in full"), (b"{}\n", "lacks")):
        with open(log.path, "ab") as file:
            file.write(extra)
        found = verify(log)
        assert found.state == "broken"
        assert what in found.what
        os.truncate(log.path, os.path.getsize(log.path) - len(extra))
    assert verify(log).state == "whole"


def test_a_damaged_anchor_is_no_excuse(session: Callable[..., Session]) -> None:
    log = session().close()
    Path(anchors.place(log.path)).write_text("")
    assert verify(log).what == "its anchor is damaged"


def test_a_log_that_is_made_while_others_are_read_is_not_missed(session: Callable[..., Session]) -> None:
    kept = session("one").close()
    finding = verifying.verify_all()
    assert next(finding).log == kept
    session("two").close()
    assert list(finding) == []


def test_a_log_that_is_tidied_up_meanwhile_is_not_missed(
    session: Callable[..., Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = session("old").close()
    every = logs.every

    def after_tidying(*environ: Mapping[str, str]) -> tuple[Log, ...]:
        anchors.remove(old.path)
        os.unlink(old.path)
        return every(*environ)

    monkeypatch.setattr(logs, "every", after_tidying)
    assert list(verifying.verify_all()) == []


def test_a_log_that_is_gone_is_missed(session: Callable[..., Session]) -> None:
    kept, gone = session("one").close(), session("two").close()
    os.unlink(gone.path)
    assert [(found.log, found.state) for found in verifying.verify_all()] == [(kept, "whole"), (gone, "broken")]


def test_what_cannot_be_opened_is_broken(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").symlink_to("/etc/passwd")
    assert "cannot be read" in verify(Log("x", str(tmp_path / "x.jsonl"))).what
    (tmp_path / "y.jsonl").mkdir()
    assert "cannot be read" in verify(Log("y", str(tmp_path / "y.jsonl"))).what
