"""Bubblewrap's process: what it is given, and every way in which it may turn out not to be bubblewrap."""

from __future__ import annotations

import os
import resource
from typing import TYPE_CHECKING

import pytest

from paddock.boundary import build as building
from paddock.boundary.build import Build
from paddock.boundary.sandbox import Sandbox
from paddock.errors import BoundaryUnavailable
from tests.boundary.boxes import Box, nothing_left_open
from tests.boundary.field import alive, wait_for
from tests.capabilities import needs
from tests.forked import forked

if TYPE_CHECKING:
    from pathlib import Path


def script(tmp_path: Path, text: str) -> str:
    path = tmp_path / "not-bubblewrap"
    path.write_text(f"#!/bin/bash\n{text}\n")
    path.chmod(0o755)
    return str(path)


def refused(box: Box, program: str) -> BoundaryUnavailable:
    """The error of a program in bubblewrap's place; nothing of it is left."""
    plan = box.plan("true")
    compiled = box.compiled(plan)
    with nothing_left_open():
        build = Build(program, compiled, stand_in=False)
        pid = build.pid
        with pytest.raises(BoundaryUnavailable) as caught:
            Sandbox(build)
    assert not os.path.exists(f"/proc/{pid}")
    return caught.value


def test_a_program_that_says_nothing_is_not_bubblewrap(box: Box) -> None:
    error = refused(box, "/bin/false")
    assert error.why == "it ended without a word"
    assert error.next_step == "paddock doctor --boundary bubblewrap"


def test_one_that_has_ended_before_it_is_heard_is_told_as_one_that_ends_later(box: Box) -> None:
    build = Build("/bin/false", box.compiled(box.plan("true")), stand_in=False)
    wait_for(lambda: not alive(build.pid))
    with pytest.raises(BoundaryUnavailable) as caught:
        Sandbox(build)
    assert caught.value.why == "it ended without a word"


def test_a_program_that_is_not_there_is_named(box: Box) -> None:
    assert refused(box, "/no/such/bwrap").why == "/no/such/bwrap: No such file or directory"


def test_where_descriptors_run_out_none_is_kept(box: Box) -> None:
    """Not even an error could be told then: what that needs must be imported."""
    compiled = box.compiled(box.plan("true"))

    def task() -> list[bool]:
        failed: list[bool] = []
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        while True:
            free = os.dup(0)  # the lowest; each time one more is left for it
            os.close(free)
            before = os.listdir("/proc/self/fd")
            resource.setrlimit(resource.RLIMIT_NOFILE, (free + len(failed), hard))
            try:
                build = Build("/bin/false", compiled, stand_in=False)
            except OSError:
                resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
                failed.append(os.listdir("/proc/self/fd") == before)
            else:
                build.kill()
                return failed

    failed = forked(task)
    assert len(failed) > 7, "all of its own, and one for each file"
    assert all(failed)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("echo 'bwrap: it is broken' >&2; exit 1", "it is broken"),
        ("echo rubbish; exit 0", "it ended without a word"),
        ("printf 'rubbish\\n' >&$2; exec cat", "rubbish"),
        ("printf '{\"child-pid\": x}\\n' >&$2; exec cat", "child-pid"),
        ("printf '{\"child-pid\": }\\n' >&$2; exec cat", "child-pid"),
        ("printf '\\xff\\xfe' >&2; head -c 100 /dev/zero >&$2", "\ufffd"),
        ("printf 'half a line' >&$2; exit 0", "it ended without a word"),
    ],
)
def test_rubbish_is_refused_with_what_was_said(box: Box, tmp_path: Path, text: str, why: str) -> None:
    assert why in refused(box, script(tmp_path, text)).why


def test_a_program_that_never_answers_is_ended(box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "_START_TIMEOUT_S", 0.2)
    refused(box, script(tmp_path, "exec sleep infinity"))


@needs("bubblewrap")
def test_pid_one_is_there_once_the_root_is_complete_and_gone_after_the_kill(box: Box) -> None:
    build = box.build(box.plan("true"))
    init = build.wait_until_complete()
    bubblewrap = build.pid
    with open(f"/proc/{init}/status") as file:
        ids = next(line for line in file if line.startswith("NSpid:")).split()
    assert ids[-1] == "1"
    assert build.kill() == ""
    assert build.kill() == "", "a second time does nothing"
    assert not os.path.exists(f"/proc/{bubblewrap}")
    wait_for(lambda: not alive(init))


@needs("bubblewrap")
def test_its_command_line_tells_nothing_of_the_plan(box: Box) -> None:
    """CR-25, CR-26: arguments and environment of PID 1 can be read inside."""
    build = box.build(box.plan("true"))
    init = build.wait_until_complete()
    for pid in (build.pid, init):
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().split(b"\0")
        assert os.fsencode(box.workspace) not in words
        assert b"--bind" not in words
        with open(f"/proc/{pid}/environ", "rb") as file:
            assert file.read() == b""
