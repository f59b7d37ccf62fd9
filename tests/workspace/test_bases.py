from __future__ import annotations

import os
import time

import pytest

from paddock.workspace import bases
from paddock.workspace.base_copies import Copies
from paddock.workspace.bases import Base, Bases

FUTURE = 1 << 62


@pytest.fixture
def places(tmp_path):
    """The change set's directory, the upper and the lower tree."""
    for name in ("upper/dir", "lower/dir", "upper/new", "set"):
        (tmp_path / name).mkdir(parents=True)
    found = tuple(os.open(tmp_path / name, os.O_RDONLY) for name in ("set", "upper", "lower"))
    yield found
    for descriptor in found:
        os.close(descriptor)


def test_an_entry_counts_itself_or_the_nearest_new_directory_above() -> None:
    known = Bases({"a": "1", "new/": "2", "new/inner/file": "3"}, 9)
    found = [known.of(path).since_ns for path in ("a", "a/b", "new", "new/x", "new/inner/file", "other")]
    assert found == [1, 9, 2, 2, 3, 9]


def test_what_is_kept_comes_back() -> None:
    for base in (Base(7), Base(7, 0o100644, "ab"), Base(0, 0o120777, "cd")):
        assert bases.parsed(base.text()) == base


def test_what_lies_below_a_path_is_found_and_nothing_beside_it() -> None:
    known = Bases({"a/": "1", "a/b": "1", "a/b/c": "1", "a.b": "1", "a": "1", "ab": "1"}, 9)
    assert list(known.below("a")) == ["a/b", "a/b/c"]


def test_later_entries_get_the_later_time_and_earlier_ones_keep_theirs(places, tmp_path) -> None:
    (tmp_path / "upper" / "dir" / "odd\n\udcff").write_text("")
    (tmp_path / "upper" / "new" / "file").write_text("")
    place, upper, lower = places
    bases.record(place, upper, lower, 10)
    (tmp_path / "upper" / "dir" / "later").write_text("")
    (tmp_path / "upper" / "new" / "later").write_text("")
    bases.record(place, upper, lower, 20)
    found = bases.read(place, 30)
    assert found.of("dir/odd\n\udcff") == Base(10)
    assert found.of("dir/later") == Base(20)
    assert found.of("new/file") == found.of("new/later") == Base(10)
    assert found.of("dir/unknown") == Base(30)
    (tmp_path / "upper" / "dir" / "later").unlink()
    bases.record(place, upper, lower, 40)
    assert bases.read(place, 50).of("dir/later") == Base(50)
    assert sorted(os.listdir(tmp_path / "set")) == ["bases"]


def test_a_file_from_before_the_session_is_noted_and_a_text_kept(places, tmp_path) -> None:
    place, upper, lower = places
    for tree, text in (("lower", "old"), ("upper", "new")):
        (tmp_path / tree / "text").write_text(text)
        (tmp_path / tree / "binary").write_bytes(b"\0" + text.encode())
    (tmp_path / "lower" / "link").symlink_to("there")
    (tmp_path / "upper" / "link").symlink_to("elsewhere")
    bases.record(place, upper, lower, FUTURE)
    known = bases.read(place, 0)
    copies = Copies(place)
    assert copies.read(known.of("text").digest) == b"old"
    assert known.of("binary").digest
    assert copies.read(known.of("binary").digest) is None
    assert known.of("link") == Base(FUTURE, 0o120777, bases.target_digest("there"))
    (tmp_path / "upper" / "text").unlink()
    bases.record(place, upper, lower, FUTURE)
    assert copies.read(known.of("text").digest) is None, "what no entry names goes"


def test_a_file_that_changed_during_the_session_is_not_taken_for_what_the_sandbox_knew(places, tmp_path) -> None:
    place, upper, lower = places
    begun = time.time_ns() - 10**9
    for tree in ("lower", "upper"):
        (tmp_path / tree / "text").write_text(tree)
    bases.record(place, upper, lower, begun)
    assert bases.read(place, 0).of("text") == Base(begun)


def test_an_entry_keeps_the_base_of_its_first_session(places, tmp_path) -> None:
    place, upper, lower = places
    for tree in ("lower", "upper"):
        (tmp_path / tree / "text").write_text(tree)
    bases.record(place, upper, lower, FUTURE)
    first = bases.read(place, 0).of("text")
    (tmp_path / "lower" / "text").write_text("edited")
    bases.record(place, upper, lower, FUTURE + 1)
    assert bases.read(place, 0).of("text") == first
    assert Copies(place).read(first.digest) == b"lower"


def test_a_torn_copy_is_none(places, tmp_path) -> None:
    place, upper, lower = places
    for tree in ("lower", "upper"):
        (tmp_path / tree / "text").write_text(tree)
    bases.record(place, upper, lower, FUTURE)
    digest = bases.read(place, 0).of("text").digest
    (tmp_path / "set" / "base" / digest).write_text("")
    assert Copies(place).read(digest) is None


def test_what_the_caller_knows_counts_also_below_what_was_deleted_as_a_whole(places, tmp_path) -> None:
    place, upper, lower = places
    (tmp_path / "lower" / "gone").mkdir()
    os.mknod(tmp_path / "upper" / "gone", 0o020000, 0)
    bases.record(place, upper, lower, 10, {"gone/file": Base(5, 0o100644, "ab").text()})
    bases.record(place, upper, lower, 20)
    known = bases.read(place, 30)
    assert known.of("gone/file") == Base(5, 0o100644, "ab")
    assert known.of("gone/other") == Base(10), "the time at which the whole was deleted, not the last session's"


def test_none_noted_means_the_session_itself(places) -> None:
    assert bases.read(places[0], 7).of("x") == Base(7)
