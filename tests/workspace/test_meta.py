from __future__ import annotations

import os
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.errors import WorkspaceError
from paddock.workspace import meta
from paddock.workspace.meta import Meta


@pytest.fixture
def place(tmp_path):
    descriptor = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)


@given(st.binary(min_size=1, max_size=20).filter(lambda name: b"\0" not in name))
def test_every_name_of_a_repository_survives_a_round_trip(name) -> None:
    written = Meta(os.fsdecode(name) + "\U0001f600", inode=3)
    with tempfile.TemporaryDirectory() as directory:
        place = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            meta.write(place, written)
            assert meta.read(place) == written
        finally:
            os.close(place)


def test_it_survives_a_round_trip(place) -> None:
    written = Meta("/r\udcff\n", 1, 2, "boot", 3, 4, 5, "held")
    meta.write(place, written, durable=True)
    assert meta.read(place) == written
    assert os.listdir(place) == ["meta"]
    assert os.stat("meta", dir_fd=place).st_mode & 0o777 == 0o600


def test_wherever_it_is_torn_it_knows_no_time(place, tmp_path) -> None:
    meta.write(place, Meta("/r", 1, 2, "boot", 3, 4, 5, "held"))
    whole = (tmp_path / "meta").read_bytes()
    for length in range(len(whole)):
        (tmp_path / "meta").write_bytes(whole[:length])
        assert meta.read(place, "/r") == Meta("/r")


@pytest.mark.parametrize("text", ["", "{", "\0" * 100, "end\0", "end\0\0end"])
def test_a_torn_one_knows_no_time_so_that_every_doubt_is_a_conflict(place, tmp_path, text) -> None:
    (tmp_path / "meta").write_text(text)
    assert meta.read(place, "/r") == Meta("/r")
    assert Meta("/r").begun_ns == 0


def test_none_is_like_a_torn_one(place) -> None:
    assert meta.read(place, "/r") == Meta("/r")


@pytest.mark.parametrize("text", ["schema\0002\0end\0\0", "end\0\0"])
def test_another_version_is_refused(place, tmp_path, text) -> None:
    (tmp_path / "meta").write_text(text)
    with pytest.raises(WorkspaceError, match="another version"):
        meta.read(place)


def test_a_link_in_its_place_is_not_followed(place, tmp_path) -> None:
    (tmp_path / "meta").symlink_to("/etc/passwd")
    with pytest.raises(OSError):
        meta.read(place)


def test_a_repository_is_known_by_its_inode_and_until_the_next_boot_by_its_device(tmp_path) -> None:
    root = os.stat(tmp_path)
    known = Meta("/r", root.st_dev, root.st_ino, meta.boot_id())
    assert meta.belongs(known, root)
    assert not meta.belongs(Meta("/r", root.st_dev, root.st_ino + 1, meta.boot_id()), root)
    assert not meta.belongs(Meta("/r", root.st_dev + 1, root.st_ino, meta.boot_id()), root)
    assert meta.belongs(Meta("/r", root.st_dev + 1, root.st_ino, "an earlier boot"), root)
    assert meta.belongs(Meta("/r"), root)


def test_its_clock_is_the_file_systems(place, tmp_path) -> None:
    (tmp_path / "before").write_text("")
    now = meta.now_ns(place)
    (tmp_path / "after").write_text("")
    assert os.stat("before", dir_fd=place).st_ctime_ns <= now <= os.stat("after", dir_fd=place).st_ctime_ns
