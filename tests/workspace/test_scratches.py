from __future__ import annotations

import os
import signal

from paddock.state import state_directory
from paddock.workspace.scratches import clear_left, left, remove_scratch, scratch
from tests.workspace.looking import look_at_new_ones


def test_layers_come_and_go(lab) -> None:
    path = scratch(str(lab.repository))
    assert sorted(os.listdir(path)) == ["upper", "work"]
    assert os.stat(path).st_mode & 0o777 == 0o700
    os.mkdir(f"{path}/work/work", 0)
    remove_scratch(path)
    assert os.listdir(f"{state_directory()}/scratch") == []


def test_what_a_killed_one_left_is_cleared_and_a_live_one_is_not(lab) -> None:
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        scratch()
        os.write(there, b"x")
        signal.pause()
        os._exit(0)
    os.read(here, 1)
    mine = scratch()
    assert len(os.listdir(f"{state_directory()}/scratch")) == 2
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    another = scratch()
    assert {os.path.basename(mine), os.path.basename(another)} == set(os.listdir(f"{state_directory()}/scratch"))
    remove_scratch(mine)
    remove_scratch(another)
    os.close(here)
    os.close(there)


def test_layers_of_a_mode_that_keeps_everybody_out_are_cleared_and_named(lab) -> None:
    remove_scratch(scratch())
    home = f"{state_directory()}/scratch"
    os.makedirs(f"{home}/dead/work/work")
    os.chmod(f"{home}/dead/work", 0)
    os.chmod(f"{home}/dead", 0)
    assert left() == [f"{home}/dead"]
    assert clear_left() == [f"{home}/dead"]
    assert os.listdir(home) == []


def test_what_is_no_layer_is_told_and_keeps_nobody_from_work(lab) -> None:
    remove_scratch(scratch())
    home = f"{state_directory()}/scratch"
    os.symlink("/", f"{home}/0")
    mine = scratch()
    assert left() == [f"{home}/0"]
    assert clear_left() == []
    remove_scratch(mine)
    assert os.listdir(home) == ["0"]


def test_one_s_own_are_never_taken_for_left(lab) -> None:
    mine = scratch(str(lab.repository))
    assert left() == clear_left() == []
    assert os.path.isdir(f"{mine}/upper")
    remove_scratch(mine)


def test_many_at_once_do_not_clear_each_other(lab) -> None:
    gate = os.pipe()
    children = []
    for _ in range(8):
        child = os.fork()
        if child == 0:
            os.close(gate[1])
            os.read(gate[0], 1)  # all start together
            code = 1
            try:
                for _ in range(10):
                    path = scratch(str(lab.repository))
                    assert os.path.isdir(f"{path}/upper")
                    remove_scratch(path)
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    os.close(gate[0])
    os.close(gate[1])
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 8
    assert left() == []


def test_who_looks_for_left_ones_waits_for_those_that_are_being_made(lab, monkeypatch) -> None:
    """They have a name before they have a lock."""
    seen = look_at_new_ones(monkeypatch, lambda path: os.path.dirname(path).endswith("/scratch"), left)
    remove_scratch(scratch())
    assert seen == [0]
