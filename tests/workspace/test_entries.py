from __future__ import annotations

import os
import signal
import time

import pytest

from paddock.errors import WorkspaceError
from paddock.workspace import content
from paddock.workspace.entries import ENTER, ENTRY, LEAVE, Pair, is_whiteout, traverse


@pytest.fixture
def pair(tmp_path):
    for name in ("upper", "lower"):
        (tmp_path / name).mkdir()
    roots = [os.open(tmp_path / name, os.O_RDONLY) for name in ("upper", "lower")]
    pair = Pair(*roots)
    yield pair
    pair.close()
    for root in roots:
        os.close(root)


def whiteout(path) -> None:
    os.mknod(path, 0o020000, 0)


def test_directories_come_twice_and_everything_is_sorted(pair, tmp_path) -> None:
    for name in ("b", "a/y", "a/x", "c"):
        (tmp_path / "upper" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "upper" / name).write_text("")
    visits = [(visit.phase, visit.path) for visit in traverse(pair)]
    assert visits == [(ENTER, "a"), (ENTRY, "a/x"), (ENTRY, "a/y"), (LEAVE, "a"), (ENTRY, "b"), (ENTRY, "c")]


def test_only_the_upper_tree_is_listed(pair, tmp_path, monkeypatch) -> None:
    """The cost is what changed, whatever the repository holds."""
    (tmp_path / "upper" / "sub").mkdir()
    (tmp_path / "lower" / "sub").mkdir()
    listed = []
    real = os.listdir

    def listdir(descriptor):
        listed.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        return real(descriptor)

    monkeypatch.setattr(os, "listdir", listdir)
    assert [visit.path for visit in traverse(pair)] == ["sub", "sub"]
    assert listed == [str(tmp_path / "upper"), str(tmp_path / "upper" / "sub")]


def test_a_skipped_directory_is_not_listed_nor_left(pair, tmp_path) -> None:
    (tmp_path / "upper" / "a" / "b").mkdir(parents=True)
    seen = []
    for visit in traverse(pair):
        seen.append((visit.phase, visit.path))
        visit.skip = True
    assert seen == [(ENTER, "a")]


def test_the_lower_entry_stands_beside(pair, tmp_path) -> None:
    (tmp_path / "upper" / "file").write_text("new")
    (tmp_path / "lower" / "file").write_text("old one")
    (tmp_path / "upper" / "dir").mkdir()
    (tmp_path / "lower" / "dir").write_text("a file")
    found = {visit.path: visit for visit in traverse(pair)}
    assert found["file"].lower is not None
    assert found["file"].lower.st_size == 7
    assert not found["dir"].over_directory


def test_a_link_in_the_lower_tree_is_not_entered(pair, tmp_path) -> None:
    (tmp_path / "canary").mkdir()
    (tmp_path / "canary" / "file").write_text("canary")
    (tmp_path / "lower" / "dir").symlink_to(tmp_path / "canary")
    (tmp_path / "upper" / "dir").mkdir()
    (tmp_path / "upper" / "dir" / "file").write_text("x")
    found = {visit.path: visit for visit in traverse(pair)}
    assert not found["dir"].over_directory
    assert found["dir/file"].lower is None


def test_opaque_counts_below_and_only_over_directories(pair, tmp_path) -> None:
    for name in ("upper/a/b/c", "lower/a/b", "upper/new"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("a", "new"):
        os.setxattr(tmp_path / "upper" / name, "user.overlay.opaque", b"y")
    found = {visit.path: visit.opaque for visit in traverse(pair)}
    assert found == {"a": True, "a/b": True, "a/b/c": False, "new": False}


def test_a_whiteout_is_known_by_its_numbers_alone(tmp_path) -> None:
    whiteout(tmp_path / "gone")
    assert is_whiteout(os.lstat(tmp_path / "gone"))
    assert not is_whiteout(os.lstat("/dev/null"))
    assert not is_whiteout(os.lstat(tmp_path))


@pytest.mark.user
def test_a_directory_that_cannot_be_read_is_barred(pair, tmp_path) -> None:
    (tmp_path / "upper" / "a").mkdir(mode=0)
    (tmp_path / "lower" / "a").mkdir()
    visits = [(visit.phase, visit.path, visit.barred) for visit in traverse(pair)]
    (tmp_path / "upper" / "a").chmod(0o700)
    assert visits == [(ENTRY, "a", "unreadable")]


def test_a_mount_in_the_lower_tree_is_barred(tmp_path) -> None:
    (tmp_path / "proc" / "inner").mkdir(parents=True)
    upper, lower = os.open(tmp_path, os.O_RDONLY), os.open("/", os.O_RDONLY)
    pair = Pair(upper, lower)
    assert [(visit.path, visit.barred) for visit in traverse(pair)] == [("proc", "mount")]
    pair.close()
    os.close(upper)
    os.close(lower)


def test_fs09_a_file_that_is_swapped_for_a_link_never_leads_out(tmp_path) -> None:
    """INVARIANT FS-09: a sandbox swaps file and link while we read; 2,000 looks, no canary."""
    (tmp_path / "canary").write_text("canary")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "inner").write_text("canary")
    for name in ("upper", "lower"):
        (tmp_path / name).mkdir()
    child = os.fork()
    if child == 0:
        os.chdir(tmp_path / "upper")
        while True:
            _swap("file", lambda: _write("new"), tmp_path / "canary")
            _swap("dir", _make_directory, tmp_path / "outside")
    try:
        looks = 0
        deadline = time.monotonic() + 60  # a busy machine may keep the child from swapping for a while
        while not looks and time.monotonic() < deadline:
            looks += sum(_look_once(tmp_path) for _ in range(2000))
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert looks > 0, "nothing was ever read: the test shows nothing"


def _make_directory() -> None:
    os.mkdir("new")
    _write("new/inner")


def _write(path: str) -> None:
    with open(path, "w") as file:
        file.write("harmless")


def _swap(name: str, make, target) -> None:
    make()
    os.rename("new", name)
    os.symlink(target, "new")
    if name == "dir":
        os.unlink("dir/inner")
        os.rmdir("dir")
    os.rename("new", name)
    os.unlink(name)


def _look_once(base) -> int:
    roots = [os.open(base / name, os.O_RDONLY) for name in ("upper", "lower")]
    pair, read = Pair(*roots), 0
    try:
        for visit in traverse(pair):
            if visit.phase == ENTRY:
                descriptor = content.open_upper_file(pair.upper.fd, visit.name)
                assert b"canary" not in os.read(descriptor, 100)
                os.close(descriptor)
                read += 1
    except (WorkspaceError, OSError):
        pass  # it may fail, it may not stray
    finally:
        pair.close()
        for root in roots:
            os.close(root)
    return read
