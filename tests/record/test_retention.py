from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.record import anchors, logs, retention
from paddock.record.logs import Log
from paddock.record.retention import MOST_BYTES, NEVER_OLDER_S, NEVER_YOUNGER_S, Kept, due
from paddock.record.verifying import verify_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Session

KEPT = st.builds(
    Kept,
    st.integers(0, 10**6).map(lambda number: Log(str(number), "")),
    st.integers(0, MOST_BYTES // 2),
    st.floats(0, 2 * NEVER_OLDER_S),
)


@given(st.lists(KEPT, max_size=12, unique_by=lambda one: (one.log.id, one.age_s)))
def test_the_bounds_hold_and_nothing_young_goes(kept: list[Kept]) -> None:
    gone = due(kept)
    stay = [one for one in kept if one not in gone]
    assert all(one.age_s >= NEVER_YOUNGER_S for one in gone)
    assert all(one.age_s <= NEVER_OLDER_S for one in stay)
    removable = [one for one in stay if one.age_s >= NEVER_YOUNGER_S]
    assert not removable or sum(one.size_bytes for one in stay) <= MOST_BYTES
    if gone and stay:
        assert min(one.age_s for one in gone) >= max(one.age_s for one in stay)


def aged(log: Log, days: float) -> None:
    then = time.time() - days * 86400
    os.utime(log.path, (then, then))


def test_old_logs_go_with_their_anchors_and_are_named(session: Callable[..., Session]) -> None:
    old, young = session("old").close(), session("young").close()
    live = session("live")
    aged(old, 91)
    aged(young, 89)
    aged(live.log, 400)
    assert retention.tidy() == [f"record {old.id}, 91 days old"]
    assert {log.sandbox for log in logs.every()} == {"young", "live"}
    assert anchors.read(old.path) is None
    assert anchors.read(young.path)
    assert retention.tidy() == []
    live.let_go()


def test_two_that_tidy_up_at_once_do_not_trip_over_each_other(
    session: Callable[..., Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = session("old").close()
    aged(old, 91)
    remove = anchors.remove

    def other_comes_first(path: str) -> None:
        monkeypatch.setattr(anchors, "remove", remove)
        assert retention.tidy() == [f"record {old.id}, 91 days old"]
        remove(path)

    monkeypatch.setattr(anchors, "remove", other_comes_first)
    assert retention.tidy() == [f"record {old.id}, 91 days old"]
    assert logs.every() == ()


def test_one_that_is_killed_while_it_tidies_leaves_no_anchor_that_misses_its_log(
    session: Callable[..., Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = session("old").close()
    aged(old, 91)

    def removes_and_is_killed(path: str) -> None:
        os.unlink(anchors.place(path))
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(anchors, "remove", removes_and_is_killed)
        with pytest.raises(SystemExit):
            retention.tidy()
    assert [found.state for found in verify_all()] == ["open"]
    assert retention.tidy() == [f"record {old.id}, 91 days old"]


def test_without_any_log_there_is_nothing_to_tidy(state: os.PathLike[str]) -> None:
    assert retention.tidy() == []
    assert not os.path.exists(state)
