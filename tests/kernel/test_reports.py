"""The joiner's messages arrive whole and in order, with descriptors, and the end of it all is heard."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from paddock.kernel.reports import Joined, Report, tell, tell_failure

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def pair() -> Iterator[tuple[Joined, socket.socket]]:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with here, there:
        yield Joined(0, here, {}), there


def test_reports_arrive_in_order(pair: tuple[Joined, socket.socket]) -> None:
    joined, there = pair
    tell(there, b"P", 42)
    tell(there, b"E", 7, "notes.txt")
    assert joined.receive() == Report("pid", 42)
    assert joined.receive() == Report("exited", 7, "notes.txt")


def test_a_terminal_comes_as_a_descriptor_that_is_not_inherited(pair: tuple[Joined, socket.socket]) -> None:
    joined, there = pair
    read, write = os.pipe()
    tell(there, b"T", 0, descriptor=write)
    found = joined.receive()
    assert found is not None
    assert found.kind == "terminal"
    assert not os.get_inheritable(found.descriptor)
    os.write(found.descriptor, b"x")
    assert os.read(read, 1) == b"x"
    for descriptor in (read, write, found.descriptor):
        os.close(descriptor)


def test_a_joiner_that_is_gone_is_told_from_one_that_is_silent(pair: tuple[Joined, socket.socket]) -> None:
    joined, there = pair
    there.close()
    assert joined.receive() is None


def test_waiting_for_the_command_keeps_what_it_heard(pair: tuple[Joined, socket.socket]) -> None:
    joined, there = pair
    tell(there, b"P", 42)
    assert joined.wait_for_command() is None
    assert joined.receive() == Report("pid", 42)


def test_waiting_gives_the_failure_of_a_command_that_never_will_be(pair: tuple[Joined, socket.socket]) -> None:
    joined, there = pair
    tell(there, b"F", 2, "workspace: no")
    assert joined.wait_for_command() == Report("failed", 2, "workspace: no")


def test_nobody_listening_is_no_failure(pair: tuple[Joined, socket.socket]) -> None:
    joined, there = pair
    joined.channel.close()
    tell(there, b"E", 0)


def test_text_that_is_no_utf_8_and_long_text_arrive(pair: tuple[Joined, socket.socket]) -> None:
    joined, there = pair
    tell(there, b"F", 0, "\udcff" + "x" * 100_000)
    found = joined.receive()
    assert found is not None
    assert 1000 < len(found.text) <= 2000


@pytest.mark.parametrize(
    ("step", "error", "number", "text"),
    [
        ("landlock", OSError(1, "Operation not permitted"), 1, "landlock: Operation not permitted"),
        ("command", OSError(13, "Permission denied", "./x"), 13, "command: Permission denied (./x)"),
        ("working directory /x", OSError(2, "No such file", "/x"), 2, "working directory /x: No such file"),
        ("limits", OSError("no number"), 0, "limits: no number"),
        ("limits", OSError(1, "Denied", "\udcff\0"), 1, "limits: Denied (?\0)"),
        ("limits", ValueError("too much"), 0, "limits: ValueError: too much"),
        ("control group", KeyboardInterrupt(), 0, "control group: KeyboardInterrupt: "),
    ],
)
def test_a_failure_is_told_with_its_step_reason_and_place(
    pair: tuple[Joined, socket.socket], step: str, error: BaseException, number: int, text: str
) -> None:
    joined, there = pair
    tell_failure(there, step, error)
    assert joined.receive() == Report("failed", number, text)
