from __future__ import annotations

from typing import TYPE_CHECKING

from paddock.workspace import shelf
from paddock.workspace.git import branches
from paddock.workspace.git.branches import named
from paddock.workspace.git.transfer import Tip

if TYPE_CHECKING:
    from pathlib import Path

A, B = "a" * 40, "b" * 40
MAIN, TOPIC, OTHER = Tip("main", A, 1, main=True), Tip("topic/one", B, 2), Tip("topic", B, 2)


def test_heads_branch_has_the_name_of_the_change_set_and_the_others_follow_it() -> None:
    assert named((MAIN, TOPIC), "paddock/calm-fern") == {
        "paddock/calm-fern": MAIN,
        "paddock/calm-fern+topic/one": TOPIC,
    }


def test_a_single_branch_needs_no_head_on_it() -> None:
    assert named((TOPIC,), "x") == {"x": TOPIC}
    assert named((), "x") == {}


def test_several_without_head_on_them_all_have_names_of_their_own() -> None:
    assert named((TOPIC, OTHER), "x") == {"x+topic/one": TOPIC, "x+topic": OTHER}


def test_what_we_moved_is_remembered_by_place(tmp_path: Path) -> None:
    with shelf.opened(str(tmp_path)) as directory:
        assert branches.read_record(directory, "") == {}
        branches.write_record(directory, "", {"x": A})
        branches.write_record(directory, "sub", {"x": B})
        branches.write_record(directory, "", {"y": B})
        assert branches.read_record(directory, "") == {"x": A, "y": B}
        assert branches.read_record(directory, "sub") == {"x": B}
        branches.write_record(directory, "", {"x": B})
        assert branches.read_record(directory, "") == {"x": B, "y": B}


def test_a_torn_record_only_means_that_more_is_asked(tmp_path: Path) -> None:
    (tmp_path / branches.RECORD).write_bytes(b"\0x\0" + A.encode() + b"\0\0y\0tor")
    with shelf.opened(str(tmp_path)) as directory:
        assert branches.read_record(directory, "") == {"x": A}
