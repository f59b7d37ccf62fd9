from __future__ import annotations

import os
import select
import signal
import subprocess
import threading

import pytest

from paddock.kernel.signals import HeldBack, arrivals, kill_if


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


def test_a_signal_that_another_thread_is_given_is_seen_beside_descriptors() -> None:
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    heard: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _: heard.append(number))
    other.start()
    try:
        with arrivals() as signals:
            assert not select.select([signals], [], [], 0)[0]
            signal.pthread_kill(other.ident or 0, signal.SIGUSR1)
            assert select.select([signals], [], [], 60)[0] == [signals]
            assert os.read(signals, 4096) == bytes([signal.SIGUSR1])
        assert heard == [signal.SIGUSR1]
    finally:
        done.set()
        other.join()
        signal.signal(signal.SIGUSR1, before)


def test_who_waited_for_signals_before_does_so_afterwards() -> None:
    mine = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    before = signal.set_wakeup_fd(mine[1])
    try:
        open_before = os.listdir("/proc/self/fd")
        with arrivals():
            pass
        assert os.listdir("/proc/self/fd") == open_before
        assert signal.set_wakeup_fd(before) == mine[1]
    finally:
        signal.set_wakeup_fd(before)
        for end in mine:
            os.close(end)


@pytest.mark.parametrize("is_it", [True, False])
def test_who_is_not_it_any_more_is_not_killed(is_it: bool) -> None:
    with subprocess.Popen(["/usr/bin/sleep", "600"]) as other:
        try:
            assert kill_if(other.pid, lambda: is_it, 60) == is_it
            assert (other.poll() is not None) == is_it
        finally:
            other.kill()
    assert not kill_if(other.pid, lambda: False, 60), "it has been reaped"
