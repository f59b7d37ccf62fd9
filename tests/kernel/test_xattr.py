from __future__ import annotations

import os

import pytest

from paddock.kernel import xattr


@pytest.fixture
def directory(tmp_path):
    descriptor = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)


def test_a_plain_directory_has_no_marks(directory) -> None:
    assert not xattr.is_opaque(directory)
    assert not xattr.came_from_below(directory)
    assert xattr.get(directory, "user.other") is None


def test_the_opaque_mark_comes_and_goes_and_may_be_taken_twice(directory) -> None:
    xattr.set_opaque(directory, opaque=True)
    assert xattr.is_opaque(directory)
    for _ in range(2):
        xattr.set_opaque(directory, opaque=False)
        assert not xattr.is_opaque(directory)


def test_only_y_means_opaque(directory) -> None:
    os.setxattr(directory, xattr.OPAQUE, b"x")  # since Linux 6.7: "may hold whiteouts that are attributes"
    assert not xattr.is_opaque(directory)


def test_a_file_system_without_attributes_has_no_marks() -> None:
    descriptor = os.open("/proc/self", os.O_RDONLY | os.O_DIRECTORY)
    assert not xattr.is_opaque(descriptor)
    os.close(descriptor)


def test_other_errors_are_not_hidden(directory) -> None:
    descriptor = os.open(".", os.O_PATH, dir_fd=directory)
    with pytest.raises(OSError, match="Bad file descriptor"):
        xattr.is_opaque(descriptor)
    with pytest.raises(OSError, match="Bad file descriptor"):
        xattr.set_opaque(descriptor, opaque=False)
    os.close(descriptor)
