from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from paddock.kernel import files


@pytest.fixture
def directory(tmp_path):
    descriptor = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)


def test_an_exchange_swaps_a_file_and_a_directory(directory, tmp_path) -> None:
    (tmp_path / "one").write_text("text")
    (tmp_path / "other" / "inner").mkdir(parents=True)
    files.exchange(directory, "one", "other")
    assert (tmp_path / "other").read_text() == "text"
    assert (tmp_path / "one" / "inner").is_dir()


def test_an_exchange_needs_both(directory, tmp_path) -> None:
    (tmp_path / "one").write_text("text")
    with pytest.raises(FileNotFoundError):
        files.exchange(directory, "one", "other")
    assert (tmp_path / "one").read_text() == "text"


def test_a_file_system_can_be_synced(directory) -> None:
    files.sync_file_system(directory)
    with pytest.raises(OSError, match="Bad file descriptor"):
        files.sync_file_system(-1)


def test_modes_change_by_path_descriptor_and_never_through_a_link(directory, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "file").chmod(0o000)
    (tmp_path / "link").symlink_to("file")
    place = os.open("file", os.O_PATH, dir_fd=directory)
    files.change_mode(place, 0o640)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
    link = os.open("link", os.O_PATH | os.O_NOFOLLOW, dir_fd=directory)
    with pytest.raises(OSError, match="not supported"):
        files.change_mode(link, 0o777)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
    os.close(place)
    os.close(link)


def test_reopening_gives_the_same_file_after_its_name_is_gone(directory, tmp_path) -> None:
    (tmp_path / "file").write_text("first")
    place = os.open("file", os.O_PATH, dir_fd=directory)
    (tmp_path / "file").unlink()
    (tmp_path / "file").write_text("second")
    again = files.reopen(place, os.O_RDONLY)
    assert os.read(again, 10) == b"first"
    os.close(again)
    os.close(place)


def test_a_hint_about_directories_is_taken_or_passed_over(tmp_path: Path) -> None:
    for place in (tmp_path, Path("/dev/shm")):
        files.spread_below(str(place))
    of_ext4 = (
        subprocess.run(["stat", "-f", "-c", "%T", tmp_path], capture_output=True, check=True).stdout == b"ext2/ext3\n"
    )
    flags = bytearray(8)
    held = os.open(tmp_path, os.O_RDONLY)
    with suppress(OSError):
        fcntl.ioctl(held, 0x80086601, flags)  # FS_IOC_GETFLAGS
    os.close(held)
    assert bool(int.from_bytes(flags[:4], sys.byteorder) & 0x20000) or not of_ext4  # FS_TOPDIR_FL
