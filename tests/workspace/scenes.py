"""Change sets to crash with: a start that can be had again and again, and ways to be killed at any point."""

from __future__ import annotations

import ctypes
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import traceback
from collections import Counter
from typing import TYPE_CHECKING

from paddock.workspace import removal, shelf, store
from paddock.workspace.applying import past
from paddock.workspace.applying.apply import Wishes, apply
from paddock.workspace.applying.undo import undo
from paddock.workspace.journal import PREFIX
from paddock.workspace.selection import Selection
from tests.workspace.laboratory import Laboratory
from tests.workspace.overlays import Node, apart, seen_inside, tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import FrameType

    import pytest

CHANGING = """
    write pwrite64 copy_file_range ftruncate link linkat rename renameat renameat2 unlink unlinkat rmdir mkdir mkdirat
    symlink symlinkat mknod mknodat chmod fchmod fchmodat fchmodat2 fchown fchownat setxattr fsetxattr removexattr fremovexattr fsync syncfs
"""
_PRCTL = ctypes.CDLL(None).prctl
_PR_SET_PTRACER, _ANY = 0x59616D61, ctypes.c_ulong(-1)


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
    """A change set with one of everything: the same start over and over, and the states that a path may be in."""

    def __init__(self, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lab = Laboratory(base, monkeypatch)
        fill(self.lab)
        self.old = tree(self.lab.repository)
        change_set = self.lab.run(work)
        self.kinds = self.lab.kinds()
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

    @property
    def trace(self) -> str:
        return str(self.lab.base / "trace")

    def apply(self) -> None:
        report = apply(self.lab.held, everything())
        assert (report.problems, report.remaining) == ((), False)

    def undo(self) -> None:
        assert undo(self.path).problems == ()

    def check_paths(self) -> None:
        """Every path is old or new, and none is lost."""
        for path, node in tree(self.lab.repository).items():
            ours = any(part.startswith(PREFIX.encode()) for part in path.split(b"/"))
            assert ours or self._known(path, node), path
        for path in self.old.keys() & self.new.keys():
            assert os.path.lexists(os.fsencode(self.lab.repository) + b"/" + path), f"{path!r} was lost"

    def check_applied(self) -> None:
        """All is new, with nothing of ours left anywhere but the way back."""
        assert tree(self.lab.repository) == self.new
        store.release(store.claim(self.path))
        assert store.listing() == ()
        changes = self.lab.base / "state" / "paddock" / "changes"
        assert os.listdir(changes) == []

    def check_undone(self) -> None:
        """The host and the change set are as they were at the start, and nothing is left of the way back."""
        assert tree(self.lab.repository) == self.old
        assert self.lab.kinds() == self.kinds, set(self.lab.kinds().items()) ^ set(self.kinds.items())
        assert pickle.loads(seen_inside(self.lab.held)) == self.new
        past.Past(self.path).close()  # clears what was half removed
        assert os.listdir(past.home_of(self.path)) == []
        assert sorted(set(os.listdir(self.lab.held.path)) - {"base"}) == ["bases", "meta", "upper", "work"]

    def _known(self, path: bytes, node: Node) -> bool:
        """Directories may be more writable while an apply is at work."""
        states = [tree[path] for tree in (self.old, self.new) if path in tree]
        if node.kind == "directory":
            return any(
                state.kind == "directory" and node.mode in (state.mode, state.mode | 0o700, 0o700) for state in states
            )
        return node in states


def strace(trace: str, work: Callable[[], object], *options: str) -> int:
    """Do `work` in a forked process under strace(1), which writes to the file `trace`; how the process ended.

    The interpreter has started and everything is imported before: that would be nine tenths of what strace stops at.
    """
    here, there = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            _PRCTL(_PR_SET_PTRACER, _ANY, 0, 0, 0)  # Yama lets nobody but a parent trace; fails where there is none
            os.read(here, 1)
            work()
            status = 0
        except BaseException:  # noqa: BLE001 - the parent must see it, whatever it is
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(here)
    with subprocess.Popen(["strace", "-o", trace, "-p", str(pid), *options], stderr=subprocess.PIPE) as tracer:
        assert tracer.stderr
        said = tracer.stderr.readline()
        os.write(there, b"+")
        os.close(there)
        status = os.waitpid(pid, 0)[1]
    assert b"attached" in said, said
    return os.waitstatus_to_exitcode(status)


def count_calls(trace: str, work: Callable[[], object]) -> Counter[str]:
    """How often `work` makes each of the system calls that change something."""
    assert strace(trace, work, "-e", "trace=" + ",".join(f"?{name}" for name in CHANGING.split())) == 0
    with open(trace) as file:
        return Counter(re.findall(r"^(\w+)\(", file.read(), re.MULTILINE))


def kill_before(trace: str, work: Callable[[], object], name: str, number: int) -> None:
    """Do `work` in a process that is killed before a call."""
    status = strace(trace, work, "-e", f"trace={name}", "-e", f"inject={name}:signal=KILL:when={number}")
    assert status == -signal.SIGKILL, f"{name} {number}"


def die_after(lines: int) -> None:
    """End this process, as a crash would, after that many lines of the room's code."""
    left = [lines]

    def trace(frame: FrameType, event: str, _argument: object) -> object:
        if "/paddock/workspace/" not in frame.f_code.co_filename:
            return None
        if event == "line":
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)  # type: ignore[arg-type]
