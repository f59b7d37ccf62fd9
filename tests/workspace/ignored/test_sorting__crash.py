"""Killed at any moment while paths go where they belong: nothing is lost, and nothing half-moved is ever seen."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from paddock.workspace import removal, shelf, store
from tests.capabilities import needs
from tests.workspace.ignored.ground import Ground, install, write
from tests.workspace.overlays import inside
from tests.workspace.scenes import count_calls, die_after, kill_before

pytestmark = needs("overlay", "git")


class Scene:
    """A session was killed above a layer of an earlier one: the same start over and over."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.base = ground.lab.base
        self.trace = str(self.base / "trace")
        install(Path(ground.path), "host")
        ground.lab.write(src__sub__deep="deep", gone__file="file")
        ground.commit()
        ground.run(earlier)
        self.change_set = store.claim(ground.path, name="a")
        inside(self.change_set, lambda merged: killed(Path(merged)))
        store.unlock(self.change_set)
        os.chmod(f"{self.change_set.work}/work", 0o700)  # `cp` has to read it
        self._move(self.base, self.base / "start")
        self.own = ground.seen(name="a")
        self.changed = ground.changed()
        self.others = ground.seen(fresh=True)

    def _move(self, source: Path, target: Path) -> None:
        for name in ("repository", "state"):
            (target / name).mkdir(parents=True, exist_ok=True)
            subprocess.run(["cp", "-a", f"{source / name}/.", str(target / name)], check=True)

    def restart(self) -> None:
        for name in ("repository", "state"):
            with shelf.opened(str(self.base / name)) as place:
                for entry in os.listdir(place):
                    removal.remove(place, entry)
        self._move(self.base / "start", self.base)

    def sort(self) -> None:
        change_set = store.claim(self.ground.path, name="a")
        store.finish(change_set)
        store.release(change_set)

    def check(self) -> None:
        assert self.ground.seen(name="a") == self.own
        assert self.ground.seen(fresh=True) == self.others
        assert self.ground.changed() == self.changed
        assert self.ground.seen(name="a") == self.own
        assert {"meta", "upper", "work", "bases", "own"} >= set(os.listdir(self.change_set.path)) - {"base"}
        assert len([name for name in os.listdir(self.ground.home) if name.isdigit()]) == 1


def earlier(inside: Path) -> None:
    install(inside, "one", "two", "three")
    write(inside / "node_modules/shut/inner/file")
    (inside / "node_modules/shut").chmod(0o555)
    write(inside / "src/main.pyc", "old")
    write(inside / "src/sub/deep.pyc", "old")
    write(inside / "gone/a.pyc")


def killed(inside: Path) -> None:
    write(inside / "node_modules/one/index.js", "changed")
    shutil.rmtree(inside / "node_modules/two")
    shutil.rmtree(inside / "node_modules/three")
    write(inside / "node_modules/three/other.js", "anew")
    (inside / "node_modules/shut").chmod(0o755)
    write(inside / "node_modules/shut/inner/more")
    (inside / "node_modules/shut/inner").chmod(0o555)
    (inside / "node_modules/shut").chmod(0o555)
    write(inside / "src/main.py", "changed")
    (inside / "src/main.pyc").unlink()
    shutil.rmtree(inside / "src/sub")
    write(inside / "src/sub/new.pyc", "new")
    write(inside / "src/sub/new", "new")
    shutil.rmtree(inside / "gone")
    write(inside / "pkg/mod.py")
    write(inside / "pkg/mod.pyc")
    write(inside / "pkg/node_modules/x/file")
    (inside / "pkg/node_modules").chmod(0o555)
    (inside / "pkg").chmod(0o555)
    (inside / "dist").symlink_to("src")


@pytest.fixture
def scene(ground: Ground) -> Scene:
    return Scene(ground)


def test_the_scene_is_what_it_should_be(scene: Scene) -> None:
    assert scene.changed == {"src/main.py", "src/sub/deep", "src/sub/new", "gone", "gone/file", "pkg", "pkg/mod.py"}
    only_here = {"src/sub/new", "pkg/mod.py", "pkg/mod.pyc", "pkg/node_modules/x/file"}
    assert set(scene.own) - set(scene.others) == only_here
    assert set(scene.others) - set(scene.own) == {"src/sub/deep", "gone/file", "gone/a.pyc"}
    assert {
        "node_modules/three/other.js",
        "node_modules/shut/inner/more",
        "node_modules/shut/inner/file",
        "dist",
    } <= set(scene.others)
    assert not {"node_modules/two/index.js", "src/main.pyc", "node_modules/three/index.js"} & set(scene.others)
    assert Path(scene.ground.path, "node_modules/host/index.js").read_text() == "host"


def test_killed_after_many_lines_of_our_own(scene: Scene) -> None:
    killed = 0
    for after in range(0, 6000, 90):
        scene.restart()
        child = os.fork()
        if child == 0:
            die_after(after)
            scene.sort()
            os._exit(0)
        killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
        scene.check()
    assert killed > 20


def test_killed_again_and_again_it_comes_to_the_end(scene: Scene) -> None:
    scene.restart()
    for after in range(0, 6000, 70):
        child = os.fork()
        if child == 0:
            die_after(after)
            store.release(store.claim(scene.ground.path, name="a"))
            os._exit(0)
        os.waitpid(child, 0)
    scene.check()


@pytest.mark.slow
@needs("strace")
def test_killed_before_each_changing_system_call(scene: Scene) -> None:
    scene.restart()
    counts = count_calls(scene.trace, scene.sort)
    assert counts["renameat"] + counts["renameat2"] + counts["rename"] > 20
    assert counts["mknodat"] + counts["mknod"] > 0
    for name, count in sorted(counts.items()):
        for number in range(1, count + 1):
            scene.restart()
            kill_before(scene.trace, scene.sort, name, number)
            scene.check()
