from __future__ import annotations

import os
import shutil
import stat

import pytest

from paddock.errors import SessionError, WorkspaceError
from paddock.workspace import store
from paddock.workspace.applying import past, undo, verdicts
from paddock.workspace.applying.past import Past
from tests.capabilities import needs
from tests.workspace.overlays import fingerprint, seen_inside, tree

pytestmark = needs("overlay")


def problems(undone) -> dict[str, str]:
    return {problem.path: f"{problem.kind}: {problem.reason}" for problem in undone.problems}


def everything(lab) -> None:
    lab.write(
        edited="old",
        gone="x",
        mode="x",
        typed="file",
        tree__a="1",
        tree__sub__b="2",
        dir__deep__file="x",
        opaque__a="1",
        opaque__b="2",
    )
    (lab.repository / "link").symlink_to("old")
    (lab.repository / "tree" / "sub").chmod(0o750)


def work(inside) -> None:
    (inside / "edited").write_text("new")
    (inside / "gone").unlink()
    (inside / "mode").chmod(0o700)
    (inside / "typed").unlink()
    (inside / "typed").mkdir()
    (inside / "typed" / "inner").write_text("new")
    shutil.rmtree(inside / "tree")
    shutil.rmtree(inside / "dir")
    (inside / "dir").write_text("a file")
    shutil.rmtree(inside / "opaque")
    (inside / "opaque").mkdir()
    (inside / "opaque" / "b").write_text("new")
    (inside / "link").unlink()
    (inside / "link").symlink_to("new")
    (inside / "fresh" / "sub").mkdir(parents=True)
    (inside / "fresh" / "sub" / "file").write_text("new")
    (inside / "fresh").chmod(0o500)
    (inside / "empty").mkdir()


def test_both_the_host_and_the_change_set_are_as_before(lab) -> None:
    everything(lab)
    lab.run(work)
    name = lab.held.name
    host, seen, kinds = tree(lab.repository), seen_inside(lab.held), lab.kinds()
    applied = lab.apply().applied
    after = tree(lab.repository)
    assert after != host
    undone = lab.undo()
    assert (undone.problems, undone.name) == ((), name)
    assert set(applied) <= set(undone.paths)
    assert tree(lab.repository) == host
    assert lab.kinds() == kinds
    assert seen_inside(lab.held) == seen
    report = lab.apply()
    assert (report.problems, report.remaining) == ((), False), "it can be applied again"
    assert tree(lab.repository) == after


def test_what_comes_back_is_the_very_file(lab, tmp_path) -> None:
    lab.write(file="old", gone="old")
    os.link(lab.repository / "file", tmp_path / "other")
    os.utime(lab.repository / "file", ns=(10**9, 10**9))
    before = {name: (lab.repository / name).stat() for name in ("file", "gone")}
    lab.run(lambda inside: ((inside / "file").write_text("new"), (inside / "gone").unlink()))
    lab.apply()
    assert (tmp_path / "other").read_text() == "old"
    lab.undo()
    for name, found in before.items():
        now = (lab.repository / name).stat()
        assert (now.st_ino, now.st_mtime_ns, now.st_nlink) == (found.st_ino, found.st_mtime_ns, found.st_nlink)


def test_from_another_file_system_a_copy_comes_back(lab, monkeypatch) -> None:
    everything(lab)
    (lab.repository / "edited").chmod(0o4751)
    os.utime(lab.repository / "edited", ns=(10**9, 10**9))
    lab.run(work)
    host, kinds = fingerprints(lab), lab.kinds()
    real_link, real_rename = os.link, os.rename
    apart(monkeypatch, lab)
    lab.apply()
    assert lab.undo().problems == ()
    monkeypatch.setattr(os, "link", real_link)
    monkeypatch.setattr(os, "rename", real_rename)
    assert fingerprints(lab) == host
    assert lab.kinds() == kinds


def apart(monkeypatch, lab) -> None:
    """As if the repository were on a file system of its own."""

    def refuse(real):
        def call(source, target, *rest, src_dir_fd=None, dst_dir_fd=None, **more):
            places = {
                os.readlink(f"/proc/self/fd/{fd}").startswith(str(lab.repository))
                for fd in (src_dir_fd, dst_dir_fd)
                if fd is not None
            }
            if len(places) > 1:
                raise OSError(18, "Invalid cross-device link")
            given = {
                name: fd for name, fd in (("src_dir_fd", src_dir_fd), ("dst_dir_fd", dst_dir_fd)) if fd is not None
            }
            return real(source, target, *rest, **given, **more)

        return call

    monkeypatch.setattr(os, "link", refuse(os.link))
    monkeypatch.setattr(os, "rename", refuse(os.rename))


def fingerprints(lab) -> dict[bytes, object]:
    found: dict[bytes, object] = {}
    for path, node in tree(lab.repository).items():
        about = os.lstat(os.fsencode(lab.repository) + b"/" + path)
        times = about.st_mtime_ns if stat.S_ISREG(about.st_mode) else 0
        found[path] = (node, about.st_uid, about.st_gid, times)
    return found


def test_what_the_host_changed_since_stays_and_can_be_undone_when_it_is_put_back(lab) -> None:
    lab.write(edited="old", kept="old", mode="old")

    def change(inside) -> None:
        for name in ("edited", "kept", "new"):
            (inside / name).write_text("new")
        (inside / "mode").chmod(0o700)
        (inside / "dir").mkdir()
        (inside / "dir" / "file").write_text("new")

    lab.run(change)
    lab.apply()
    lab.write(edited="mine", new="mine", dir__mine="mine")
    (lab.repository / "mode").chmod(0o711)
    undone = lab.undo()
    assert problems(undone) == {
        "edited": f"conflict: {undo.CHANGED}",
        "new": f"conflict: {undo.CHANGED}",
        "mode": f"conflict: {undo.CHANGED}",
        "dir": f"conflict: {verdicts.NOT_EMPTY}",
    }
    assert sorted(undone.paths) == ["dir/file", "kept"]
    assert {name: (lab.repository / name).read_text() for name in ("edited", "kept", "new", "dir/mine")} == {
        "edited": "mine",
        "kept": "old",
        "new": "mine",
        "dir/mine": "mine",
    }
    assert set(lab.kinds()) == {"dir/file", "kept"}
    lab.write(edited="new")
    assert set(lab.undo().paths) == {"edited"}
    assert (lab.repository / "edited").read_text() == "old"


def test_what_the_host_deleted_since_comes_back(lab) -> None:
    lab.write(file="old")
    lab.run(lambda inside: (inside / "file").write_text("new"))
    lab.apply()
    (lab.repository / "file").unlink()
    assert lab.undo().problems == ()
    assert (lab.repository / "file").read_text() == "old"


def test_a_sparse_file_of_10_gib_costs_what_it_holds(lab) -> None:
    with open(lab.repository / "big", "wb") as file:
        file.truncate(10 << 30)

    def change(inside) -> None:
        with open(inside / "big", "r+b") as file:
            file.seek(5 << 30)
            file.write(b"middle")

    lab.run(change)
    assert lab.apply().problems == ()
    assert lab.undo().problems == ()
    found = (lab.repository / "big").stat()
    assert (found.st_size, found.st_blocks) == (10 << 30, 0)
    os.utime(lab.repository / "big")
    assert lab.apply().problems == ()


def test_only_the_last_apply_is_taken_back_and_only_once(lab) -> None:
    lab.write(one="old", two="old")
    lab.run(lambda inside: [(inside / name).write_text("new") for name in ("one", "two")])
    lab.apply("one")
    lab.apply("two")
    lab.undo()
    assert [(lab.repository / name).read_text() for name in ("one", "two")] == ["new", "old"]
    with pytest.raises(WorkspaceError, match="no apply to undo"):
        lab.undo()


def test_an_apply_that_does_nothing_leaves_the_way_back(lab) -> None:
    lab.write(one="old", two="old")
    lab.run(lambda inside: [(inside / name).write_text("new") for name in ("one", "two")])
    lab.apply("one")
    lab.write(two="host")
    assert lab.apply().applied == ()
    assert lab.undo().paths == ("one",)
    assert set(lab.kinds()) == {"one", "two"}


def test_a_forced_conflict_is_a_conflict_again(lab) -> None:
    lab.write(file="old")
    lab.run(lambda inside: (inside / "file").write_text("inside"))
    lab.write(file="host")
    lab.apply(force=("file",))
    lab.undo()
    assert (lab.repository / "file").read_text() == "host"
    assert [problem.kind for problem in lab.apply().problems] == ["conflict"]


def test_an_edit_after_the_undo_is_a_conflict_for_whatever_was_undone(lab) -> None:
    everything(lab)
    lab.run(work)
    lab.apply()
    lab.undo()
    lab.write(edited="mine", tree__a="mine", empty__mine="mine", dir__deep__file="mine", fresh="mine")
    found = {problem.path for problem in lab.apply().problems}
    assert {"edited", "tree/a", "dir", "fresh"} <= found
    for name in ("edited", "tree/a", "dir/deep/file", "fresh", "empty/mine"):
        assert (lab.repository / name).read_text() == "mine"


def test_a_change_set_that_went_on_keeps_what_is_newer(lab) -> None:
    lab.write(file="old", other="old")
    lab.run(lambda inside: [(inside / name).write_text("one") for name in ("file", "other", "new")])
    name = lab.held.name
    lab.apply("file", "new")
    lab.run(lambda inside: [(inside / name).write_text("two") for name in ("file", "more")])
    undone = lab.undo()
    assert (undone.problems, undone.name) == ((), name)
    assert (lab.repository / "file").read_text() == "old"
    assert set(lab.kinds()) == {"file", "more", "new", "other"}
    lab.apply()
    assert (lab.repository / "file").read_text() == "two"


def test_another_change_set_of_the_same_name_is_left_alone(lab) -> None:
    lab.write(file="old")
    lab.run(lambda inside: (inside / "file").write_text("one"), name="work")
    lab.apply()
    lab.run(lambda inside: (inside / "file").write_text("two"), name="work")
    undone = lab.undo()
    assert undone.name not in ("", "work")
    assert set(lab.kinds()) == {"file"}
    assert len(store.listing()) == 2


def test_while_its_change_set_is_in_use_nothing_is_undone(lab) -> None:
    lab.write(one="old")
    lab.run(lambda inside: [(inside / name).write_text("new") for name in ("one", "two")])
    lab.apply("one")
    claimed = store.claim(str(lab.repository))
    with pytest.raises(SessionError, match="in use"):
        lab.undo()
    store.release(claimed)
    assert lab.undo().paths == ("one",)


def test_two_never_work_on_one_repository(lab) -> None:
    lab.run(lambda inside: (inside / "one").write_text("new"))
    other = Past(str(lab.repository))
    with pytest.raises(SessionError, match="at work"):
        lab.apply()
    other.close()
    assert lab.apply().applied == ("one",)


def test_a_repository_that_is_gone_or_another_is_told_and_nothing_lost(lab) -> None:
    lab.write(file="old")
    lab.run(lambda inside: (inside / "file").write_text("new"))
    lab.apply()
    lab.repository.rename(lab.base / "elsewhere")
    with pytest.raises(WorkspaceError, match="not there"):
        lab.undo()
    lab.repository.mkdir()
    with pytest.raises(WorkspaceError, match="not there"):
        lab.undo()
    lab.repository.rmdir()
    (lab.base / "elsewhere").rename(lab.repository)
    lab.undo()
    assert (lab.repository / "file").read_text() == "old"


def test_the_way_back_can_be_given_up(lab) -> None:
    lab.run(lambda inside: (inside / "file").write_text("new"))
    lab.apply()
    assert past.repository_for(f"{lab.repository}/some/where") == str(lab.repository)
    undo.forget(str(lab.repository))
    assert past.repository_for(str(lab.repository)) is None
    assert os.listdir(past.home_of(str(lab.repository))) == []


def test_without_a_way_back_nothing_is_kept(lab) -> None:
    lab.write(file="old")
    lab.run(lambda inside: (inside / "file").write_text("new"))
    before = fingerprint(lab.repository)
    lab.apply(undo=False)
    assert fingerprint(lab.repository) != before
    with pytest.raises(WorkspaceError, match="no apply to undo"):
        lab.undo()


def test_an_apply_waits_for_an_undo_that_was_cut_short(lab) -> None:
    lab.run(lambda inside: [(inside / name).write_text("new") for name in ("one", "two")])
    lab.apply("one")
    found = Past(str(lab.repository))
    past.mark_undoing(found, lab.held.name)
    found.close()
    with pytest.raises(WorkspaceError, match="cut short"):
        lab.apply()
    lab.undo()
    assert lab.apply().applied == ("one", "two")
