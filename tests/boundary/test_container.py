"""A container as it is made and ended, with an engine that is a script: what a real one cannot be made to do at will."""

from __future__ import annotations

import os
import resource
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paddock.boundary import container, engine
from paddock.boundary.container import Container
from paddock.boundary.engine import Engine
from paddock.boundary.sheet import Compiled, Placed
from paddock.errors import BoundaryUnavailable, Refused
from tests.boundary.boxes import nothing_left_open
from tests.boundary.field import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[..., Container]

NOTHING = Compiled((), (), (), (), (), (1000, 1000))
# What an engine does that makes a container: a process of the keeper's name, and its number in the file that was asked for.
PID_FILE = 'while test "$1" != --pidfile; do shift; done; pid_file=$2'


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def begin(script: str, compiled: Compiled = NOTHING, place: str = "here") -> Container:
        program = tmp_path / "engine"
        program.write_text(f'#!/bin/sh\ncase "$1" in rm) echo removed >> "{tmp_path}/log"; exit;; esac\n{script}\n')
        program.chmod(0o755)
        found = Engine(str(program), "/usr/bin/true", "")
        return Container(found, compiled, str(tmp_path / place), "paddock-it", owner=None)

    return begin


def log(tmp_path: Path) -> str:
    return (tmp_path / "log").read_text() if (tmp_path / "log").exists() else ""


def refused(made: Container) -> BoundaryUnavailable:
    with pytest.raises(BoundaryUnavailable) as caught:
        made.wait_until_complete()
    return caught.value


def test_an_engine_that_fails_is_heard_and_nothing_is_left(make: Make, tmp_path: Path) -> None:
    with nothing_left_open():
        error = refused(make("echo Error: no space left on device >&2; exit 125"))
    assert "the storage is full (Error: no space left on device)" in error.why
    assert log(tmp_path) == "removed\n"


def test_an_engine_that_hangs_is_ended_and_said(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from paddock.boundary import guard

    monkeypatch.setattr(container, "_START_TIMEOUT_S", 0.2)
    monkeypatch.setattr(guard, "_FINISH_TIMEOUT_S", 0.2)
    error = refused(make("exec sleep 600"))
    assert "did not start the container in 0.2 seconds" in error.what
    assert "podman system migrate" in error.next_step
    assert log(tmp_path) == "removed\n"


def test_it_is_complete_when_its_first_process_is_the_keeper_however_busy_the_engine_is(
    make: Make, tmp_path: Path
) -> None:
    """Until then that is the runtime, which has more rights than anything inside should see."""
    keeper = tmp_path / "paddock-keeper"
    keeper.symlink_to("/usr/bin/sleep")
    script = f"""{PID_FILE}
    sh -c 'read go < "{tmp_path}/go"; exec "{keeper}" 600' & echo $! > "$pid_file"
    echo > "{tmp_path}/go"; exec sleep 1"""
    os.mkfifo(tmp_path / "go")
    made = make(script)
    pid = made.wait_until_complete()
    # execve(2) gives a process its new name a moment before its new arguments.
    wait_for(lambda: Path(f"/proc/{pid}/cmdline").read_bytes().startswith(os.fsencode(keeper)))
    made.kill()
    made.kill()
    assert log(tmp_path) == "removed\n", "it was there still"
    subprocess.run(["kill", "-9", str(pid)], check=False)


@pytest.mark.parametrize("script", ["true", f'{PID_FILE}; true & echo $! > "$pid_file"; wait'])
def test_a_first_process_that_has_ended_is_no_container(make: Make, tmp_path: Path, script: str) -> None:
    assert "first process has ended" in refused(make(script)).why


def test_a_container_that_the_engine_cannot_remove_is_named(
    make: Make, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was laid out for it goes in a moment, and with it the note by which `paddock clean` would find it."""
    monkeypatch.setattr(engine, "removal", lambda *_: ("/bin/false",))
    make("exit 1").kill()
    assert capsys.readouterr().err == "paddock: podman left a container behind: podman rm --force paddock-it\n"


def test_a_path_that_is_no_text_is_refused_before_anything_is_made(make: Make, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be told of this path") as caught:
        make("true", Compiled(("--mount", "dst=/srv/\udcff"), (), (), (), (), (1000, 1000)))
    assert "--boundary bubblewrap" in caught.value.next_step
    assert not (tmp_path / "here").exists()


def test_so_are_too_few_open_files(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine fails in its middle then, or hangs."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (20, 20))
    with pytest.raises(BoundaryUnavailable, match="too few open files") as caught:
        make("true")
    assert "ulimit -n 4096" in caught.value.next_step
    assert not (tmp_path / "here").exists()


def test_what_is_laid_out_can_be_passed_through_but_not_looked_at(make: Make, tmp_path: Path) -> None:
    compiled = Compiled(
        (),
        (Placed(b"one", 0o600), Placed(b"two")),
        ("/srv/\udcff,a",),
        (("/etc", 0o755), ("/etc/passwd", b"ada"), ("/tmp", 0o1777), ("/bin", "usr/bin")),
        (),
        (1000, 1000),
    )
    make("exit 1", compiled).kill()
    here = tmp_path / "here"
    modes = {name: os.stat(here / name).st_mode & 0o7777 for name in ("", "files", "sources", "root", "root/tmp")}
    assert modes == {"": 0o711, "files": 0o711, "sources": 0o711, "root": 0o755, "root/tmp": 0o1777}
    assert (here / "files/0").stat().st_mode & 0o777 == 0o600
    assert (here / "files/1").read_bytes() == b"two"
    assert os.readlink(os.fsencode(here / "sources/0")) == b"/srv/\xff,a"
    assert (here / "root/etc/passwd").read_bytes() == b"ada"
    assert os.readlink(here / "root/bin") == "usr/bin"


def test_the_engine_is_told_whose_container_it_is_and_of_no_hooks(make: Make, tmp_path: Path) -> None:
    make(f'echo "$@" >> "{tmp_path}/log"; exit 1').kill()
    words = log(tmp_path).splitlines()[0]
    assert " run --rm --detach --name paddock-it --label paddock.sandbox=paddock-it --pidfile " in words
    assert words.startswith("--hooks-dir ")
    assert "--ulimit nofile=" in words
