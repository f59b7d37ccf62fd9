"""Undo from another file system, without room, without leave, and as another person than the files'."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from paddock.errors import WorkspaceError
from paddock.workspace import store
from paddock.workspace.applying import past, reverting
from tests.capabilities import needs
from tests.workspace.applying.test_apply__crash import _mount_tmpfs
from tests.workspace.overlays import apart, tree

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs("overlay")


def fill(lab, size: int = 3) -> None:
    lab.write(edited="old" * size, gone="x" * size, dir__deep__file="x", typed="x")
    (lab.repository / "link").symlink_to("there")
    (lab.repository / "edited").chmod(0o640)
    os.utime(lab.repository / "edited", ns=(10**9, 10**9))


def change(lab, size: int = 3) -> None:
    """What a sandbox would have left."""
    change_set = store.claim(str(lab.repository))
    upper = change_set.upper
    for name, text in (("edited", "new" * size), ("fresh", "new")):
        with open(f"{upper}/{name}", "w") as file:
            file.write(text)
    for name in ("gone", "dir", "link"):
        os.mknod(f"{upper}/{name}", stat.S_IFCHR, 0)
    os.mkdir(f"{upper}/typed", 0o755)
    store.release(change_set)


def use_up(place: Path, but: int = 0) -> None:
    """Fill the file system, except for so many bytes."""
    with open(place, "wb", 0) as ballast, suppress(OSError):
        while True:
            ballast.write(b"x" * 4096)
    os.truncate(place, place.stat().st_size - but)


def test_between_two_file_systems_everything_comes_back(lab) -> None:
    def task() -> bytes:
        _mount_tmpfs(str(lab.repository), "size=8m")
        fill(lab)
        change(lab)
        before, kinds = tree(lab.repository), lab.kinds()
        assert lab.apply().problems == ()
        assert lab.undo().problems == ()
        assert tree(lab.repository) == before
        assert (lab.repository / "edited").stat().st_mtime_ns == 10**9
        assert lab.kinds() == kinds
        assert lab.apply().problems == ()
        return b"done"

    assert apart(str(lab.base), task) == b"done"


def test_without_room_to_keep_what_is_overwritten_nothing_is_overwritten(lab) -> None:
    def task() -> bytes:
        state = lab.base / "state"
        state.mkdir(exist_ok=True)
        _mount_tmpfs(str(state), "size=4m")
        fill(lab, 200 << 10)
        change(lab)
        before, kinds = tree(lab.repository), lab.kinds()
        use_up(state / "ballast", but=64 << 10)
        with pytest.raises(WorkspaceError, match="could not go on") as caught:
            lab.apply()
        assert "No space left" in caught.value.why
        assert tree(lab.repository)[b"edited"] == before[b"edited"]
        if past.repository_for(str(lab.repository)):
            lab.undo()
        assert (tree(lab.repository), lab.kinds()) == (before, kinds)
        (state / "ballast").unlink()
        assert lab.apply(undo=False).problems == (), "with less to keep there is room"
        return b"done"

    assert apart(str(lab.base), task) == b"done"


def test_without_room_on_the_host_an_undo_stops_and_goes_on_later(lab) -> None:
    def task() -> bytes:
        _mount_tmpfs(str(lab.repository), "size=1m")
        fill(lab, 100 << 10)
        change(lab)
        before, kinds = tree(lab.repository), lab.kinds()
        assert lab.apply().problems == ()
        use_up(lab.repository / "ballast")
        with pytest.raises(WorkspaceError, match="undo could not go on"):
            lab.undo()
        (lab.repository / "ballast").unlink()
        assert lab.undo().problems == ()
        assert (tree(lab.repository), lab.kinds()) == (before, kinds)
        return b"done"

    assert apart(str(lab.base), task) == b"done"


def test_on_a_read_only_host_an_undo_stops_and_goes_on_later(lab) -> None:
    def task() -> bytes:
        _mount_tmpfs(str(lab.repository), "size=1m")
        fill(lab)
        change(lab)
        before = tree(lab.repository)
        lab.apply()
        _mount_tmpfs(str(lab.repository), "size=1m", remount=True, read_only=True)
        with pytest.raises(WorkspaceError, match="undo could not go on"):
            lab.undo()
        _mount_tmpfs(str(lab.repository), "size=1m", remount=True)
        assert lab.undo().problems == ()
        assert tree(lab.repository) == before
        return b"done"

    assert apart(str(lab.base), task) == b"done"


def test_files_that_nobody_may_read_come_and_go(lab) -> None:
    lab.write(secret="old", kept="old")

    def work(inside) -> None:
        (inside / "secret").unlink()
        (inside / "secret").write_text("new")
        (inside / "secret").chmod(0)
        (inside / "new").write_text("new")
        (inside / "new").chmod(0)

    lab.run(work)
    assert lab.apply().problems == ()
    assert lab.undo().problems == ()
    assert (lab.repository / "secret").read_text() == "old"
    assert not (lab.repository / "new").exists()
    assert set(lab.kinds()) == {"new", "secret"}


@pytest.mark.root
def test_owners_and_set_id_bits_come_back(lab) -> None:
    fill(lab)
    for name in ("edited", "dir", "dir/deep"):
        os.chown(lab.repository / name, 1234, 4321)
    (lab.repository / "edited").chmod(0o4750)
    (lab.repository / "dir").chmod(0o2775)
    change(lab)
    lab.apply()
    lab.undo()
    for name in ("edited", "dir", "dir/deep"):
        found = (lab.repository / name).stat()
        assert (found.st_uid, found.st_gid) == (1234, 4321)
    assert stat.S_IMODE((lab.repository / "edited").stat().st_mode) == 0o4750
    assert stat.S_IMODE((lab.repository / "dir").stat().st_mode) == 0o2775


def test_what_was_not_kept_is_told(lab) -> None:
    lab.write(file="old")
    lab.run(lambda inside: (inside / "file").write_text("new"))
    lab.apply()
    unit = f"{past.home_of(str(lab.repository))}/{past.LAST}"
    os.unlink(f"{unit}/b1")
    assert [(problem.kind, problem.reason) for problem in lab.undo().problems] == [("failed", reverting.GONE)]
    assert (lab.repository / "file").read_text() == "new"
