from __future__ import annotations

import shutil

from paddock.workspace import renames
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
