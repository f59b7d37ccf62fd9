from __future__ import annotations

import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.workspace import content

GIB = 1 << 30


@pytest.fixture
def opened(tmp_path):
    kept = []

    def make(name: str, data: bytes = b"") -> int:
        (tmp_path / name).write_bytes(data)
        kept.append(os.open(tmp_path / name, os.O_RDWR))
        return kept[-1]

    yield make
    for descriptor in kept:
        os.close(descriptor)


def sparse(descriptor: int, size: int, *places: int) -> None:
    os.ftruncate(descriptor, size)
    for place in places:
        os.pwrite(descriptor, b"data at %d" % place, place)


def blocks(descriptor: int) -> int:
    return os.fstat(descriptor).st_blocks * 512


def test_a_sparse_file_of_10_gib_is_copied_and_compared_by_what_it_holds(opened) -> None:
    one, other = opened("one"), opened("other")
    sparse(one, 10 * GIB, 0, 3 * GIB + 7, 10 * GIB - 20)
    content.copy(one, other)
    assert os.fstat(other).st_size == 10 * GIB
    assert blocks(other) < 1 << 20
    assert os.pread(other, 12, 3 * GIB + 7) == os.pread(one, 12, 3 * GIB + 7) != bytes(12)
    assert content.same(one, other)
    os.pwrite(other, b"x", 7 * GIB)
    assert not content.same(one, other)


def test_without_copy_file_range_bytes_are_read_and_written(opened, monkeypatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EXDEV, "another file system")

    monkeypatch.setattr(os, "copy_file_range", refuse)
    one, other = opened("one"), opened("other")
    sparse(one, 5 << 20, 3 << 20)
    os.pwrite(one, b"y" * (2 << 20), 100)
    content.copy(one, other)
    assert content.same(one, other)
    assert content.digest(one) == content.digest(other)


def test_a_full_disk_is_not_taken_for_a_missing_call(opened, monkeypatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "copy_file_range", refuse)
    with pytest.raises(OSError, match="full"):
        content.copy(opened("one", b"data"), opened("other"))


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_same_means_equal_bytes(one, other) -> None:
    first, second = os.memfd_create("one"), os.memfd_create("other")
    os.write(first, one)
    os.write(second, other)
    assert content.same(first, second) == (one == other)
    assert (content.digest(first) == content.digest(second)) == (one == other)
    os.close(first)
    os.close(second)


def test_a_hole_equals_zeros(opened) -> None:
    one, other = opened("one"), opened("other", bytes(5 << 20))
    sparse(one, 5 << 20)
    assert content.same(one, other)


def test_binary_is_what_git_takes_for_it(opened) -> None:
    assert content.looks_binary(opened("one", b"text\0"))
    assert not content.looks_binary(opened("other", b"\xff\xfe text"))
    assert not content.looks_binary(opened("late", b"x" * content.BINARY_LOOK_BYTES + b"\0"))


def test_reading_stops_at_the_limit(opened) -> None:
    descriptor = opened("one", b"12345")
    assert content.read_all(descriptor, 5) == b"12345"
    assert content.read_all(descriptor, 4) is None


def test_only_regular_files_are_opened_and_a_fifo_does_not_block(tmp_path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "file").write_text("text")
    (tmp_path / "link").symlink_to("file")
    place = os.open(tmp_path, os.O_RDONLY)
    for name in ("fifo", "link", "."):
        for opener in (content.open_file, content.open_upper_file):
            with pytest.raises(OSError):
                opener(place, name)
    os.close(place)


def test_a_file_that_its_owner_may_not_read_is_read_and_keeps_its_mode(tmp_path) -> None:
    (tmp_path / "file").write_text("text")
    (tmp_path / "file").chmod(0)
    place = os.open(tmp_path, os.O_RDONLY)
    descriptor = content.open_upper_file(place, "file")
    assert os.read(descriptor, 10) == b"text"
    assert (tmp_path / "file").stat().st_mode & 0o7777 == 0
    os.close(descriptor)
    os.close(place)
