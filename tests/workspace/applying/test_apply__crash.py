"""Killed at any system call that changes something: every path is old or new, and a second apply finishes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.errors import WorkspaceError
from paddock.workspace import store
from paddock.workspace.applying import past
from paddock.workspace.applying.apply import apply
from paddock.workspace.applying.undo import undo
from tests.capabilities import needs
from tests.workspace.overlays import apart, tree
from tests.workspace.scenes import Scene, count_calls, die_after, everything, kill_before

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs("overlay")


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Scene:
    request.getfixturevalue("lab")  # for its clearing
    return Scene(tmp_path / "scene", monkeypatch)


@pytest.mark.slow
@needs("strace")
@pytest.mark.parametrize("then", ["apply", "undo"])
def test_killed_before_each_changing_system_call(scene, then) -> None:
    counts = count_calls(scene.trace, scene.apply)
    assert counts["linkat"] >= 3
    assert counts["unlinkat"] + counts["unlink"] + counts["rename"] > 10
    scene.restart()
    for name, count in sorted(counts.items()):
        for number in range(1, count + 1):
            kill_before(scene.trace, scene.apply, name, number)
            check(scene, then)
            scene.restart()


@pytest.mark.slow
@pytest.mark.parametrize("then", ["apply", "undo"])
def test_killed_after_many_lines_of_our_own(scene, then) -> None:
    killed = 0
    for after in range(0, 9000, 190):
        child = os.fork()
        if child == 0:
            die_after(after)
            apply(scene.lab.held, everything())
            os._exit(0)
        killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
        check(scene, then)
        scene.restart()
    assert killed > 20


def check(scene: Scene, then: str) -> None:
    """After a second apply all is new; and after an undo, at once or after it, all is as at the start."""
    scene.check_paths()
    if then == "apply" and not scene.lab.is_empty:
        scene.apply()
        scene.check_applied()
    if past.repository_for(scene.path):
        assert undo(scene.path).problems == ()
        scene.check_undone()
    else:
        assert tree(scene.lab.repository) == scene.old
    scene.apply()
    scene.check_applied()


def test_killed_again_and_again_it_comes_to_the_end(scene) -> None:
    for after in range(0, 9000, 190):
        child = os.fork()
        if child == 0:
            found = store.current(scene.path)
            if found is None:
                os._exit(0)
            die_after(after)
            apply(found, everything())
            os._exit(0)
        os.waitpid(child, 0)
    scene.check_paths()
    scene.check_applied()
    assert undo(scene.path).problems == ()
    scene.check_undone()


def test_a_full_disk_leaves_nothing_half_written_and_the_next_apply_finishes(lab) -> None:
    """The repository is on a file system of one megabyte."""

    def task() -> bytes:
        _mount_tmpfs(str(lab.repository), "size=1m")
        lab.write(old="old")
        change_set = store.claim(str(lab.repository))
        for name in ("a", "b", "c", "old"):
            with open(f"{change_set.upper}/{name}", "w") as file:
                file.write("new" if name == "old" else name * (400 << 10))
        store.release(change_set)
        with pytest.raises(WorkspaceError) as caught:
            lab.apply()
        assert "No space left" in caught.value.why
        assert "2 applied" in caught.value.why
        found = {name.decode() for name in tree(lab.repository)}
        assert found == {"a", "b", "old"}
        assert (lab.repository / "old").read_text() == "old"
        assert set(lab.kinds()) == {"c", "old"}
        _mount_tmpfs(str(lab.repository), "size=4m", remount=True)
        assert lab.apply().remaining is False
        assert (lab.repository / "c").stat().st_size == 400 << 10
        return b"done"

    assert apart(str(lab.base), task) == b"done"


def test_a_read_only_target_is_told_and_nothing_lost(lab) -> None:
    def task() -> bytes:
        _mount_tmpfs(str(lab.repository), "size=1m")
        lab.write(old="old")
        change_set = store.claim(str(lab.repository))
        with open(f"{change_set.upper}/old", "w") as file:
            file.write("new")
        store.release(change_set)
        _mount_tmpfs(str(lab.repository), "size=1m", remount=True, read_only=True)
        with pytest.raises(WorkspaceError, match="could not go on"):
            lab.apply()
        assert lab.kinds() == {"old": "modified"}
        _mount_tmpfs(str(lab.repository), "size=1m", remount=True)
        assert lab.apply().remaining is False
        return b"done"

    assert apart(str(lab.base), task) == b"done"


def _mount_tmpfs(target: str, options: str, *, remount: bool = False, read_only: bool = False) -> None:
    import ctypes

    from paddock.kernel import libc, mounts

    flags = (mounts.MS_REMOUNT if remount else 0) | (mounts.MS_RDONLY if read_only else 0)
    libc.call("mount", b"tmpfs", os.fsencode(target), b"tmpfs", ctypes.c_ulong(flags), options.encode())
