"""Pseudo-terminals, as the kernel answers for them."""

from __future__ import annotations

import fcntl
import os
import struct
import termios
from typing import TYPE_CHECKING

import pytest

from paddock.kernel import terminal
from tests.forked import forked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.kernel.streams import Kinds


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


@pytest.mark.parametrize("kinds", [("terminal", "terminal", "pipe"), ("terminal", "pipe", "terminal")])
def test_a_pty_looks_like_the_callers_terminal_from_the_start(kinds: Kinds):
    """Not later: its programs would lose the modes that they have set."""

    def task() -> tuple[bool, bool, tuple[int, int]]:
        _, own = terminal.open_pair()
        fcntl.ioctl(own, termios.TIOCSWINSZ, struct.pack("HHHH", 51, 133, 0, 0))
        odd = terminal.settings(own)
        odd[6][termios.VINTR] = b"\x07"  # type: ignore[index]
        terminal.restore(own, odd)
        for number, kind in enumerate(kinds):
            os.dup2(own if kind == "terminal" else os.open(os.devnull, os.O_RDWR), number)
        _, inside = terminal.open_pair(terminal.looks(kinds))
        size = os.get_terminal_size(inside)
        return terminal.settings(inside) == odd, bool(local_modes(inside) & termios.ECHO), (size.columns, size.lines)

    both = kinds[1] == "terminal"
    # Where the person's terminal stays as it is, it is that one that repeats what is typed.
    assert forked(task) == (both, both, (133, 51))


def test_where_no_terminal_is_a_pty_is_as_usual():
    def task() -> bool:
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        _, inside = terminal.open_pair(terminal.looks(("terminal", "null", "null")))
        return bool(local_modes(inside) & termios.ECHO)

    assert forked(task)
