from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from paddock.errors import SessionError, WorkspaceError
from paddock.kernel import files
from paddock.workspace import store
from paddock.workspace.applying import engine, verdicts
from paddock.workspace.applying.apply import Wishes, apply
from paddock.workspace.host import Host
from paddock.workspace.selection import Selection
from tests.capabilities import needs
from tests.workspace.overlays import fingerprint, tree

pytestmark = needs("overlay")


def problems(report) -> dict[str, str]:
    return {problem.path: f"{problem.kind}: {problem.reason}" for problem in report.problems}


def test_everything_applied_leaves_no_change_set(lab) -> None:
    lab.write(file="old", gone="x")

    def work(inside) -> None:
        (inside / "file").write_text("new")
        (inside / "gone").unlink()
        (inside / "dir").mkdir()
        (inside / "dir" / "more").write_text("more")

    lab.run(work)
    report = lab.apply()
    assert report.applied == ("dir", "dir/more", "file", "gone")
    assert (report.problems, report.remaining) == ((), False)
    assert lab.is_empty
    assert sorted(tree(lab.repository)) == [b"dir", b"dir/more", b"file"]


def test_a_part_can_be_taken_and_the_rest_stays(lab) -> None:
    lab.write(dir__a="1", dir__b="2", other="3")
    lab.run(lambda inside: [(inside / name).write_text("new") for name in ("dir/a", "dir/b", "other", "dir/c.md")])
    assert lab.apply("dir/a", "*.md").applied == ("dir/a", "dir/c.md")
    assert set(lab.kinds()) == {"dir/b", "other"}
    assert lab.apply("dir").applied == ("dir/b",)
    assert lab.apply().remaining is False


def test_a_dry_run_says_the_same_and_touches_nothing(lab) -> None:
    lab.write(file="old", dir__a="x", dir__b="y")

    def work(inside) -> None:
        (inside / "file").write_text("new")
        shutil.rmtree(inside / "dir")
        (inside / "dir").mkdir()
        (inside / "dir" / "b").write_text("z")
        os.mkfifo(inside / "fifo")

    lab.run(work)
    before = fingerprint(lab.repository), fingerprint(lab.held.upper)
    dry = lab.apply(dry_run=True)
    assert (fingerprint(lab.repository), fingerprint(lab.held.upper)) == before
    real = lab.apply()
    assert sorted(dry.applied) == sorted(real.applied)
    assert dry.problems == real.problems


@pytest.mark.parametrize("edit", ["write", "replace", "append"])
def test_a_file_that_the_host_changed_meanwhile_is_a_conflict(lab, edit) -> None:
    lab.write(file="old", other="old")
    lab.run(lambda inside: [(inside / name).write_text("inside") for name in ("file", "other")])
    if edit == "replace":
        (lab.base / "new").write_text("host")
        (lab.base / "new").rename(lab.repository / "file")
    else:
        with open(lab.repository / "file", "a" if edit == "append" else "w") as file:
            file.write("host")
    mine = (lab.repository / "file").read_text()
    report = lab.apply()
    assert problems(report) == {"file": f"conflict: {verdicts.CHANGED}"}
    assert report.applied == ("other",)
    assert (lab.repository / "file").read_text() == mine
    assert set(lab.kinds()) == {"file"}
    assert lab.apply("file", force=("file",)).applied == ("file",)
    assert (lab.repository / "file").read_text() == "inside"
    assert lab.is_empty


def test_what_appeared_on_the_host_meanwhile_is_a_conflict(lab) -> None:

    def work(inside) -> None:
        (inside / "new").write_text("inside")
        (inside / "dir").mkdir()

    lab.run(work)
    lab.write(new="host", dir="host")
    report = lab.apply()
    assert set(problems(report)) == {"dir", "new"}
    assert {(lab.repository / name).read_text() for name in ("new", "dir")} == {"host"}


def test_a_deletion_never_takes_what_the_host_changed_or_added(lab) -> None:
    lab.write(dir__old="x", dir__edited="y", dir__sub__z="z")
    lab.run(lambda inside: shutil.rmtree(inside / "dir"))
    lab.write(dir__edited="mine", dir__new="mine")
    report = lab.apply()
    assert problems(report) == {
        "dir/edited": f"conflict: {verdicts.CHANGED}",
        "dir/new": f"conflict: {verdicts.CHANGED}",
        "dir": f"conflict: {verdicts.NOT_EMPTY}",
    }
    assert sorted(tree(lab.repository)) == [b"dir", b"dir/edited", b"dir/new"]
    assert lab.apply(force=("dir",)).remaining is False
    assert tree(lab.repository) == {}


def test_a_directory_with_news_is_not_replaced_by_a_file(lab) -> None:
    lab.write(dir__old="x")

    def work(inside) -> None:
        shutil.rmtree(inside / "dir")
        (inside / "dir").write_text("a file")

    lab.run(work)
    lab.write(dir__new="mine")
    report = lab.apply()
    assert "dir" in problems(report)
    assert (lab.repository / "dir" / "new").read_text() == "mine"
    assert lab.apply(force=("dir",)).remaining is False
    assert (lab.repository / "dir").read_text() == "a file"


def test_a_directory_that_the_host_deleted_is_not_made_again_with_only_the_changes_in_it(lab) -> None:
    lab.write(dir__a="x", dir__b="y")
    lab.run(lambda inside: (inside / "dir" / "a").write_text("z"))
    shutil.rmtree(lab.repository / "dir")
    for paths in ((), ("dir/a",)):
        report = lab.apply(*paths)
        assert report.applied == ()
        assert "conflict" in problems(report)["dir/a"]
    assert tree(lab.repository) == {}
    assert lab.apply(force=("dir",)).remaining is False
    assert (lab.repository / "dir" / "a").read_text() == "z"


def test_a_directory_that_became_a_file_or_a_link_on_the_host_is_a_conflict(lab, tmp_path) -> None:
    lab.write(one__a="x", two__a="y")
    lab.run(lambda inside: [(inside / name / "a").write_text("z") for name in ("one", "two")])
    (tmp_path / "canary").mkdir()
    for name in ("one", "two"):
        shutil.rmtree(lab.repository / name)
    (lab.repository / "one").write_text("mine")
    (lab.repository / "two").symlink_to(tmp_path / "canary")
    report = lab.apply()
    assert report.applied == ()
    assert set(problems(report)) == {"one", "one/a", "two", "two/a"}
    assert (lab.repository / "one").read_text() == "mine"
    assert os.listdir(tmp_path / "canary") == []


def test_the_same_change_on_both_sides_is_no_conflict(lab) -> None:
    lab.write(file="old")
    lab.run(lambda inside: ((inside / "file").write_text("same"), (inside / "other").write_text("x")))
    lab.write(file="same")
    report = lab.apply()
    assert (report.problems, report.remaining) == ((), False)


def test_what_we_applied_ourselves_is_no_conflict_later(lab) -> None:
    lab.write(file="old", kept="old", dir__x="old")

    def first(inside) -> None:
        (inside / "file").write_text("one")
        (inside / "kept").write_text("one")
        (inside / "new").mkdir()
        (inside / "new" / "a").write_text("one")
        (inside / "new" / "b").write_text("one")

    lab.run(first)
    lab.apply("file", "new/a")
    lab.run(lambda inside: [(inside / name).write_text("two") for name in ("file", "new/a", "dir/x")])
    report = lab.apply()
    assert report.problems == ()
    assert not report.remaining
    assert [(lab.repository / name).read_text() for name in ("file", "new/a", "new/b", "kept")] == [
        "two",
        "two",
        "one",
        "one",
    ]


def test_an_edit_between_two_sessions_is_seen_for_old_entries_and_not_held_against_new_ones(lab) -> None:
    lab.write(early="old", late="old")
    lab.run(lambda inside: (inside / "early").write_text("one"))
    lab.write(early="host", late="host")
    lab.run(lambda inside: ((inside / "early").write_text("two"), (inside / "late").write_text("two")))
    report = lab.apply()
    assert problems(report) == {"early": f"conflict: {verdicts.CHANGED}"}
    assert (lab.repository / "late").read_text() == "two"
    assert (lab.repository / "early").read_text() == "host"


def test_an_edit_between_two_sessions_is_seen_below_what_the_first_one_deleted_as_a_whole(lab) -> None:
    lab.write(gone__file="old", swapped__file="old")

    def first(inside) -> None:
        shutil.rmtree(inside / "gone")
        shutil.rmtree(inside / "swapped")
        (inside / "swapped").write_text("a file")

    lab.run(first)
    lab.write(gone__file="host", swapped__file="host")
    lab.run(lambda inside: (inside / "other").write_text("x"))
    report = lab.apply()
    assert {"gone/file", "swapped"} <= set(problems(report))
    assert (lab.repository / "gone" / "file").read_text() == "host"
    assert (lab.repository / "swapped" / "file").read_text() == "host"


def test_a_touch_or_an_edit_that_was_undone_is_no_conflict(lab) -> None:
    lab.write(touched="old", edited="old", removed="old", replaced="old")

    def work(inside) -> None:
        for name in ("touched", "edited", "replaced"):
            (inside / name).write_text("inside")
        (inside / "removed").unlink()

    lab.run(work)
    for name in ("touched", "removed"):
        os.utime(lab.repository / name)
    lab.write(edited="host")
    lab.write(edited="old")
    (lab.repository / "replaced").unlink()
    lab.write(replaced="old")
    report = lab.apply()
    assert (report.problems, report.remaining) == ((), False)
    assert set(tree(lab.repository)) == {b"touched", b"edited", b"replaced"}


def test_what_the_host_deleted_is_not_brought_back(lab) -> None:
    lab.write(file="old")
    lab.run(lambda inside: ((inside / "file").write_text("inside"), (inside / "new").write_text("x")))
    (lab.repository / "file").unlink()
    report = lab.apply()
    assert problems(report) == {"file": f"conflict: {verdicts.DELETED}"}
    assert report.applied == ("new",)
    assert lab.apply(force=("file",)).remaining is False
    assert (lab.repository / "file").read_text() == "inside"


def test_an_edit_after_a_killed_session_is_seen_too(lab) -> None:
    from tests.workspace.overlays import inside

    lab.write(file="old")
    change_set = store.claim(str(lab.repository))
    inside(change_set, lambda merged: Path(merged, "file").write_text("one"))
    os.close(change_set.lock)  # as if Paddock had been killed: no release
    lab.write(file="host")
    lab.run(lambda merged: (merged / "other").write_text("x"))
    assert problems(lab.apply()) == {"file": f"conflict: {verdicts.CHANGED}"}


def test_git_data_is_held_and_all_else_applied(lab) -> None:
    lab.write(**{".git__config": "mine", "sub__.git__HEAD": "mine", "sub__file": "x"})

    def work(inside) -> None:
        (inside / ".git" / "config").write_text("evil")
        (inside / "new" / ".Git").mkdir(parents=True)
        (inside / "new" / ".Git" / "config").write_text("evil")
        (inside / "new" / "file").write_text("fine")
        shutil.rmtree(inside / "sub")

    lab.run(work)
    report = lab.apply(links=True, force=("",))
    assert {problem.path for problem in report.of("held")} == {".git", "new/.Git", "sub/.git", "sub"}
    assert sorted(tree(lab.repository)) == [
        b".git",
        b".git/config",
        b"new",
        b"new/file",
        b"sub",
        b"sub/.git",
        b"sub/.git/HEAD",
    ]
    assert (lab.repository / ".git" / "config").read_text() == "mine"
    assert report.remaining


def test_a_file_in_place_of_a_directory_with_git_data_is_held(lab) -> None:
    lab.write(**{"sub__.git__HEAD": "mine"})

    def work(inside) -> None:
        shutil.rmtree(inside / "sub")
        (inside / "sub").write_text("x")

    lab.run(work)
    assert "sub" in {problem.path for problem in lab.apply(force=("",)).of("held")}
    assert (lab.repository / "sub" / ".git" / "HEAD").read_text() == "mine"


def test_special_files_are_never_made_and_set_id_bits_never_given(lab) -> None:
    lab.write(tool="x")

    def work(inside) -> None:
        os.mkfifo(inside / "fifo")
        (inside / "tool").chmod(0o6755)
        (inside / "new").write_text("y")
        (inside / "new").chmod(0o4755)
        (inside / "dir").mkdir()
        (inside / "dir").chmod(0o2755)

    lab.run(work)
    report = lab.apply()
    assert problems(report) == {"fifo": "held: special"}
    for name in ("tool", "new", "dir"):
        assert stat.S_IMODE((lab.repository / name).stat().st_mode) == 0o755


def test_links_that_lead_out_need_a_word(lab) -> None:
    lab.run(lambda inside: (inside / "out").symlink_to("/etc"))
    assert problems(lab.apply()) == {"out": "held: link"}
    assert lab.apply(links=True).applied == ("out",)
    assert os.readlink(lab.repository / "out") == "/etc"


def test_a_hard_link_of_the_host_is_broken_by_a_mode_too(lab, tmp_path) -> None:
    (tmp_path / "outside").write_text("text")
    os.link(tmp_path / "outside", lab.repository / "file")
    lab.run(lambda inside: (inside / "file").chmod(0o777))
    assert lab.apply().applied == ("file",)
    assert stat.S_IMODE((lab.repository / "file").stat().st_mode) == 0o777
    assert stat.S_IMODE((tmp_path / "outside").stat().st_mode) == 0o644


def test_a_sparse_file_of_10_gib_stays_sparse(lab) -> None:
    def work(inside) -> None:
        with open(inside / "big", "wb") as file:
            file.truncate(10 << 30)
            file.seek(5 << 30)
            file.write(b"middle")

    lab.run(work)
    lab.apply()
    found = (lab.repository / "big").stat()
    assert found.st_size == 10 << 30
    assert found.st_blocks * 512 < 1 << 20


def test_while_a_sandbox_is_live_nothing_is_applied(lab) -> None:
    change_set = store.claim(str(lab.repository))
    with pytest.raises(SessionError, match="in use"):
        apply(change_set, Wishes(Selection()))


def test_a_repository_that_is_gone_is_told_and_nothing_lost(lab) -> None:
    lab.run(lambda inside: (inside / "file").write_text("x"))
    held = lab.held
    lab.repository.rename(lab.base / "elsewhere")
    with pytest.raises(WorkspaceError, match="not there") as caught:
        apply(held, Wishes(Selection()))
    assert held.upper in caught.value.next_step
    assert os.listdir(held.upper) == ["file"]


def test_a_write_that_fails_is_told_and_the_others_go_on(lab, monkeypatch) -> None:
    lab.run(lambda inside: [(inside / name).write_text("x") for name in ("a", "b", "c")])
    real = Host.put_file

    def put(self, change, source, expected, **notes):
        if change.path == "b":
            raise OSError(1, "Operation not permitted")
        return real(self, change, source, expected, **notes)

    monkeypatch.setattr(Host, "put_file", put)
    report = lab.apply()
    assert problems(report) == {"b": "failed: Operation not permitted"}
    assert report.applied == ("a", "c")
    assert set(lab.kinds()) == {"b"}


def test_many_files_go_in_batches(lab, monkeypatch) -> None:
    monkeypatch.setattr(engine, "BATCH", 10)
    synced: list[int] = []
    monkeypatch.setattr(files, "sync_file_system", synced.append)
    lab.run(lambda inside: [(inside / f"f{number}").write_text("x") for number in range(95)])
    assert len(lab.apply().applied) == 95
    assert len(synced) == 10
    assert lab.is_empty


def test_the_host_has_a_change_on_its_disk_before_the_change_set_lets_go(lab, monkeypatch) -> None:
    lab.run(lambda inside: (inside / "file").write_text("x"))
    upper = lab.held.upper
    seen = []
    monkeypatch.setattr(
        files, "sync_file_system", lambda _: seen.append((os.listdir(upper), os.listdir(lab.repository)))
    )
    lab.apply()
    assert seen == [(["file"], ["file"])]
