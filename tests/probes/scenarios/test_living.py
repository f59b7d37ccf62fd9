from __future__ import annotations

import os
import signal
import subprocess
import threading
from typing import TYPE_CHECKING

from paddock import process
from paddock.frozen import replace
from paddock.probes.scenarios import living, processes
from paddock.probes.scenarios.scene import NotApplicable
from tests.boundary.field import wait_for
from tests.capabilities import needs
from tests.probes.scenarios.stages import OPEN, PADDOCK, stage

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

pytestmark = needs("git")


def test_a_marked_process_is_found_named_and_ended_with_the_ground(tmp_path: Path) -> None:
    with stage(tmp_path) as scene:
        mark = living.new_mark(scene)
        argv = ["/bin/sh", "-c", "echo up; read line", mark]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as started:
            assert started.stdout
            assert started.stdout.readline() == b"up\n"
            assert living.marked(mark) == [started.pid]
            assert living.left(scene, mark) == [f"ran on: /bin/sh -c echo up; read line {mark}"]
            assert living.below(started.pid) == [started.pid]
            scene.ground.undo.__exit__()
            assert started.wait(60) == -9
        assert living.left(scene, mark) == []
        assert living.gone(scene, [started.pid]) == []


def test_what_wants_to_stay_is_there_and_deaf_when_the_shell_goes_on(tmp_path: Path) -> None:
    slow = tmp_path / "setsid"
    slow.write_text('#!/bin/sh\nsleep 0.2\nexec /usr/bin/setsid "$@"\n')
    slow.chmod(0o755)
    with stage(tmp_path) as scene:
        mark = living.new_mark(scene)
        argv = ["/bin/sh", "-c", living.STAY, mark]
        subprocess.run(argv, env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=True)
        wait_for(lambda: len(living.marked(mark)) == 1)  # what it starts bears the same words until it is a program
        (pid,) = living.marked(mark)
        assert os.getsid(pid) == pid
        ignored = int(processes.status(pid)["SigIgn"], 16)
        assert all(ignored >> number - 1 & 1 for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT))


def test_what_a_marked_process_began_ends_with_it(tmp_path: Path) -> None:
    """Its `sleep` has no mark: each proof left some on the person's machine for a minute."""
    with stage(tmp_path) as scene:
        argv = ["/bin/sh", "-c", "sleep 60 & echo $!; wait; true", living.new_mark(scene)]
        with subprocess.Popen(argv, stdout=subprocess.PIPE) as started:
            assert started.stdout
            began = int(started.stdout.readline())
            scene.ground.undo.__exit__()
            assert started.wait(60) == -9
        assert living.gone(scene, [began]) == []


def test_an_engine_has_more_time_to_end_what_is_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(living, "_PATIENCE_S", 0.0)
    script = ["/bin/sh", "-c", "echo up; read line"]
    with (
        stage(tmp_path, OPEN, PADDOCK) as scene,
        subprocess.Popen(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as late,
    ):
        assert late.stdin
        assert late.stdout
        assert late.stdout.readline() == b"up\n"  # it has its name by now
        assert living.gone(scene, [late.pid]) == ["ran on: /bin/sh -c echo up; read line"]
        assert scene.plan
        scene.plan = replace(scene.plan, boundary=replace(scene.plan.boundary, use="podman"))
        ending = threading.Timer(0.2, late.stdin.close)
        ending.start()
        assert living.gone(scene, [late.pid]) == []
        ending.join()


def test_descendants_are_found() -> None:
    script = "sleep 60 & echo up; wait"
    with subprocess.Popen(["/bin/sh", "-c", script], stdout=subprocess.PIPE) as started:
        assert started.stdout
        assert started.stdout.readline() == b"up\n"
        first, second = living.below(started.pid)
        assert first == started.pid
        os.kill(second, 9)


def test_control_groups_are_directories_and_one_that_has_ended_has_none() -> None:
    own = living.control_groups([os.getpid()])
    assert own
    assert all(path.startswith("/sys/fs/cgroup") for path in own)
    with subprocess.Popen(["/bin/true"]) as ended:
        ended.wait()
    assert living.control_groups([ended.pid]) == set()


def test_mounts_of_other_places_are_not_ours() -> None:
    assert living.mounts("/no such place") == set()
    assert living.mounts("/proc")


ENGINE = """#!/bin/sh
case "$1" in
ps) cat "$0.there" ;;
inspect) shift 5; for id; do echo "name-$id [podman run --volume GROUND/work:/work]"; done ;;
esac
"""


def test_containers_that_stay_are_named_and_others_are_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By an engine of the test's own: no container of anybody's has to stay for it."""
    with stage(tmp_path, ("/usr/bin/env",)) as scene:
        engine = tmp_path / "podman"
        engine.write_text(ENGINE.replace("GROUND", scene.ground.base))
        engine.chmod(0o700)
        there = tmp_path / "podman.there"
        there.write_text("1 2\n")
        monkeypatch.setattr(living, "_PATIENCE_S", 0.0)
        monkeypatch.setattr(process, "find", lambda _: str(engine))
        monkeypatch.setattr(living, "_asked", lambda _, __, *words: scene.host(str(engine), *words).stdout.decode())
        assert living.containers(scene) == ["name-1", "name-2"]
        assert living.removed(scene, ["name-2"]) == ["left the container name-2"]
        engine.write_text(ENGINE.replace("GROUND", "/of/somebody-else"))
        assert living.removed(scene, ["name-2"]) == []
        assert living.containers(scene) == []
        assert isinstance(living.removed(scene, []), NotApplicable)
