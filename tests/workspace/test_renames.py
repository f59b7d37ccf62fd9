from __future__ import annotations

import shutil
import tracemalloc

from paddock.workspace import renames
from paddock.workspace.change import Change
from paddock.workspace.change_set import walk
from tests.capabilities import needs

pytestmark = needs("overlay")


def sources(lab) -> dict[str, str]:
    return {change.path: change.source for change in lab.changes() if change.kind == "renamed"}


def test_a_moved_file_is_found_by_its_content(lab) -> None:
    lab.write(old="content", other="else")
    lab.run(lambda inside: (inside / "old").rename(inside / "new"))
    assert lab.kinds() == {"new": "renamed"}
    (change,) = lab.changes()
    assert (change.source, change.old_mode) == ("old", 0o100644)


def test_a_moved_directory_keeps_its_names_together(lab) -> None:
    lab.write(a__one="same", a__two="same", a__three="other")
    lab.run(lambda inside: shutil.move(inside / "a", inside / "b"))
    assert sources(lab) == {"b/one": "a/one", "b/two": "a/two", "b/three": "a/three"}
    assert lab.kinds()["a"] == "deleted"


def test_each_deletion_is_used_once(lab) -> None:
    lab.write(old="same")

    def work(inside) -> None:
        (inside / "old").unlink()
        for name in ("one", "two"):
            (inside / name).write_text("same")

    lab.run(work)
    assert sources(lab) == {"one": "old"}
    assert lab.kinds()["two"] == "added"


def test_edited_empty_held_and_huge_files_are_not_paired(lab, monkeypatch) -> None:
    monkeypatch.setattr(renames, "LARGEST_BYTES", 10)
    lab.write(edited="one", empty="", huge="more than ten bytes", **{"s__.git": "gitdir"})

    def work(inside) -> None:
        (inside / "edited").rename(inside / "edited2")
        (inside / "edited2").write_text("two")
        (inside / "empty").rename(inside / "empty2")
        (inside / "huge").rename(inside / "huge2")
        (inside / "s" / ".git").unlink()
        (inside / "stolen").write_text("gitdir")

    lab.run(work)
    assert sources(lab) == {}


def test_a_moved_file_that_its_mode_closes_is_found(lab) -> None:
    lab.write(old="content")

    def work(inside) -> None:
        (inside / "old").rename(inside / "new")
        (inside / "new").chmod(0)

    lab.run(work)
    assert sources(lab) == {"new": "old"}


def test_among_very_many_changes_none_are_looked_for_and_none_is_lost(lab, monkeypatch) -> None:
    lab.write(old="content")
    lab.run(lambda inside: ((inside / "old").rename(inside / "new"), (inside / "other").touch()))
    for most, expected in ((3, {"new": "renamed", "other": "added"}), (2, None)):
        monkeypatch.setattr(renames, "MANY", most)
        with lab.trees() as (upper, lower):
            found = {change.path: change.kind for change in renames.paired_if_few(walk(upper, lower), upper, lower)}
        assert found == (expected or {"new": "added", "old": "deleted", "other": "added"})


def test_a_hundred_thousand_changes_are_not_kept_in_memory() -> None:
    many = (Change(f"f{number:06}", "added", 0, 0o100644) for number in range(100_000))
    tracemalloc.start()
    count = sum(1 for _ in renames.paired_if_few(many, -1, -1))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 100_000
    assert peak < 24 << 20
