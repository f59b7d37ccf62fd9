"""Killed at any system call that changes something: a second undo goes on, and nothing is lost."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.errors import WorkspaceError
from paddock.workspace.applying import past
from paddock.workspace.applying.undo import undo
from tests.capabilities import needs
from tests.workspace.scenes import Scene, count_calls, die_after, kill_before

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs("overlay")


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Scene:
    """Everything applied."""
    request.getfixturevalue("lab")  # for its clearing
    scene = Scene(tmp_path / "scene", monkeypatch)
    scene.apply()
    return scene


def again(scene: Scene) -> None:
    scene.restart()
    scene.apply()


def check(scene: Scene) -> None:
    """A second undo ends where the first would have; and then all can be applied again."""
    scene.check_paths()
    if past.repository_for(scene.path):
        assert undo(scene.path).problems == ()
    scene.check_undone()
    scene.apply()
    scene.check_applied()


@pytest.mark.slow
@needs("strace")
def test_killed_before_each_changing_system_call(scene) -> None:
    counts = count_calls(scene.trace, scene.undo)
    assert counts["rename"] + counts["renameat"] + counts["renameat2"] > 10
    again(scene)
    for name, count in sorted(counts.items()):
        for number in range(1, count + 1):
            kill_before(scene.trace, scene.undo, name, number)
            check(scene)
            again(scene)


@pytest.mark.slow
def test_killed_after_many_lines_of_our_own(scene) -> None:
    killed = 0
    for after in range(0, 9000, 190):
        child = os.fork()
        if child == 0:
            die_after(after)
            undo(scene.path)
            os._exit(0)
        killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
        check(scene)
        again(scene)
    assert killed > 20


def test_killed_again_and_again_it_comes_to_the_end(scene) -> None:
    for after in range(0, 9000, 190):
        child = os.fork()
        if child == 0:
            if not past.repository_for(scene.path):
                os._exit(0)
            die_after(after)
            undo(scene.path)
            os._exit(0)
        os.waitpid(child, 0)
    scene.check_undone()
    scene.apply()
    scene.check_applied()


def test_half_undone_it_is_neither_applied_nor_lost(scene) -> None:
    child = os.fork()
    if child == 0:
        die_after(2500)
        undo(scene.path)
        os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    with pytest.raises(WorkspaceError, match="cut short"):
        scene.lab.apply(force=("",))
    undo(scene.path)
    scene.check_undone()
