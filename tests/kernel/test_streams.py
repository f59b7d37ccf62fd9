"""What stands for a caller's stream inside: told by what it is, and never the caller's own descriptor."""

from __future__ import annotations

import fcntl
import os
import socket
from typing import TYPE_CHECKING

import pytest

from paddock.errors import Refused
from paddock.kernel import libc, streams
from tests.capabilities import IS_ROOT
from tests.forked import forked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from paddock.kernel.streams import Kinds


def with_streams(*given: int) -> Kinds:
    """What `look` says where these descriptors are 0, 1 and 2."""

    def task() -> Kinds:
        copies = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 10) for descriptor in given]
        for number, copy in enumerate(copies):
            os.dup2(copy, number)
        return streams.look()

    return forked(task)


def opened(path: Path | str, flags: int = os.O_RDWR) -> int:
    return os.open(path, flags | os.O_CREAT, 0o600)


def test_each_kind_is_told_from_the_others(tmp_path: Path) -> None:
    null, (read, write), (_, terminal) = opened("/dev/null"), os.pipe(), os.openpty()
    assert with_streams(null, null, null) == ("null", "null", "null")
    assert with_streams(read, write, null) == ("pipe", "pipe", "null")
    assert with_streams(terminal, write, terminal) == ("terminal", "pipe", "terminal")
    assert with_streams(opened(tmp_path / "in"), opened("/dev/full"), terminal) == ("pipe", "pipe", "terminal")


def test_input_that_can_only_be_written_is_empty_input(tmp_path: Path) -> None:
    only = opened(tmp_path / "file", os.O_WRONLY)
    assert with_streams(only, only, only)[0] == "null"


@pytest.mark.parametrize("ends", ["pipe", "socket", "file", "FIFO opened twice", "file to append to, opened twice"])
def test_output_and_errors_that_arrive_in_one_place_share_one_pipe(tmp_path: Path, ends: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    append = os.O_WRONLY | os.O_APPEND
    pair = {
        "pipe": lambda: (os.pipe()[1],) * 2,
        "socket": lambda: (socket.socket(socket.AF_UNIX).detach(),) * 2,
        "file": lambda: (opened(tmp_path / "file"),) * 2,
        "FIFO opened twice": lambda: (opened(tmp_path / "fifo"), opened(tmp_path / "fifo", os.O_WRONLY)),
        "file to append to, opened twice": lambda: tuple(opened(tmp_path / "file", append) for _ in "12"),
    }[ends]()
    assert with_streams(opened("/dev/null"), *pair) == ("null", "pipe", "output")


@pytest.mark.parametrize("ends", ["pipes", "files", "file opened twice", "terminal", "null device"])
def test_output_and_errors_that_part_stay_apart(tmp_path: Path, ends: str) -> None:
    pair = {
        "pipes": lambda: (os.pipe()[1], os.pipe()[1]),
        "files": lambda: (opened(tmp_path / "one"), opened(tmp_path / "two")),
        "file opened twice": lambda: (opened(tmp_path / "file"), opened(tmp_path / "file")),
        "terminal": lambda: (os.openpty()[1],) * 2,
        "null device": lambda: (opened("/dev/null"),) * 2,
    }[ends]()
    assert "output" not in with_streams(opened("/dev/null"), *pair)


def test_without_kcmp_the_order_is_kept_rather_than_the_distance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object) -> int:
        raise OSError(38, "no such call")

    monkeypatch.setattr(libc, "syscall", unknown)
    twice = (opened(tmp_path / "file"), opened(tmp_path / "file"))
    assert with_streams(opened("/dev/null"), *twice) == ("null", "pipe", "output")


def refusal(given: Callable[[], int], number: int) -> str:
    def task() -> str:
        os.dup2(given(), number)
        try:
            streams.refuse_unfit()
        except Refused as refused:
            return f"{refused.code}: {refused.what}"
        return "accepted"

    return forked(task)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_directory_is_refused(tmp_path: Path, number: int) -> None:
    found = refusal(lambda: os.open(tmp_path, os.O_RDONLY), number)
    assert found == f"directory-descriptor: descriptor {number} is a directory"


@pytest.mark.parametrize(
    ("family", "kind", "answer"),
    [
        (socket.AF_UNIX, socket.SOCK_STREAM, "accepted"),
        (socket.AF_INET, socket.SOCK_STREAM, "accepted"),
        (socket.AF_INET, socket.SOCK_DGRAM, "socket-descriptor"),
        (socket.AF_UNIX, socket.SOCK_DGRAM, "socket-descriptor"),
        (socket.AF_UNIX, socket.SOCK_SEQPACKET, "socket-descriptor"),
    ],
)
def test_a_socket_is_refused_where_it_carries_messages(family: int, kind: int, answer: str) -> None:
    assert refusal(lambda: socket.socket(family, kind).detach(), 0).partition(":")[0] == answer


def test_closed_streams_are_filled() -> None:
    def task() -> list[str]:
        for number in (0, 1, 2):
            os.close(number)
        streams.refuse_unfit()
        return [os.readlink(f"/proc/self/fd/{number}") for number in (0, 1, 2)]

    assert forked(task) == ["/dev/null"] * 3


def test_pipes_are_fresh_and_only_our_ends_do_not_wait() -> None:
    inside, outside = streams.open_pipes(("pipe", "pipe", "output"))
    assert (set(inside), set(outside)) == ({0, 1}, {0, 1})
    assert [os.get_blocking(end) for end in (inside[0], inside[1])] == [True, True]
    assert [os.get_blocking(end) for end in (outside[0], outside[1])] == [False, False]
    assert not any(map(os.get_inheritable, (*inside.values(), *outside.values())))
    assert bool(os.fstat(inside[0]).st_mode & 0o006) == IS_ROOT  # the command is another user than root
    os.write(outside[0], b"in")
    os.write(inside[1], b"out")
    assert (os.read(inside[0], 9), os.read(outside[1], 9)) == (b"in", b"out")
    for descriptor in (*inside.values(), *outside.values()):
        os.close(descriptor)


def test_what_cannot_be_opened_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    before, real = len(os.listdir("/proc/self/fd")), os.pipe2

    def pipes_run_out(flags: int) -> tuple[int, int]:
        if made:
            raise OSError(24, "too many open files")
        made.append(1)
        return real(flags)

    monkeypatch.setattr(os, "pipe2", pipes_run_out)
    with pytest.raises(OSError, match="too many"):
        streams.open_pipes(("pipe", "pipe", "null"))
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_command_takes_its_own_streams_and_leaves_ours(tmp_path: Path) -> None:
    def task() -> list[str]:
        os.dup2(opened(tmp_path / "ours"), 1)
        inside, _ = streams.open_pipes(("null", "pipe", "output"))
        streams.take(("null", "pipe", "output"), inside, -1)
        return [os.readlink(f"/proc/self/fd/{number}") for number in (0, 1, 2)]

    null, output, errors = forked(task)
    assert null == "/dev/null"
    assert output == errors
    assert output.startswith("pipe:")
