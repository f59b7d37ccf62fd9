from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from paddock.kernel import xattr
from paddock.workspace import shelf
from paddock.workspace.ignored.tree import DIRECTORY, NOTHING, OPAQUE, OTHER, Tree, is_opaque, prefixes, rename
from tests.workspace.ignored.ground import write

if TYPE_CHECKING:
    from pathlib import Path

    from tests.workspace.laboratory import Laboratory


@pytest.fixture
def base(lab: Laboratory) -> Path:
    for name in ("top", "host"):
        (lab.base / name).mkdir()
    return lab.base


@pytest.fixture
def top(base: Path):
    tree = Tree(os.open(base / "top", os.O_RDONLY | os.O_DIRECTORY))
    yield tree
    tree.close()
    os.close(tree.root)


def test_kinds(base: Path, top: Tree) -> None:
    write(base / "top/directory/file")
    (base / "top/opaque").mkdir()
    with shelf.opened(f"{base}/top/opaque") as place:
        xattr.set_opaque(place, opaque=True)
    kinds = {
        path: top.kind(path) for path in ("", "directory", "directory/file", "opaque", "missing", "directory/file/x")
    }
    assert list(kinds.values()) == [DIRECTORY, DIRECTORY, OTHER, OPAQUE, NOTHING, NOTHING]
    assert is_opaque(top.root, "opaque")
    top.set_opaque("opaque", opaque=False)
    assert top.kind("opaque") == DIRECTORY
    top.remove("missing/below")
    top.remove_if_empty("directory")
    assert top.kind("directory") == DIRECTORY
    top.remove("directory")
    assert top.kind("directory") == NOTHING


def test_directories_are_made_as_the_model_has_them_or_not_at_all(base: Path, top: Tree) -> None:
    (base / "host/a/b").mkdir(parents=True)
    (base / "host/a/b").chmod(0o750)
    host = os.open(base / "host", os.O_RDONLY)
    os.close(top.make("a/b", host))
    assert stat.S_IMODE((base / "top/a/b").stat().st_mode) == 0o750
    with pytest.raises(FileNotFoundError):
        top.make("a/c", host, host)
    (base / "top/model/a/c").mkdir(parents=True)
    with shelf.opened(str(base / "top/model")) as other:
        os.close(top.make("a/c", host, other))
    write(base / "top/file")
    with pytest.raises(NotADirectoryError):
        top.make("file/b", host)
    os.close(host)


def test_directories_are_opened_whatever_their_modes_and_have_them_again(base: Path, top: Tree) -> None:
    write(base / "top/a/b/c/file")
    for path, mode in (("a/b/c", 0o100), ("a/b", 0o000), ("a", 0o1755), (".", 0o700)):
        (base / "top" / path).chmod(mode)
    for path in ("a/b/c", "a"):
        os.close(top.open(path))
    assert top.kind("a/b/c/file") == OTHER
    top.close()
    modes = []
    for path in ("a", "a/b", "a/b/c"):
        modes.append(stat.S_IMODE((base / "top" / path).stat().st_mode))
        (base / "top" / path).chmod(0o700)
    assert modes == [0o1755, 0o000, 0o100]
    with pytest.raises(FileNotFoundError):
        top.open("missing/below")


def test_a_look_leaves_modes_alone(base: Path, top: Tree) -> None:
    """What is looked at may be moved next, out of reach of a later correction."""
    write(base / "top/a/b/file")
    (base / "top/a/b").chmod(0o000)
    (base / "top/a").chmod(0o555)
    assert [top.kind(path) for path in ("a", "a/b")] == [DIRECTORY, DIRECTORY]
    assert stat.S_IMODE((base / "top/a").stat().st_mode) in (0o555, 0o755), "opened up to look into it"
    with shelf.opened(str(base / "top")) as here:
        assert stat.S_IMODE(os.stat("a/b", dir_fd=here).st_mode) == 0
    top.close()
    assert stat.S_IMODE((base / "top/a").stat().st_mode) == 0o555


def test_a_directory_moves_though_nobody_may_write_to_it(base: Path) -> None:
    (base / "top/shut").mkdir()
    (base / "top/shut").chmod(0o555)
    with shelf.opened(str(base / "top")) as here, shelf.opened(str(base / "host")) as there:
        rename(here, "shut", there, "moved")
    assert stat.S_IMODE((base / "host/moved").stat().st_mode) == 0o555
    assert os.listdir(base / "top") == []


def test_prefixes() -> None:
    assert prefixes("a/b/c") == ["a", "a/b", "a/b/c"]
    assert prefixes("") == []
