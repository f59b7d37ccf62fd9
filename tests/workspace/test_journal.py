from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.workspace.journal import HOST_MODE, PREFIX, TEMPORARY, UPPER_MODE, Journal, Loosened, recover

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def places(tmp_path):
    for name in ("set", "upper", "lower"):
        (tmp_path / name).mkdir()
    found = tuple(os.open(tmp_path / name, os.O_RDONLY) for name in ("set", "upper", "lower"))
    yield found
    for descriptor in found:
        os.close(descriptor)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_a_finished_one_leaves_no_file(places, tmp_path) -> None:
    journal = Journal(places[0])
    journal.finish()
    name = journal.temporary("dir")
    assert name.startswith(PREFIX)
    assert (tmp_path / "set" / "journal").exists()
    journal.finish()
    assert os.listdir(tmp_path / "set") == []


def test_recovery_removes_temporary_names_and_gives_modes_back(places, tmp_path) -> None:
    for tree in ("upper", "lower"):
        (tmp_path / tree / "dir\n\udcff").mkdir()
    journal = Journal(places[0])
    name = journal.temporary("dir\n\udcff")
    journal.note(HOST_MODE, "dir\n\udcff", "0o555")
    journal.note(UPPER_MODE, "dir\n\udcff", "0o500")
    journal.note(UPPER_MODE, "dir\n\udcff", "0o755")  # a later note of a directory that was loosened before
    journal.temporary("gone")
    (tmp_path / "lower" / "dir\n\udcff" / name).mkdir()
    (tmp_path / "lower" / "dir\n\udcff" / name / "inner").write_text("")
    recover(*places)
    assert os.listdir(tmp_path / "lower" / "dir\n\udcff") == []
    assert mode(tmp_path / "lower" / "dir\n\udcff") == 0o555
    assert mode(tmp_path / "upper" / "dir\n\udcff") == 0o500
    assert os.listdir(tmp_path / "set") == []
    recover(*places)


def test_recovery_removes_nothing_but_names_of_ours(places, tmp_path) -> None:
    (tmp_path / "lower" / "kept").write_text("")
    journal = Journal(places[0])
    journal.note(TEMPORARY, "", "kept")
    journal.note(TEMPORARY, "", PREFIX + "/../kept")
    recover(*places)
    assert os.listdir(tmp_path / "lower") == ["kept"]


def test_a_torn_last_note_is_left_out(places, tmp_path) -> None:
    (tmp_path / "lower" / "a").mkdir()
    (tmp_path / "set" / "journal").write_bytes(b"host-mode\0a\x000o700\0host-mode\0a")
    recover(*places)
    assert mode(tmp_path / "lower" / "a") == 0o700


def test_directories_are_loosened_once_and_restored(places, tmp_path) -> None:
    (tmp_path / "lower" / "a" / "b").mkdir(parents=True)
    (tmp_path / "lower" / "a" / "b").chmod(0o500)
    (tmp_path / "lower" / "a").chmod(0o555)
    loosened = Loosened(HOST_MODE, places[2], Journal(places[0]))
    assert loosened.loosen("a")
    assert not loosened.loosen("a")
    assert loosened.loosen("a/b")
    assert mode(tmp_path / "lower" / "a") == 0o755
    assert loosened.mode_of("a", 0o40755) == 0o555
    assert loosened.mode_of("other", 0o40711) == 0o711
    loosened.owe("a", 0o511)
    loosened.restore()
    assert (mode(tmp_path / "lower" / "a"), mode(tmp_path / "lower" / "a" / "b")) == (0o511, 0o500)


def test_a_directory_of_which_a_killed_apply_owed_the_mode_is_right_after_recovery(places, tmp_path) -> None:
    (tmp_path / "lower" / "a").mkdir(mode=0o500)
    Loosened(HOST_MODE, places[2], Journal(places[0])).loosen("a")
    recover(*places)
    assert mode(tmp_path / "lower" / "a") == 0o500
