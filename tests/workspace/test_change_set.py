from __future__ import annotations

import os
import shutil
import socket

import pytest

from paddock.errors import WorkspaceError
from paddock.workspace import shelf
from paddock.workspace.change import Change, file_type
from paddock.workspace.change_set import walk
from paddock.workspace.discard import discard_all
from tests.capabilities import needs
from tests.workspace.overlays import fingerprint
from tests.workspace.test_git_index import git, index, make, refresh

pytestmark = needs("overlay")


def test_each_kind_of_change_is_named(lab) -> None:
    lab.write(edited="one", gone="two", mode="three", typed="four", dir__inner="five", linked="six")

    def work(inside) -> None:
        (inside / "edited").write_text("other")
        (inside / "gone").unlink()
        (inside / "mode").chmod(0o755)
        (inside / "typed").unlink()
        (inside / "typed").mkdir()
        (inside / "new").write_text("")
        (inside / "newdir").mkdir()
        (inside / "newdir" / "link").symlink_to("../edited")
        (inside / "linked").unlink()
        (inside / "linked").symlink_to("edited")
        (inside / "dir").chmod(0o700)

    before = fingerprint(lab.repository)
    lab.run(work)
    assert fingerprint(lab.repository) == before
    assert lab.kinds() == {
        "dir": "mode",
        "edited": "modified",
        "gone": "deleted",
        "linked": "replaced",
        "mode": "mode",
        "new": "added",
        "newdir": "added",
        "newdir/link": "added",
        "typed": "replaced",
    }


def test_modes_sizes_and_types_are_told(lab) -> None:
    lab.write(file="12345")
    lab.run(lambda inside: ((inside / "file").write_text("\0"), (inside / "file").chmod(0o600)))
    (change,) = lab.changes()
    assert (change.old_size, change.new_size, change.binary) == (5, 1, True)
    assert (change.old_mode, change.new_mode, change.mode) == (0o100644, 0o100600, 0o600)
    assert change.type == "file"


def test_what_was_put_back_is_no_change(lab) -> None:
    lab.write(file="text", moved="x", dir__inner="y")

    def work(inside) -> None:
        (inside / "file").write_text("other")
        (inside / "file").write_text("text")
        (inside / "file").chmod(0o600)
        (inside / "file").chmod(0o644)
        os.utime(inside / "dir")
        (inside / "dir" / "temporary").write_text("")
        (inside / "dir" / "temporary").unlink()
        (inside / "moved").rename(inside / "away")
        (inside / "away").rename(inside / "moved")

    lab.run(work)
    assert lab.is_empty


def test_a_directory_that_was_made_anew_says_what_it_hides(lab) -> None:
    lab.write(dir__kept="same", dir__gone="x", dir__sub__deep="y", dir__sub__also="z")

    def work(inside) -> None:
        shutil.rmtree(inside / "dir")
        (inside / "dir" / "sub").mkdir(parents=True)
        (inside / "dir" / "kept").write_text("same")
        (inside / "dir" / "sub" / "deep").write_text("new")

    lab.run(work)
    assert lab.kinds() == {"dir/gone": "deleted", "dir/sub/deep": "modified", "dir/sub/also": "deleted"}


def test_a_deleted_directory_says_what_was_in_it_the_deepest_first(lab) -> None:
    lab.write(dir__a="x", dir__sub__b="y")
    lab.run(lambda inside: shutil.rmtree(inside / "dir"))
    assert list(lab.kinds()) == ["dir/a", "dir/sub/b", "dir/sub", "dir"]


def test_a_new_directory_that_was_renamed_is_a_new_directory(lab) -> None:
    def work(inside) -> None:
        (inside / "one").mkdir()
        (inside / "one" / "file").write_text("x")
        (inside / "one").rename(inside / "two")

    lab.run(work)
    assert lab.kinds() == {"two": "added", "two/file": "added"}


def test_git_data_is_one_held_entry_wherever_it_is(lab) -> None:
    lab.write(**{".git__config": "x", ".git__HEAD": "y", "sub__.git__HEAD": "z", "old__.git": "gitdir: x"})

    def work(inside) -> None:
        (inside / ".git" / "config").write_text("[core]\n\tfsmonitor = evil\n")
        (inside / ".git" / "hooks").mkdir()
        (inside / ".git" / "hooks" / "pre-commit").write_text("evil")
        (inside / "new" / ".GIT").mkdir(parents=True)
        (inside / "new" / ".GIT" / "config").write_text("evil")
        shutil.rmtree(inside / "sub")
        (inside / "old" / ".git").unlink()

    lab.run(work)
    assert lab.kinds() == {
        ".git": "modified git",
        "new": "added",
        "new/.GIT": "added git",
        "old/.git": "deleted",  # a submodule's pointer may go
        "sub/.git": "deleted git",
        "sub": "deleted git",
    }


def test_special_files_are_held_and_set_id_bits_are_told(lab) -> None:
    lab.write(tool="#!/bin/sh\n")

    def work(inside) -> None:
        os.mkfifo(inside / "fifo")
        os.chdir(inside)  # the path may be too long for a socket's address
        socket.socket(socket.AF_UNIX).bind("socket")
        (inside / "tool").chmod(0o6755)

    lab.run(work)
    assert lab.kinds() == {"fifo": "added special", "socket": "added special", "tool": "mode"}
    tool = lab.changes()[-1]
    assert tool.mode == 0o755
    assert tool.note


def test_links_that_lead_out_are_held(lab) -> None:
    lab.write(stays="")
    (lab.repository / "old").symlink_to("/etc")

    def work(inside) -> None:
        (inside / "absolute").symlink_to("/etc")
        (inside / "climbing").symlink_to("../x")
        (inside / "fine").symlink_to("stays")
        (inside / "old").unlink()
        (inside / "old").symlink_to("/etc")

    lab.run(work)
    assert lab.kinds() == {"absolute": "added link", "climbing": "added link", "fine": "added"}


@pytest.mark.user
def test_a_directory_that_its_mode_closes_is_held(lab) -> None:
    def work(inside) -> None:
        (inside / "closed").mkdir()
        (inside / "closed" / "file").write_text("")
        (inside / "closed").chmod(0)

    lab.run(work)
    assert lab.kinds() == {"closed": "added unreadable"}


def test_a_file_that_its_mode_closes_is_compared(lab) -> None:
    lab.write(file="text")
    lab.run(lambda inside: (inside / "file").chmod(0))
    assert lab.kinds() == {"file": "mode"}


def test_a_tree_of_20000_levels_is_one_held_change_from_where_no_path_leads_on(lab) -> None:
    def work(inside) -> None:
        os.chdir(inside)
        for _ in range(20_000):
            os.mkdir("d")
            os.chdir("d")
        with open("bottom", "w"):
            pass

    lab.run(work)
    *usual, last = lab.changes()
    assert {change.held for change in usual} == {""}
    assert last.held == "deep"
    assert len(last.path) < 4096
    assert lab.apply().remaining
    discard_all(lab.held)
    assert lab.is_empty


def test_a_directory_that_the_host_has_deleted_meanwhile_is_told(lab) -> None:
    lab.write(dir__file="x")
    lab.run(lambda inside: (inside / "dir" / "file").write_text("y"))
    shutil.rmtree(lab.repository / "dir")
    assert [(change.path, change.vanished) for change in lab.changes()] == [("dir", True), ("dir/file", False)]


def test_unchanged_entries_are_given_when_asked_for(lab) -> None:
    lab.write(same="x", other="y")

    def work(inside) -> None:
        (inside / "same").write_text("x")
        (inside / "other").write_text("z")

    lab.run(work)
    with lab.trees() as (upper, lower):
        assert {change.path: change.kind for change in walk(upper, lower, unchanged=True)} == {
            "other": "modified",
            "same": "same",
        }


def test_fs10_a_link_that_the_repository_had_is_never_read_through(lab, tmp_path) -> None:
    """INVARIANT FS-10: the sandbox puts a directory where the host has a link that leads out."""
    (tmp_path / "canary").mkdir()
    (tmp_path / "canary" / "file").write_text("canary")
    (lab.repository / "worktrees").symlink_to(tmp_path / "canary")

    def work(inside) -> None:
        (inside / "worktrees").unlink()
        (inside / "worktrees").mkdir()
        (inside / "worktrees" / "file").write_text("canary")  # the same bytes must not be "no change"

    before = fingerprint(tmp_path / "canary")
    lab.run(work)
    assert lab.kinds() == {"worktrees": "replaced", "worktrees/file": "added"}
    assert lab.apply().problems == ()
    assert (lab.repository / "worktrees" / "file").read_text() == "canary"
    assert fingerprint(tmp_path / "canary") == before


def test_ten_changes_cost_the_same_in_a_large_repository(lab, monkeypatch) -> None:
    """The budget, counted instead of timed: no listing of the lower tree."""
    for number in range(300):
        lab.write(**{f"d{number % 10}__f{number}": "x"})
    lab.run(lambda inside: [(inside / f"d{n}" / f"f{n}").write_text("y") for n in range(10)])
    listed = []
    real = os.listdir

    def listdir(place):
        listed.append(real(place))
        return listed[-1]

    with lab.trees() as (upper, lower):
        monkeypatch.setattr(os, "listdir", listdir)
        assert sum(1 for _ in walk(upper, lower)) == 10
    assert sum(map(len, listed)) == 20


@pytest.mark.parametrize(
    ("mode", "word"), [(0o100644, "file"), (0o40755, "directory"), (0o120777, "symlink"), (0o10644, "special")]
)
def test_types_have_words(mode, word) -> None:
    assert file_type(mode) == word
    assert Change("x", "added", new_mode=mode).type == word


def test_a_lost_repository_is_told_apart_from_an_empty_one(lab) -> None:
    lab.run(lambda inside: (inside / "file").write_text("x"))
    held = lab.held
    lab.repository.rename(lab.base / "elsewhere")
    with pytest.raises(WorkspaceError, match="not there"):
        shelf.open_repository(held)
    lab.repository.mkdir()
    with pytest.raises(WorkspaceError, match="not there"):
        shelf.open_repository(held)


@needs("git")
class TestRefreshedIndex:
    """`git status` in the sandbox writes the index anew, and nothing else."""

    @pytest.fixture(autouse=True)
    def host(self, lab) -> None:
        make(lab.repository)

    def test_a_look_with_git_leaves_nothing_held(self, lab) -> None:
        kept = lab.run(refresh)
        assert not os.path.exists(kept.path)
        assert lab.is_empty

    def test_beside_other_changes_it_is_not_told_and_all_of_them_can_be_applied(self, lab) -> None:
        before = index(lab.repository)
        lab.run(lambda inside: ((inside / "new").write_text("x"), refresh(inside)))
        assert os.listdir(f"{lab.held.upper}/.git") == ["index"]
        assert "new" in lab.kinds()
        assert ".git" not in lab.kinds()
        assert not lab.apply().remaining
        assert lab.is_empty
        assert index(lab.repository) == before

    @pytest.mark.parametrize(
        "work",
        [
            lambda inside: ((inside / "a").write_text("a"), git(inside, "rm", "-q", "--cached", "b")),
            lambda inside: (refresh(inside), (inside / ".git/hooks/evil").write_text("x")),
            lambda inside: (refresh(inside), (inside / ".git/index").chmod(0o600)),
            lambda inside: (refresh(inside), (inside / ".git").chmod(0o700)),
            lambda inside: (inside / ".git/index").write_bytes(b"x"),
            lambda inside: (inside / ".git/index").unlink(),
            lambda inside: ((inside / ".git/index").unlink(), (inside / ".git/index").symlink_to("config")),
            lambda inside: ((inside / ".git/index").unlink(), os.mkfifo(inside / ".git/index")),
        ],
    )
    def test_anything_more_is_held(self, lab, work) -> None:
        lab.run(work)
        assert lab.kinds()[".git"] == "modified git"
