"""A terminal of the host's with a program on it: what waits in its input is counted, what is shown is read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.errors import PaddockError
from paddock.probes.planting import terminal

if TYPE_CHECKING:
    from pathlib import Path

ENVIRON = {"PATH": "/usr/bin:/bin"}


def shell(script: str, cwd: Path, redirection: str = "", timeout_s: float = 60) -> terminal.Left:
    return terminal.run(("/bin/sh", "-c", script), ENVIRON, str(cwd), redirection, timeout_s)


def test_the_program_has_the_terminal_as_its_own(tmp_path: Path) -> None:
    left = shell("tty; tty </dev/tty; test -t 0 && test -t 1 && test -t 2; echo $?", tmp_path)
    own, named, status = left.shown.decode().split()
    assert own.startswith("/dev/pts/")
    assert named in (own, "/dev/tty")
    assert (status, left.status, left.waiting) == ("0", 0, 0)


def test_streams_may_be_elsewhere(tmp_path: Path) -> None:
    left = shell("test -t 0; echo $? >&2; echo unseen", tmp_path, "</dev/null >/dev/null")
    assert left.shown == b"1\r\n"


def test_the_status_is_the_programs(tmp_path: Path) -> None:
    assert shell("exit 7", tmp_path).status == 7


def test_much_is_shown_to_its_end(tmp_path: Path) -> None:
    assert shell("head -c 300000 /dev/zero | tr '\\0' x", tmp_path).shown.count(b"x") == 300_000


def test_what_is_written_to_it_is_shown_and_not_typed(tmp_path: Path) -> None:
    left = shell("printf two > $(tty)", tmp_path)
    assert (left.shown, left.waiting) == (b"two", 0)


def test_nothing_stays_open(tmp_path: Path) -> None:
    before = os.listdir("/proc/self/fd")
    shell("true", tmp_path)
    assert os.listdir("/proc/self/fd") == before


def test_who_does_not_end_is_ended(tmp_path: Path) -> None:
    with pytest.raises(PaddockError, match="did not end"):
        shell("sleep 30", tmp_path, timeout_s=0.3)
