"""Bubblewrap's PID 1 whose maker was ended before it let it go on: none of Paddock's own endings leave one."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from paddock.boundary import orphans
from paddock.boundary.build import Build
from paddock.frozen import replace
from paddock.process import find
from tests.boundary.boxes import Box, nothing_left_open
from tests.boundary.field import alive, wait_for
from tests.capabilities import needs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Person

pytestmark = needs("bubblewrap")


def held_back(box: Box, owner: str) -> tuple[Build, int]:
    """Bubblewrap that waits for a byte which nobody sends before it lets PID 1 go on; and PID 1."""
    compiled = box.compiled(box.plan("true"))
    others = (word for word in compiled.arguments if word != "--disable-userns")  # not compatible
    words = ("--userns-block-fd", "0", "--info-fd", "2", *others)
    build = Build(find("bwrap") or "", replace(compiled, arguments=words), stand_in=os.geteuid() == 0, owner=owner)
    wait_for(lambda: children(build.pid))
    (pid,) = children(build.pid)
    wait_for(lambda: words_of(pid) == words_of(build.pid))
    return build, pid


def children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(number) for number in file.read().split()]


def words_of(pid: int) -> bytes:
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read()


@pytest.fixture(params=["", "/run/\udcff\n" + 300 * "ä"])
def owner(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"{request.param}{tmp_path}"


@pytest.fixture
def orphan(box: Box, owner: str) -> Iterator[int]:
    build, pid = held_back(box, owner)
    assert list(orphans.orphans(owner)) == [], "its maker is at work"
    os.kill(build.pid, signal.SIGKILL)
    build.kill()
    yield pid
    if alive(pid):
        os.kill(pid, signal.SIGKILL)


def test_who_ends_bubblewrap_before_pid_1_is_let_go_ends_both(box: Box) -> None:
    with nothing_left_open():
        build, pid = held_back(box, "")
        build.kill()
    wait_for(lambda: not alive(pid))


def test_where_paddock_is_killed_at_once_bubblewrap_goes_on_and_ends(box: Box, owner: str) -> None:
    """Before it asks to die with its parent, and says its first word: to somebody who has gone."""
    compiled = box.compiled(box.plan("true"))
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        build = Build(find("bwrap") or "", compiled, stand_in=os.geteuid() == 0, owner=owner)
        os.write(write, str(build.pid).encode())
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    bubblewrap = int(os.read(read, 100))
    os.close(read)
    os.close(write)
    wait_for(lambda: not alive(bubblewrap))
    assert list(orphans.orphans(owner)) == []


def test_one_whose_maker_was_killed_is_found_and_ended(orphan: int, owner: str) -> None:
    assert alive(orphan)
    assert list(orphans.orphans(owner)) == [orphan]
    assert orphans.end(owner) == [orphan]
    assert not alive(orphan)
    assert list(orphans.orphans(owner)) == []


def test_somebody_elses_is_left_alone(orphan: int, owner: str) -> None:
    for other in ("", "/elsewhere", owner + "x"):
        assert orphans.end(other) == []
    assert alive(orphan)


def test_a_sandbox_that_began_is_none(box: Box) -> None:
    build = box.build(box.plan("true"))
    build.wait_until_complete()
    assert orphans.end("") == []
    assert alive(build.pid)


@needs("git")
def test_paddock_clean_ends_it_and_says_so(box: Box, person: Person, repo: Path) -> None:
    build, pid = held_back(box, f"{person.home}/runtime/paddock/live")
    os.kill(build.pid, signal.SIGKILL)
    build.kill()
    done = person.call("clean", cwd=repo)
    assert done.stdout == f"removed process {pid} of a sandbox that never began\nnothing is left\n"
    assert not alive(pid)
