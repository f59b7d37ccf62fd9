"""The relay by itself, between two pipes: what it holds, what it leaves, what it gives up."""

from __future__ import annotations

import array
import fcntl
import os
import select
import termios
from typing import TYPE_CHECKING

import pytest

from paddock.kernel import streams
from paddock.relay import Relay
from tests.forked import forked

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any


PAGE = 4096


def waiting(pipe: int) -> int:
    count = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, count)
    return count[0]


class Bench:
    """A relay in a process of its own, with the caller's and the command's ends of what it relays."""

    def __init__(self, given: dict[int, int]) -> None:
        for number, descriptor in given.items():
            os.dup2(descriptor, number)
            os.close(descriptor)
        kinds: streams.Kinds = tuple("pipe" if number in given else "null" for number in (0, 1, 2))  # type: ignore[assignment]
        self.inside, ours = streams.open_pipes(kinds)
        self.relay = Relay(ours)
        self.relay.begin()

    def settle(self) -> None:
        """Until nothing moves any more."""
        while True:
            poll = select.poll()
            for descriptor, events in self.relay.interest().items():
                poll.register(descriptor, events)
            ready = dict(poll.poll(0))
            if not ready:
                return
            self.relay.move(ready)


def fill(pipe: int) -> int:
    """Write until nothing more is taken; how much it was."""
    os.set_blocking(pipe, False)
    written = 0
    try:
        while True:
            written += os.write(pipe, bytes(PAGE))
    except BlockingIOError:
        return written


def test_a_reader_that_takes_nothing_holds_the_writer_up() -> None:
    def task() -> tuple[int, int]:
        read, write = os.pipe()
        bench = Bench({1: write})
        written = 0
        while more := fill(bench.inside[1]):
            written += more
            bench.settle()
        os.read(read, PAGE)
        bench.settle()
        return written, fill(bench.inside[1])

    held, after = forked(task)
    assert held == 3 * 65536  # both pipes, and one buffer between them
    assert after == 0  # a buffer of 64 KiB has given up a page, which is no room in the command's pipe yet


def test_input_is_read_no_further_ahead_than_one_pipe() -> None:
    def task() -> tuple[int, int]:
        read, write = os.pipe()
        bench = Bench({0: read})
        written = 0
        while more := fill(write):
            written += more
            bench.settle()
        return written, waiting(0)

    assert forked(task) == (2 * 65536, 65536)


def test_a_command_that_made_its_pipe_larger_costs_no_more_than_that_and_no_spinning() -> None:
    def task() -> int:
        read, write = os.pipe()
        bench = Bench({0: read})
        fcntl.fcntl(bench.inside[0], fcntl.F_SETPIPE_SZ, 1 << 18)
        while fill(write):
            bench.settle()  # ends, though poll(2) might call the larger pipe writable
        return waiting(bench.inside[0])

    assert forked(task) == 1 << 18


def test_a_command_that_closes_its_input_leaves_the_rest_where_it_is() -> None:
    def task() -> int:
        read, write = os.pipe()
        bench = Bench({0: read})
        os.close(bench.inside[0])
        bench.settle()
        os.write(write, b"for another")
        bench.settle()
        return waiting(0)

    assert forked(task) == len(b"for another")


def test_nothing_is_read_before_the_command_runs() -> None:
    def task() -> tuple[int, int]:
        read, write = os.pipe()
        bench = Bench({0: read})
        bench.relay._begun = False
        os.write(write, b"words")
        bench.settle()
        before = waiting(0)
        bench.relay.begin()
        bench.settle()
        return before, waiting(0)

    assert forked(task) == (5, 0)


def test_the_end_of_input_is_passed_on() -> None:
    def task() -> bytes:
        read, write = os.pipe()
        bench = Bench({0: read})
        os.write(write, b"words")
        os.close(write)
        bench.settle()
        return os.read(bench.inside[0], 100) + b"|" + os.read(bench.inside[0], 100)

    assert forked(task) == b"words|"


@pytest.mark.parametrize("used", [0, 3, 10])
def test_what_the_command_left_of_a_file_is_left_to_the_next_reader(tmp_path: Path, used: int) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")

    def task() -> bytes:
        bench = Bench({0: os.open(tmp_path / "file", os.O_RDONLY)})
        bench.settle()
        os.read(bench.inside[0], used)
        bench.relay.finish()
        return os.read(0, 100)

    assert forked(task) == b"0123456789"[used:]


def test_a_pipe_that_the_command_made_unreadable_is_no_trap(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")

    def task() -> bytes:
        bench = Bench({0: os.open(tmp_path / "file", os.O_RDONLY)})
        os.fchmod(bench.inside[0], 0)
        bench.settle()
        bench.relay.finish()
        return os.read(bench.inside[0], 100) + b"|" + os.read(bench.inside[0], 100)

    assert forked(task) == b"0123456789|"


def test_at_the_end_only_what_was_written_by_then_is_delivered() -> None:
    def task() -> tuple[bytes, bool]:
        read, write = os.pipe()
        bench = Bench({1: write})
        before = fill(1)
        os.write(bench.inside[1], b"before")
        bench.relay.finish()
        while select.select([], [bench.inside[1]], [], 0)[1]:
            os.write(bench.inside[1], b"x" * PAGE)  # somebody else inside
        seen = b""
        while len(seen) < before + 6:
            seen += os.read(read, 65536)
            bench.settle()
        return seen[before:], bench.relay.done

    assert forked(task) == (b"before", True)


def test_at_the_end_nobody_waits_for_what_others_inside_have_read() -> None:
    def task() -> bool:
        read, write = os.pipe()
        bench = Bench({1: write})
        fill(1)
        while fill(bench.inside[1]):
            bench.settle()
        bench.relay.finish()
        thief = os.open(f"/proc/self/fd/{bench.inside[1]}", os.O_RDONLY | os.O_NONBLOCK)
        while waiting(thief):
            os.read(thief, 65536)
        os.set_blocking(read, False)
        while not bench.relay.done and select.select([read], [], [], 5)[0]:
            os.read(read, 65536)
            bench.settle()
        return bench.relay.done

    assert forked(task)


def test_what_is_given_up_is_told() -> None:
    def task() -> tuple[bool, tuple[str, ...]]:
        _read, write = os.pipe()
        bench = Bench({1: write})
        while fill(bench.inside[1]):
            bench.settle()
        bench.relay.finish()
        bench.settle()
        bench.relay.give_up()
        return bench.relay.done, bench.relay.failures()

    told = "the last 131072 bytes of standard output were not taken and are lost"
    assert forked(task) == (True, (told,))


def test_anothers_pipe_is_written_in_pieces_that_do_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that cannot be opened again, as that of another user."""

    def task() -> tuple[int, bytes]:
        read, write = os.pipe()
        real = os.open

        def refuse(path: Any, *rest: Any) -> int:
            if path == "/proc/self/fd/1":
                raise PermissionError(13, "not yours")
            return real(path, *rest)

        monkeypatch.setattr(os, "open", refuse)
        bench = Bench({1: write})
        while fill(bench.inside[1]):
            bench.settle()
        held = waiting(read)
        seen = b""
        while len(seen) < 3 * 65536:
            seen += os.read(read, 65536)
            bench.settle()
        return held, seen

    assert forked(task) == (65536, bytes(3 * 65536))
