"""Which platform is used, and for how long that is remembered."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.boundary import runsc
from paddock.errors import BoundaryUnavailable

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.boundary.gvisor import Runsc


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "runsc"
    path.write_text("#!/bin/sh\n")
    monkeypatch.setattr(runsc, "find", lambda _: str(path))
    return path


def test_the_first_that_works_is_used_and_remembered(program: Path) -> None:
    tried: list[str] = []

    def attempt(found: Runsc) -> str:
        tried.append(found.platform)
        return "" if found.platform == "ptrace" else "unknown platform"

    assert runsc.find_runsc(attempt).platform == "ptrace"
    assert runsc.find_runsc(attempt).platform == "ptrace"
    assert tried == ["systrap", "ptrace"]
    os.utime(program, ns=(1, 1))  # an update
    assert runsc.remembered(str(program)) == ""


def test_where_none_works_it_says_of_each_why(program: Path) -> None:
    with pytest.raises(BoundaryUnavailable) as raised:
        runsc.find_runsc(lambda found: f"no {found.platform}")
    assert raised.value.why == "systrap: no systrap\nptrace: no ptrace\nkvm: no kvm"
    assert runsc.remembered(str(program)) == ""


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"x\nptrace\n", b"ptrace"])
def test_a_memory_that_is_damaged_is_none(program: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "state/paddock").mkdir(parents=True)
    (tmp_path / "state/paddock/gvisor").write_bytes(content)
    assert runsc.remembered(str(program)) == ""


def test_a_missing_program_is_said_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runsc, "find", lambda _: None)
    with pytest.raises(BoundaryUnavailable, match="gVisor is not installed"):
        runsc.find_program()


def test_a_machine_is_told_what_is_used_what_else_works_and_what_fails() -> None:
    found = runsc.judge("runsc 1", {"systrap": "", "ptrace": "", "kvm": "no /dev/kvm"})
    assert (found.ok, found.reason) == (True, "runsc 1: systrap is used, ptrace too (kvm: no /dev/kvm)")
    assert not runsc.judge("runsc 1", {"systrap": "odd"}).ok
