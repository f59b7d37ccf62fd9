from __future__ import annotations

import os

import pytest

from paddock.workspace import removal
from tests.workspace.operations import NAMES
from tests.workspace.test_descent import make_deep


@pytest.fixture
def place(tmp_path):
    descriptor = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)


def test_nothing_there_is_no_error(place) -> None:
    removal.remove(place, "none")


def test_links_go_and_their_targets_stay(place, tmp_path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("text")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "link").symlink_to(tmp_path / "kept")
    (tmp_path / "link").symlink_to("kept")
    removal.remove(place, "tree")
    removal.remove(place, "link")
    assert os.listdir(tmp_path) == ["kept"]
    assert (tmp_path / "kept" / "file").read_text() == "text"


def test_a_tree_of_20000_levels_goes(place, tmp_path) -> None:
    (tmp_path / "tree").mkdir()
    root = os.open(tmp_path / "tree", os.O_RDONLY)
    make_deep(root, 20_000)
    os.close(root)
    removal.remove(place, "tree")
    assert os.listdir(tmp_path) == []


def test_directories_without_any_permission_go(place, tmp_path) -> None:
    (tmp_path / "tree" / "work" / "inner" / "more").mkdir(parents=True)
    (tmp_path / "tree" / "work" / "inner" / "file").write_text("")
    for name in ("work/inner/more", "work/inner", "work"):
        (tmp_path / "tree" / name).chmod(0)
    removal.remove(place, "tree")
    assert os.listdir(tmp_path) == []


def test_every_name_goes_numbers_that_it_uses_itself_included(place, tmp_path) -> None:
    tree = os.fsencode(tmp_path / "tree")
    os.mkdir(tree)
    for name in (*NAMES, b"0", b"1", b"2"):
        os.mkdir(tree + b"/" + name)
        os.mkdir(tree + b"/" + name + b"/" + name)
        os.mkfifo(tree + b"/" + name + b"/fifo")
    removal.remove(place, "tree")
    assert os.listdir(tmp_path) == []


def test_what_is_mounted_inside_is_not_entered(place) -> None:
    root = os.open("/", os.O_RDONLY)
    with pytest.raises(OSError, match="cross-device"):
        removal._open_anyhow(root, "proc")
    os.close(root)
