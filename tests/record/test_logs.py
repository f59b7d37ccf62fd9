from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.errors import SessionError
from paddock.record import logs

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Session


def test_a_log_is_private_and_named_after_time_and_sandbox(state: Path) -> None:
    path = Path(logs.create("amber-fern"))
    assert path.parent == state
    assert path.name.endswith("Z-amber-fern.jsonl")
    assert path.stat().st_mode & 0o777 == 0o600
    assert state.stat().st_mode & 0o777 == 0o700
    assert [log.path for log in logs.every()] == [str(path)]


def test_logs_of_the_same_moment_and_name_are_different_files(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_795_239_846_308_000_000)
    made = {logs.create("amber-fern") for _ in range(20)}
    assert len(made) == 20
    assert len(list(state.glob("*.jsonl"))) == 20
    assert {log.sandbox.partition(".")[0] for log in logs.every()} == {"amber-fern"}
    assert "20261121T054406.308Z-amber-fern" in {log.id for log in logs.every()}


@given(st.text(max_size=300))
def test_any_name_gives_one_plain_file_name(name: str) -> None:
    plain = logs._plain(name)
    assert 0 < len(plain) <= 60
    assert plain.isascii()
    assert not set(plain) & set("/.\0\n ~%")


def test_there_is_nothing_before_the_first(state: Path) -> None:
    assert logs.every() == ()
    assert not state.exists()
    with pytest.raises(SessionError, match="there is no record yet"):
        logs.find()


def test_logs_are_found_by_id_by_its_beginning_and_by_sandbox(
    session: Callable[..., Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    for second, name in enumerate(("amber-fern", "calm-oak", "amber-fern")):
        monkeypatch.setattr(time, "strftime", lambda *_, second=second: f"20261121T05160{second}")
        made.append(session(name).close())
    assert logs.find() == made[2]
    assert logs.find("amber-fern") == made[2]
    assert logs.find("calm-oak") == made[1]
    assert logs.find(made[0].id) == made[0]
    assert logs.find("20261121T051601") == made[1]
    with pytest.raises(SessionError, match="3 records begin with 2026"):
        logs.find("2026")
    for unknown in ("amber", "../x", "\udcff"):
        with pytest.raises(SessionError, match="no record of"):
            logs.find(unknown)


def test_what_is_no_plain_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.jsonl")
    (tmp_path / "link.jsonl").symlink_to("/dev/null")
    os.close(logs.open_to_read(str(tmp_path / "fifo.jsonl")))  # not waited for
    with pytest.raises(OSError):
        logs.open_to_read(str(tmp_path / "link.jsonl"))
