"""What each side of a change has, seen through descriptors of a real overlay's directories."""

from __future__ import annotations

import os
import shutil

import pytest

from paddock.workspace.hazards.sides import Sides


def test_names_of_both_sides_and_which_of_them_are_there(lab):
    lab.write(kept="", gone="", d__old="", d2__old="", f__inner="")

    def work(root):
        (root / "new").write_text("")
        (root / "gone").unlink()
        shutil.rmtree(root / "d")
        (root / "d").mkdir()
        (root / "d/fresh").write_text("")
        (root / "d2/fresh").write_text("")
        shutil.rmtree(root / "f")
        (root / "f").write_text("")

    lab.run(work)
    with lab.trees() as trees:
        sides = Sides(*trees)
        assert set(sides.names("")) >= {"kept", "gone", "new", "d"}
        there = ("kept", "new", "gone", "d/old", "d/fresh", "d2/old", "d2/fresh", "f/inner", "f", "missing/x", "kept/x")
        assert {path for path in there if sides.has(path)} == {"kept", "new", "d/fresh", "d2/old", "d2/fresh", "f"}
        assert sides.is_opaque("d")
        assert not sides.is_opaque("d2")
        assert not sides.is_opaque("missing")
        assert sides.names("missing") == []
        assert not sides.is_new("gone")


def test_nothing_but_regular_files_of_the_tree_is_read(lab):
    lab.write(a="old")
    (lab.base / "secret").write_text("secret")

    def work(root):
        (root / "a").write_text("new!")
        (root / "link").symlink_to("a")
        (root / "way").symlink_to("../../..")
        os.mkfifo(root / "fifo")
        (root / "shut").write_text("x")
        (root / "shut").chmod(0)

    lab.run(work)
    with lab.trees() as trees:
        sides = Sides(*trees)
        found, data = sides.new("a", 3)
        assert (found.st_size, data, sides.old("a", 100), sides.old("a", 2)) == (4, b"new", b"old", None)
        assert sides.new("shut", 100)[1] == b"x"
        assert sides.target("link") == "a"
        assert sides.target("a") == sides.target("missing") == ""
        for path in ("link", "fifo", "missing", "way/secret", "../secret"):
            with pytest.raises(OSError):
                sides.new(path, 100)
            assert sides.old(path, 100) is None
