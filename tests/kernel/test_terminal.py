"""Pseudo-terminals, as the kernel answers for them."""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import termios
import time
from typing import TYPE_CHECKING

import pytest

from paddock.kernel import terminal
from tests.forked import forked

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def pair() -> Iterator[tuple[int, int]]:
    outside, inside = terminal.open_pair()
    yield outside, inside
    os.close(outside)
    os.close(inside)


def local_modes(descriptor: int) -> int:
    modes: int = termios.tcgetattr(descriptor)[3]
    return modes


def test_a_pair_is_two_ends_that_no_program_inherits(pair: tuple[int, int]):
    outside, inside = pair
    assert os.isatty(inside)
    assert not os.get_inheritable(outside)
    assert not os.get_inheritable(inside)
    os.write(outside, b"typed\n")
    assert os.read(inside, 100) == b"typed\n"


def test_raw_and_back(pair: tuple[int, int]):
    outside, inside = pair
    before = terminal.settings(inside)
    terminal.make_raw(inside)
    raw = terminal.settings(inside)
    os.write(outside, b"\x03\x04\r")
    assert os.read(inside, 100) == b"\x03\x04\r"
    os.write(inside, b"\n")
    assert os.read(outside, 100) == b"\n"
    terminal.restore(inside, before)
    assert terminal.settings(inside) == before != raw


def test_restoring_a_terminal_that_has_gone_is_no_failure():
    outside, inside = terminal.open_pair()
    modes = terminal.settings(inside)
    os.close(outside)
    terminal.restore(inside, modes)
    os.close(inside)


def test_the_size_is_copied(pair: tuple[int, int]):
    other_outside, other_inside = terminal.open_pair()
    fcntl.ioctl(pair[0], termios.TIOCSWINSZ, struct.pack("HHHH", 51, 133, 7, 9))
    terminal.copy_size(pair[0], other_outside)
    assert os.get_terminal_size(other_inside) == (133, 51)
    os.close(other_outside)
    os.close(other_inside)


def test_a_silenced_terminal_repeats_nothing(pair: tuple[int, int]):
    outside, inside = pair
    assert local_modes(inside) & termios.ECHO
    terminal.silence_echo(outside)
    os.write(outside, b"secret\n")
    os.write(inside, b"answer")
    assert os.read(outside, 100) == b"answer"


def test_the_foreground_job_knows_that_it_is(pair: tuple[int, int]):
    inside = pair[1]

    def task() -> tuple[bool, bool, bool, str]:
        os.setsid()
        before = terminal.in_foreground(inside)
        terminal.make_controlling(inside)
        leads = terminal.in_foreground(inside)
        pid = os.fork()
        if pid == 0:
            os.setpgid(0, 0)
            os._exit(terminal.in_foreground(inside))
        behind = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        return before, leads, bool(behind), os.ttyname(inside)

    assert forked(task)[:3] == (False, True, False)


def test_no_terminal_and_another_sessions_terminal_are_not_in_the_foreground(pair: tuple[int, int]):
    read, write = os.pipe()
    assert not terminal.in_foreground(read)
    assert not terminal.in_foreground(pair[1])
    os.close(read)
    os.close(write)


def stuck(pid: int) -> bool:
    """Whether a process sleeps: here it can wait for nothing but room in the terminal."""
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] == "S"


def test_imitating_does_not_wait_for_a_flooded_terminal(pair: tuple[int, int]):
    outside, inside = pair
    other_outside, other_inside = terminal.open_pair()
    terminal.make_raw(other_inside)
    wanted = terminal.settings(other_inside)

    def task() -> None:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(5)  # the end of a test that waits
        ready, tell = os.pipe()
        writer = os.fork()
        if writer == 0:
            signal.alarm(5)
            os.close(tell)
            os.write(inside, b"x" * (1 << 20))
            os._exit(0)
        os.close(tell)
        os.read(ready, 1)
        while not stuck(writer):
            time.sleep(0.001)
        terminal.imitate(outside, wanted)
        os.kill(writer, signal.SIGKILL)
        os.waitpid(writer, 0)

    forked(task)
    assert terminal.settings(inside) == wanted
    os.close(other_outside)
    os.close(other_inside)
