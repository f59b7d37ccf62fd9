from __future__ import annotations

import errno
import os
from contextlib import contextmanager

import pytest

from paddock.kernel.openat2 import openat2


@contextmanager
def directory(path):
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)


@pytest.fixture
def place(tmp_path):
    (tmp_path / "outside").write_text("canary")
    inner = tmp_path / "inner"
    (inner / "real").mkdir(parents=True)
    (inner / "real" / "file").write_text("text")
    (inner / "up").symlink_to("..")
    (inner / "to-file").symlink_to("real/file")
    (inner / "absolute").symlink_to(tmp_path / "outside")
    (inner / "magic").symlink_to("/proc/self/cwd")
    with directory(inner) as descriptor:
        yield descriptor


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("to-file", errno.ELOOP),
        ("up/outside", errno.ELOOP),
        ("absolute", errno.ELOOP),
        ("magic/file", errno.ELOOP),
        ("../outside", errno.EXDEV),
        ("real/../../outside", errno.EXDEV),
        ("/etc/passwd", errno.EXDEV),
        ("none", errno.ENOENT),
        ("real/file/more", errno.ENOTDIR),
    ],
)
def test_no_way_leads_out_or_through_a_link(place, path, number) -> None:
    with pytest.raises(OSError) as caught:
        openat2(place, path, os.O_RDONLY)
    assert caught.value.errno == number
    assert caught.value.filename == path


def test_no_way_leads_into_another_mount() -> None:
    with directory("/") as root, pytest.raises(OSError) as caught:
        openat2(root, "proc/self", os.O_PATH)
    assert caught.value.errno == errno.EXDEV


def test_what_lies_beneath_opens_and_is_closed_on_exec(place) -> None:
    descriptor = openat2(place, "real/file", os.O_RDONLY)
    assert os.read(descriptor, 10) == b"text"
    assert not os.get_inheritable(descriptor)
    os.close(descriptor)


def test_a_file_can_be_made_with_a_mode(place) -> None:
    os.close(openat2(place, "real/new", os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode=0o600))
    assert os.stat("real/new", dir_fd=place).st_mode & 0o777 == 0o600


def test_names_are_bytes(place) -> None:
    os.mkdir(b"\xff\n", dir_fd=place)
    os.close(openat2(place, os.fsdecode(b"\xff\n"), os.O_RDONLY | os.O_DIRECTORY))
