from __future__ import annotations

import os

import pytest

from paddock.errors import WorkspaceError
from paddock.workspace import removal
from paddock.workspace.descent import PLACE, Descent, below, open_beneath, split, stat_in


@pytest.fixture
def root(tmp_path):
    (tmp_path / "tree").mkdir()
    descriptor = os.open(tmp_path / "tree", os.O_RDONLY | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)
    parent = os.open(tmp_path, os.O_RDONLY)
    removal.remove(parent, "tree")
    os.close(parent)


def make_deep(root: int, levels: int, name: str = "d") -> None:
    descent = Descent(root)
    for _ in range(levels):
        os.mkdir(name, dir_fd=descent.fd)
        descent.down(name)
    os.close(os.open("bottom", os.O_CREAT, dir_fd=descent.fd))
    descent.close()


def test_it_goes_down_20000_levels_and_back_with_one_descriptor(root) -> None:
    make_deep(root, 20_000)
    descent, levels = Descent(root), 0
    while stat_in(descent.fd, "d"):
        descent.down("d")
        levels += 1
    assert levels == 20_000
    assert stat_in(descent.fd, "bottom")
    for _ in range(levels):
        descent.up()
    assert os.path.samestat(os.fstat(descent.fd), os.fstat(root))
    descent.close()


def test_a_directory_that_moved_ends_the_walk(root, tmp_path) -> None:
    (tmp_path / "tree" / "a" / "b").mkdir(parents=True)
    descent = Descent(root)
    descent.down("a")
    descent.down("b")
    (tmp_path / "tree" / "a" / "b").rename(tmp_path / "tree" / "b")
    with pytest.raises(WorkspaceError, match="moved"):
        descent.up()
    descent.close()


def test_it_enters_no_link_and_no_file(root, tmp_path) -> None:
    (tmp_path / "tree" / "link").symlink_to("/")
    (tmp_path / "tree" / "file").write_text("")
    descent = Descent(root)
    for name in ("link", "file", "none"):
        with pytest.raises(OSError):
            descent.down(name)
    assert os.path.samestat(os.fstat(descent.fd), os.fstat(root))
    descent.close()


def test_paths_longer_than_the_kernel_takes_are_opened_in_pieces(root) -> None:
    name = "é" * 100
    make_deep(root, 60, name)
    path = "/".join([name] * 60)
    assert len(os.fsencode(path)) > 8192
    os.close(open_beneath(root, path + "/bottom", os.O_RDONLY))
    with pytest.raises(FileNotFoundError):
        open_beneath(root, path + "/none", os.O_RDONLY)


def test_a_link_anywhere_in_a_long_path_is_refused(root, tmp_path) -> None:
    make_deep(root, 40, "x" * 200)
    (tmp_path / "tree" / ("x" * 200) / "out").symlink_to("/")
    with pytest.raises(OSError, match="symbolic links"):
        open_beneath(root, f"{'x' * 200}/out/etc/" + "/".join(["y" * 200] * 40), os.O_RDONLY)


def test_the_empty_path_is_the_root(root) -> None:
    descriptor = open_beneath(root, "", PLACE)
    assert os.path.samestat(os.fstat(descriptor), os.fstat(root))
    os.close(descriptor)


def test_paths_are_put_together_and_taken_apart() -> None:
    assert (below("", "a"), below("a", "b")) == ("a", "a/b")
    assert (split("a"), split("a/b/c")) == (("", "a"), ("a/b", "c"))
