from __future__ import annotations

import os

from paddock.workspace import bases
from paddock.workspace.bases import Bases


def test_an_entry_counts_itself_or_the_nearest_new_directory_above() -> None:
    known = Bases({"a": 1, "new/": 2, "new/inner/file": 3}, 9)
    assert [known.since_ns(path) for path in ("a", "a/b", "new", "new/x", "new/inner/file", "other")] == [
        1,
        9,
        2,
        2,
        3,
        9,
    ]


def test_later_entries_get_the_later_time_and_earlier_ones_keep_theirs(tmp_path) -> None:
    for name in ("upper/dir", "lower/dir", "upper/new", "set"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "upper" / "dir" / "odd\n\udcff").write_text("")
    (tmp_path / "upper" / "new" / "file").write_text("")
    place, upper, lower = (os.open(tmp_path / name, os.O_RDONLY) for name in ("set", "upper", "lower"))
    bases.record(place, upper, lower, 10)
    (tmp_path / "upper" / "dir" / "later").write_text("")
    (tmp_path / "upper" / "new" / "later").write_text("")
    bases.record(place, upper, lower, 20)
    found = bases.read(place, 30)
    assert found.since_ns("dir/odd\n\udcff") == 10
    assert found.since_ns("dir/later") == 20
    assert found.since_ns("new/file") == found.since_ns("new/later") == 10
    assert found.since_ns("dir/unknown") == 30
    (tmp_path / "upper" / "dir" / "later").unlink()
    bases.record(place, upper, lower, 40)
    assert bases.read(place, 50).since_ns("dir/later") == 50
    assert sorted(os.listdir(tmp_path / "set")) == ["bases"]
    for descriptor in (place, upper, lower):
        os.close(descriptor)


def test_none_noted_means_the_session_itself(tmp_path) -> None:
    place = os.open(tmp_path, os.O_RDONLY)
    assert bases.read(place, 7).since_ns("x") == 7
    os.close(place)
