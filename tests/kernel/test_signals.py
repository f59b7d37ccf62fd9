from __future__ import annotations

import signal
import threading

import pytest

from paddock.kernel.signals import HeldBack


def held(number: int) -> bool:
    return number in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_ending_signals_wait_until_they_are_released_and_others_do_not() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    back = HeldBack()
    back.begin()
    try:
        assert all(map(held, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)))
        assert not held(signal.SIGUSR1)
    finally:
        back.release()
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


def test_what_was_never_held_back_is_not_released() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    try:
        HeldBack().release()
        assert held(signal.SIGTERM)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_a_start_that_was_asked_to_end_ends_with_the_signals_code() -> None:
    back = HeldBack()
    back.begin()
    try:
        back.leave_if_asked()
        # To this thread: one that an earlier test left, and that does not hold it back, would end us all.
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        with pytest.raises(SystemExit) as caught:
            back.leave_if_asked()
        assert caught.value.code == 128 + signal.SIGTERM
        back.leave_if_asked()  # it was taken: releasing does not end us as well
    finally:
        back.release()
