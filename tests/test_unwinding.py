from __future__ import annotations

import pytest

from paddock.unwinding import Unwinding


def test_everything_is_undone_in_the_opposite_order() -> None:
    done: list[int] = []
    with Unwinding() as undo:
        undo.callback(done.append, 1)
        undo.callback(done.append, 2)
        assert not done
    assert done == [2, 1]


def test_it_is_undone_after_a_failure_which_goes_on() -> None:
    done: list[int] = []
    with pytest.raises(KeyError), Unwinding() as undo:  # noqa: PT012 - what comes before it is the test
        undo.callback(done.append, 1)
        raise KeyError
    assert done == [1]


def test_a_failing_undo_keeps_no_other_from_being_done_and_is_told() -> None:
    def fail() -> None:
        raise OSError(5, "while undoing")

    done: list[int] = []
    with pytest.raises(OSError, match="while undoing"), Unwinding() as undo:  # noqa: PT012 - as above
        undo.callback(done.append, 1)
        undo.callback(fail)
        undo.callback(done.append, 2)
    assert done == [2, 1]


def test_what_is_kept_is_undone_later_by_whoever_keeps_it() -> None:
    done: list[int] = []
    with Unwinding() as undo:
        undo.callback(done.append, 1)
        kept = undo.keep()
    assert not done
    with kept:
        pass
    assert done == [1]
