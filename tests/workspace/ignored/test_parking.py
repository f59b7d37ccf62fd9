from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from paddock.workspace import shelf
from paddock.workspace.ignored.parking import park, unpark
from paddock.workspace.ignored.tree import Tree
from tests.workspace.ignored.ground import write


class Lot:
    """A change set's directory, its upper directory and a repository."""

    def __init__(self, base: Path) -> None:
        self.base = base
        for name in ("change-set", "change-set/upper", "host"):
            (base / name).mkdir()
        self.upper = base / "change-set/upper"
        self.change_set = os.open(base / "change-set", os.O_RDONLY)
        self.lower = os.open(base / "host", os.O_RDONLY)
        self.tree = Tree(os.open(self.upper, os.O_RDONLY))

    def park(self, *paths: str) -> None:
        park(self.change_set, self.tree, paths)
        self.tree.close()

    def unpark(self) -> None:
        unpark(self.change_set, self.tree, self.lower)
        self.tree.close()


@pytest.fixture
def lot(lab) -> Lot:
    lab.repository.rmdir()
    return Lot(lab.base)


def test_everything_comes_back_to_where_it_was(lot: Lot) -> None:
    odd = "new/a\n\udcff"
    write(lot.upper / odd, "odd")
    write(lot.upper / "new/node_modules/file", "file")
    (lot.upper / "new/link").symlink_to("/etc/passwd")
    (lot.upper / "new/node_modules").chmod(0o555)
    (lot.upper / "new").chmod(0o555)
    lot.park(odd, "new/node_modules", "new/link")
    assert os.listdir(lot.upper / "new") == []
    assert stat.S_IMODE((lot.upper / "new").stat().st_mode) == 0o555
    lot.unpark()
    assert (lot.upper / odd).read_text() == "odd"
    assert (lot.upper / "new/node_modules/file").read_text() == "file"
    assert stat.S_IMODE((lot.upper / "new/node_modules").stat().st_mode) == 0o555
    assert os.readlink(lot.upper / "new/link") == "/etc/passwd"
    assert os.listdir(lot.base / "change-set") == ["upper"]
    lot.unpark()


def test_nothing_to_park_leaves_nothing(lot: Lot) -> None:
    lot.park()
    assert os.listdir(lot.base / "change-set") == ["upper"]


def test_what_has_no_place_any_more_goes_away(lot: Lot) -> None:
    for path in ("gone/x", "host/x", "file/x", "taken/x"):
        write(lot.upper / path, path)
    lot.park("gone/x", "host/x", "file/x", "taken/x")
    for name in ("gone", "host", "file"):
        (lot.upper / name).rmdir()
    (lot.upper / "file").write_text("now a file")
    write(lot.upper / "taken/x", "newer")
    (lot.base / "host/host").mkdir()  # as an apply leaves it
    lot.unpark()
    assert sorted(os.listdir(lot.upper)) == ["file", "host", "taken"]
    assert (lot.upper / "host/x").read_text() == "host/x"
    assert (lot.upper / "taken/x").read_text() == "newer"


@pytest.mark.parametrize("kept", ["paths", "nothing"])
def test_killed_half_way_the_rest_comes_back(lot: Lot, kept: str) -> None:
    write(lot.upper / "new/a", "a")
    write(lot.upper / "new/b", "b")
    lot.park("new/a", "new/b")
    own = lot.base / "change-set" / shelf.OWN
    (own / "1").rename(lot.upper / "new/b")
    if kept == "nothing":
        (own / "0").rename(lot.upper / "new/a")
        (own / "paths").unlink()
    lot.unpark()
    assert [(lot.upper / "new" / name).read_text() for name in ("a", "b")] == ["a", "b"]
    assert os.listdir(lot.base / "change-set") == ["upper"]
