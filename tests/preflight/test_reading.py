from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.preflight import reading
from paddock.preflight.reading import LARGEST_BYTES, Unread, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def test_a_file_is_read_whole(tmp_path: Path, root: int) -> None:
    (tmp_path / "file").write_bytes(b"x" * LARGEST_BYTES)
    assert len(read(root, "file").data) == LARGEST_BYTES


def test_one_byte_too_many_is_not(tmp_path: Path, root: int) -> None:
    (tmp_path / "file").write_bytes(b"x" * (LARGEST_BYTES + 1))
    with pytest.raises(Unread, match="larger than 2 MiB"):
        read(root, "file")


def test_an_endless_file_ends(root: int) -> None:
    """A file of /proc says that it is empty; a link to it is not followed either."""
    os.symlink("/proc/kmsg", "endless", dir_fd=root)
    with pytest.raises(Unread, match="could not be read"):
        read(root, "endless")


def test_a_fifo_in_the_place_of_a_file_does_not_hold_us_up(tmp_path: Path, root: int) -> None:
    os.mkfifo(tmp_path / "file")
    with pytest.raises(Unread, match="no longer a file"):
        read(root, "file")


def test_a_link_in_the_way_is_not_followed(tmp_path: Path, root: int) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/file").write_text("x")
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(Unread, match="could not be read"):
        read(root, "link/file")


def test_what_is_gone_is_gone(root: int) -> None:
    with pytest.raises(Unread, match="gone meanwhile"):
        read(root, "nothing")


def test_a_file_of_this_moment_is_not_settled_and_an_old_one_is(
    tmp_path: Path, root: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x")
    made_ns = (tmp_path / "file").stat().st_ctime_ns
    monkeypatch.setattr("time.time_ns", lambda: made_ns + 10**9)
    assert not read(root, "file").settled
    monkeypatch.setattr("time.time_ns", lambda: made_ns + 3 * 10**9)
    assert read(root, "file").settled


def test_a_file_that_changes_while_it_is_read_is_not_settled(
    tmp_path: Path, root: int, settled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x")
    assert read(root, "file").settled
    real = os.read

    def write_afterwards(descriptor: int, count: int) -> bytes:
        data = real(descriptor, count)
        (tmp_path / "file").write_text("y and more")
        return b"" if data.startswith(b"y") else data

    monkeypatch.setattr("os.read", write_afterwards)
    assert not read(root, "file").settled


@pytest.mark.parametrize(
    ("data", "binary"),
    [(b"", False), (b"text", False), (b"a\0b", True), ("text".encode("utf-16"), False), (b"x" * 9000 + b"\0", False)],
)
def test_what_is_no_text(data: bytes, binary: bool) -> None:
    assert reading.Content(data, b"", settled=True).binary is binary
