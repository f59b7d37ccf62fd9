"""What the host's table of processes says of those inside."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from paddock.probes.inside.effects import Skipped
from paddock.probes.scenarios import processes
from paddock.probes.scenarios.scene import Scene
from tests.capabilities import IS_ROOT, needs

if TYPE_CHECKING:
    from paddock.probes.planting.ground import Ground

pytestmark = needs("bubblewrap", "git")
PADDOCK = (sys.executable, "-I", "-m", "paddock")


def test_a_command_inside_is_not_root_on_the_host_and_has_a_session_of_its_own(ground: Ground) -> None:
    found = processes.identity(Scene(ground, (*PADDOCK, "run", "--quiet", "--"), PADDOCK))
    assert found == {"PK-11 host-side": [], "PK-32 own-session": []}


def test_a_command_without_a_sandbox_is_who_called_it_on_the_same_terminal(ground: Ground) -> None:
    found = processes.identity(Scene(ground, ()))
    assert isinstance(found, dict)
    assert ("it is uid 0 of the host" in found["PK-11 host-side"]) is IS_ROOT
    assert found["PK-32 own-session"] == ["it is in the caller's session"]


def test_where_root_calls_an_account_of_the_machine_is_no_nobody() -> None:
    own, named = os.getpid(), f"it is uid {os.geteuid()} of the host"
    assert named in processes._rights(own, as_nobody=True)
    assert (named in processes._rights(own, as_nobody=False)) is IS_ROOT


def test_a_command_that_cannot_be_seen_is_not_taken_for_an_ordinary_one(ground: Ground) -> None:
    hidden = (sys.executable, "-c", "import sys; print('up', flush=True); sys.stdin.read()")
    with pytest.raises(Skipped):
        processes.identity(Scene(ground, hidden))


def test_processes_are_found_by_a_whole_argument() -> None:
    mark = f"mark-of-a-test-{os.getpid()}"
    argv = ["/bin/sh", "-c", "echo up; read line", "sh", mark]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as started:
        assert started.stdout
        assert started.stdout.readline() == b"up\n"  # execve(2) has told it to the table of processes
        assert list(processes.alive(mark)) == [started.pid]
        assert processes.alive(mark[:-1]) == {}
        assert started.stdin
        started.stdin.close()
