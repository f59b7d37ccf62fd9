"""Killed at any system call that changes something: every path is old or new, and a second apply finishes."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from paddock.errors import WorkspaceError
from paddock.workspace import removal, shelf, store
from paddock.workspace.apply import Wishes, apply
from paddock.workspace.journal import PREFIX
from paddock.workspace.selection import Selection
from tests.capabilities import needs
from tests.workspace.laboratory import Laboratory
from tests.workspace.overlays import Node, apart, tree
from tests.workspace.test_store import _die_after

pytestmark = needs("overlay")

SCRIPT = """
import sys
from paddock.workspace import store
from paddock.workspace.apply import Wishes, apply
from paddock.workspace.selection import Selection
report = apply(store.current(sys.argv[1]), Wishes(Selection(), Selection([""]), links=True))
assert not report.problems, report
"""
CHANGING = """
    write pwrite64 copy_file_range ftruncate link linkat rename renameat renameat2 unlink unlinkat rmdir mkdir mkdirat
    symlink symlinkat mknod mknodat chmod fchmod fchmodat fchmodat2 fchown fchownat setxattr fsetxattr removexattr fremovexattr fsync syncfs
"""


def everything() -> Wishes:
    """Everything: the copies that each round starts from are newer than the session, so all would be conflicts."""
    return Wishes(Selection(), Selection([""]), links=True)


def fill(lab: Laboratory) -> None:
    lab.write(
        edited="old " * 3000,
        gone="x",
        mode="x",
        typed="file",
        tree__a="1",
        tree__sub__b="2",
        opaque__a="1",
        opaque__b="2",
    )
    lab.write(tight__inner="x")
    (lab.repository / "was-dir" / "deep").mkdir(parents=True)
    (lab.repository / "was-dir" / "deep" / "file").write_text("x")
    (lab.repository / "tight").chmod(0o555)


def work(inside: Path) -> bytes:
    (inside / "edited").write_text("new " * 3000)
    (inside / "gone").unlink()
    (inside / "mode").chmod(0o755)
    (inside / "typed").unlink()
    (inside / "typed").mkdir()
    (inside / "typed" / "inner").write_text("new")
    shutil.rmtree(inside / "tree")
    shutil.rmtree(inside / "opaque")
    (inside / "opaque").mkdir()
    (inside / "opaque" / "b").write_text("new")
    shutil.rmtree(inside / "was-dir")
    (inside / "was-dir").symlink_to("edited")
    (inside / "fresh" / "sub").mkdir(parents=True)
    (inside / "fresh" / "sub" / "file").write_text("new")
    (inside / "fresh").chmod(0o500)
    (inside / "tight").chmod(0o755)
    (inside / "tight" / "more").write_text("new")
    (inside / "tight").chmod(0o555)
    return b""


class Scene:
    """The same start over and over, and the states that a path may be in."""

    def __init__(self, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lab = Laboratory(base, monkeypatch)
        fill(self.lab)
        self.old = tree(self.lab.repository)
        change_set = self.lab.run(work)
        os.chmod(f"{change_set.work}/work", 0o700)  # `cp` has to read it
        expected = base / "expected"
        shutil.copytree(self.lab.repository, expected, symlinks=True)
        apart(str(base), lambda: work(expected))
        self.new = tree(expected)
        self._start = base / "start"
        self._move(base, self._start)
        self.restart()

    def _move(self, source: Path, target: Path) -> None:
        """Copy all there is: whiteouts, attributes, times. The directory itself stays, it is known by its inode."""
        for name in ("repository", "state"):
            (target / name).mkdir(parents=True, exist_ok=True)
            subprocess.run(["cp", "-a", f"{source / name}/.", str(target / name)], check=True)

    def restart(self) -> None:
        for name in ("repository", "state"):
            with shelf.opened(str(self.lab.base / name)) as place:
                for entry in os.listdir(place):
                    removal.remove(place, entry)
        self._move(self._start, self.lab.base)

    @property
    def path(self) -> str:
        return str(self.lab.repository)

    def check(self) -> None:
        """Old or new, and after a second apply all new, with nothing of ours left anywhere."""
        for path, node in tree(self.lab.repository).items():
            ours = any(part.startswith(PREFIX.encode()) for part in path.split(b"/"))
            assert ours or self._known(path, node), path
        for path in self.old.keys() & self.new.keys():
            assert os.path.lexists(os.fsencode(self.lab.repository) + b"/" + path), f"{path!r} was lost"
        again = store.current(self.path)
        if again:
            report = apply(again, everything())
            assert report.problems == ()
        assert tree(self.lab.repository) == self.new
        store.release(store.claim(self.path))
        assert store.listing() == ()
        changes = self.lab.base / "state" / "paddock" / "changes"
        assert os.listdir(changes) == []

    def _known(self, path: bytes, node: Node) -> bool:
        """Directories may be more writable while an apply is at work."""
        states = [tree[path] for tree in (self.old, self.new) if path in tree]
        if node.kind == "directory":
            return any(
                state.kind == "directory" and node.mode in (state.mode, state.mode | 0o700, 0o700) for state in states
            )
        return node in states


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Scene:
    request.getfixturevalue("lab")  # for its clearing
    return Scene(tmp_path / "scene", monkeypatch)


def strace(scene: Scene, *options: str) -> tuple[int, str]:
    argv = [
        "strace",
        "-f",
        "-qq",
        "-o",
        f"{scene.lab.base}/trace",
        *options,
        sys.executable,
        "-B",
        "-c",
        SCRIPT,
        scene.path,
    ]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)
    with open(f"{scene.lab.base}/trace") as file:
        return done.returncode, file.read()


@pytest.mark.slow
@needs("strace")
def test_killed_before_each_changing_system_call(scene) -> None:
    status, trace = strace(scene, "-e", "trace=" + ",".join(f"?{name}" for name in CHANGING.split()))
    assert status == 0
    counts = Counter(re.findall(r"^(?:\d+ +)?(\w+)\(", trace, re.MULTILINE))
    assert counts["linkat"] >= 3
    assert counts["unlinkat"] + counts["unlink"] > 10
    scene.restart()
    for name, count in sorted(counts.items()):
        for number in range(1, count + 1):
            status, _ = strace(scene, "-e", f"trace={name}", "-e", f"inject={name}:signal=KILL:when={number}")
            assert status in (-signal.SIGKILL, 128 + signal.SIGKILL), f"{name} {number}"
            scene.check()
            scene.restart()


@pytest.mark.slow
def test_killed_after_many_lines_of_our_own(scene) -> None:
    killed = 0
    for after in range(0, 6000, 150):
        child = os.fork()
        if child == 0:
            _die_after(after)
            found = store.current(scene.path)
            assert found is not None
            apply(found, everything())
            os._exit(0)
        killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
        scene.check()
        scene.restart()
    assert killed > 20


def test_killed_again_and_again_it_comes_to_the_end(scene) -> None:
    for after in range(0, 6000, 130):
        child = os.fork()
        if child == 0:
            found = store.current(scene.path)
            if found is None:
                os._exit(0)
            _die_after(after)
            apply(found, everything())
            os._exit(0)
        os.waitpid(child, 0)
    scene.check()


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
