from __future__ import annotations

import os
from pathlib import Path

from paddock.workspace.ignored import watch


def test_unchanged_files_are_current_and_any_change_is_not(tmp_path: Path) -> None:
    home, rules, missing = tmp_path / "home", tmp_path / "a\n\udcff", tmp_path / "missing"
    home.mkdir()
    rules.write_text("one")
    files = {str(path): watch.signature(str(path)) for path in (rules, missing)}
    watch.write(str(home), files)
    assert watch.read(str(home)) == files
    assert watch.is_current(str(home))
    os.utime(rules, (1, 1))  # now would perhaps be the time that it has
    assert not watch.is_current(str(home))
    watch.write(str(home), {str(path): watch.signature(str(path)) for path in (rules, missing)})
    missing.write_text("")
    assert not watch.is_current(str(home))


def test_without_notes_nothing_is_current(tmp_path: Path) -> None:
    assert not watch.is_current(str(tmp_path))
    assert not watch.is_current(str(tmp_path / "missing"))
    for torn in (b"", b"path", b"path\0", b"path\0sig\0path\0", b"path\0sig"):
        (tmp_path / watch.NAME).write_bytes(torn)
        assert not watch.is_current(str(tmp_path)), torn


def test_no_more_is_noted_than_a_start_may_look_at(tmp_path: Path) -> None:
    watch.write(str(tmp_path), {f"/{number}": "" for number in range(watch.MOST * 2)})
    assert len(watch.read(str(tmp_path))) == watch.MOST
    assert sorted(os.listdir(tmp_path)) == [watch.NAME]
