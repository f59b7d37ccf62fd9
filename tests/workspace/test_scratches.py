from __future__ import annotations

import os
import signal

from paddock.state import state_directory
from paddock.workspace.scratches import remove_scratch, scratch


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
