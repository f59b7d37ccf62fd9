from __future__ import annotations

import os

import pytest

from paddock.workspace.journal import HOST_MODE, Journal, Loosened
from paddock.workspace.upper import Upper


@pytest.fixture
def place(tmp_path):
    for name in ("set", "upper", "lower"):
        (tmp_path / name).mkdir()
    return tmp_path


def opened(place) -> tuple[Upper, int, Loosened]:
    descriptors = [os.open(place / name, os.O_RDONLY) for name in ("set", "upper", "lower")]
    journal = Journal(descriptors[0])
    return Upper(descriptors[1], journal), descriptors[2], Loosened(HOST_MODE, descriptors[2], journal)


def test_files_links_and_marks_are_dropped_directories_and_nothing_are_not(place) -> None:
    (place / "upper" / "dir").mkdir()
    (place / "upper" / "dir" / "file").write_text("")
    (place / "upper" / "link").symlink_to(place / "lower")
    os.mknod(place / "upper" / "gone", 0o020000, 0)
    upper, _, _ = opened(place)
    for path in ("dir/file", "link", "gone", "dir", "none", "gone/below", "none/below"):
        upper.drop(path)
    assert os.listdir(place / "upper") == ["dir"]
    assert (place / "lower").is_dir()


def test_a_directory_that_nobody_may_write_to_is_opened_up_and_closed_again(place) -> None:
    (place / "upper" / "dir").mkdir()
    (place / "upper" / "dir" / "file").write_text("")
    (place / "upper" / "dir").chmod(0o500)
    upper, _, _ = opened(place)
    upper.drop("dir/file")
    upper.loosened.restore()
    assert os.listdir(place / "upper" / "dir") == []
    assert (place / "upper" / "dir").stat().st_mode & 0o777 == 0o500


def test_pruning_takes_empty_directories_that_the_host_has_alike(place) -> None:
    for name in ("same/inner", "other-mode", "only-here", "full", ".git"):
        (place / "upper" / name).mkdir(parents=True)
    for name in ("same/inner", "other-mode", "full", ".git"):
        (place / "lower" / name).mkdir(parents=True)
    (place / "lower" / "other-mode").chmod(0o700)
    (place / "upper" / "full" / "file").write_text("")
    upper, lower, on_host = opened(place)
    upper.prune(lower, on_host)
    assert sorted(os.listdir(place / "upper")) == [".git", "full", "only-here", "other-mode"]


def test_pruning_compares_the_modes_that_are_owed(place) -> None:
    for tree in ("upper", "lower"):
        (place / tree / "dir").mkdir()
    upper, lower, on_host = opened(place)
    upper.loosened.owe("dir", 0o555)
    upper.prune(lower, on_host)
    assert os.listdir(place / "upper") == ["dir"]
    on_host.owe("dir", 0o555)
    upper.prune(lower, on_host)
    assert os.listdir(place / "upper") == []
