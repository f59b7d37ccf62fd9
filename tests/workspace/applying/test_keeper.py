from __future__ import annotations

import os

from paddock.workspace import shelf
from paddock.workspace.applying.deeds import NOTHING
from paddock.workspace.applying.keeper import Nobody


def test_nobody_keeps_nothing(tmp_path) -> None:
    (tmp_path / "one").write_text("")
    (tmp_path / "two").write_text("")
    nobody = Nobody()
    number = nobody.note("one", NOTHING, NOTHING)
    with shelf.opened(str(tmp_path)) as directory:
        nobody.keep(number, directory, "one")
        assert sorted(os.listdir(directory)) == ["one", "two"]
        nobody.take(number, directory, "one")
        nobody.take_upper(number, directory, "two")
        nobody.void(number)
    assert os.listdir(tmp_path) == []
