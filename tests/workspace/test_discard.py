from __future__ import annotations

import os
import shutil

import pytest

from paddock.errors import SessionError, WorkspaceError
from paddock.workspace import store
from paddock.workspace.discard import discard_all, discard_paths
from paddock.workspace.journal import Journal
from paddock.workspace.selection import Selection
from tests.capabilities import needs
from tests.workspace.overlays import fingerprint

pytestmark = needs("overlay")


def test_all_of_it_goes_and_the_host_stays(lab) -> None:
    lab.write(file="old")

    def work(inside) -> None:
        (inside / "file").write_text("new")
        os.mkfifo(inside / "fifo")

    lab.run(work)
    before = fingerprint(lab.repository)
    discard_all(lab.held)
    assert lab.is_empty
    assert fingerprint(lab.repository) == before


def test_a_part_goes(lab) -> None:
    lab.write(a="old", b="old", dir__c="old", gone="old")

    def work(inside) -> None:
        for name in ("a", "b", "dir/c", "dir/new"):
            (inside / name).write_text("new")
        (inside / "gone").unlink()
        (inside / "dir").chmod(0o700)

    lab.run(work)
    assert discard_paths(lab.held, Selection(["a", "gone", "dir/new"]))
    assert lab.kinds() == {"b": "modified", "dir": "mode", "dir/c": "modified"}
    assert discard_paths(lab.held, Selection(["dir"]))
    assert lab.kinds() == {"b": "modified"}
    assert not discard_paths(lab.held, Selection(["b"]))
    assert lab.is_empty


def test_one_file_of_a_directory_that_was_made_anew_can_go(lab) -> None:
    lab.write(dir__a="old", dir__b="old")

    def work(inside) -> None:
        shutil.rmtree(inside / "dir")
        (inside / "dir").mkdir()
        (inside / "dir" / "c").write_text("new")

    lab.run(work)
    assert lab.kinds() == {"dir/a": "deleted", "dir/b": "deleted", "dir/c": "added"}
    discard_paths(lab.held, Selection(["dir/a", "dir/c"]))
    assert lab.kinds() == {"dir/b": "deleted"}


def test_a_part_of_a_deleted_directory_cannot_go_alone(lab) -> None:
    lab.write(dir__a="old", dir__b="old")
    lab.run(lambda inside: shutil.rmtree(inside / "dir"))
    with pytest.raises(WorkspaceError, match="cannot be discarded alone"):
        discard_paths(lab.held, Selection(["dir/a"]))
    assert set(lab.kinds()) == {"dir/a", "dir/b", "dir"}
    assert not discard_paths(lab.held, Selection(["dir"]))


def test_git_data_can_be_thrown_away(lab) -> None:
    lab.write(**{".git__config": "mine"})
    lab.run(lambda inside: ((inside / ".git" / "config").write_text("x"), (inside / "file").write_text("x")))
    assert discard_paths(lab.held, Selection([".git"]))
    assert lab.kinds() == {"file": "added"}


def test_a_word_that_meets_nothing_discards_nothing(lab) -> None:
    lab.run(lambda inside: (inside / "file").write_text("x"))
    with pytest.raises(WorkspaceError, match="no change matches"):
        discard_paths(lab.held, Selection(["file", "fiel"]))
    assert set(lab.kinds()) == {"file"}


def test_nothing_goes_while_a_sandbox_is_live(lab) -> None:
    change_set = store.claim(str(lab.repository))
    for discard in (discard_all, lambda held: discard_paths(held, Selection([""]))):
        with pytest.raises(SessionError, match="in use"):
            discard(change_set)


def test_a_repository_that_is_gone_is_no_obstacle(lab) -> None:
    lab.run(lambda inside: (inside / "file").write_text("x"))
    held = lab.held
    shutil.rmtree(lab.repository)
    discard_all(held)
    assert store.listing() == ()


def test_what_a_killed_apply_left_on_the_host_goes_along(lab) -> None:
    lab.run(lambda inside: (inside / "file").write_text("x"))
    with store.held(lab.held) as locked:
        name = Journal(locked.lock).temporary("")
        (lab.repository / name).write_text("half")
    discard_all(lab.held)
    assert os.listdir(lab.repository) == []


@pytest.mark.user
def test_what_its_mode_closes_goes(lab) -> None:
    def work(inside) -> None:
        (inside / "closed" / "inner").mkdir(parents=True)
        (inside / "closed").chmod(0)
        (inside / "file").write_text("x")

    lab.run(work)
    assert discard_paths(lab.held, Selection(["closed"]))
    assert lab.kinds() == {"file": "added"}
