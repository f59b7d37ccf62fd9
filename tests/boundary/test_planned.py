"""Trials of what a later version brings. The programs are stand-ins: scripts that behave as the real ones may."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from paddock.boundary import planned
from paddock.kernel import kvm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TRIALS = {"runsc": planned.gvisor}


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    def install(name: str, script: str) -> None:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setattr(planned, "find", lambda asked: str(path) if asked == name else None)

    return install


@pytest.fixture
def base(tmp_path: Path) -> str:
    (tmp_path / "base").mkdir()
    return str(tmp_path / "base")


@pytest.mark.parametrize("name", TRIALS)
def test_a_missing_program_is_said_with_what_installs_it(monkeypatch: pytest.MonkeyPatch, base: str, name: str):
    monkeypatch.setattr(planned, "find", lambda _: None)
    found = TRIALS[name](base)
    assert not found.ok
    assert "not installed" in found.reason
    assert name in found.fix


@pytest.mark.parametrize("name", TRIALS)
def test_a_run_that_succeeds_is_ok_with_the_programs_version(stand_in, base: str, name: str):
    stand_in(name, f'test "$1" != --version || echo {name} version 9.9')
    found = TRIALS[name](base)
    assert (found.ok, found.reason) == (True, f"{name} version 9.9")


@pytest.mark.parametrize("name", TRIALS)
def test_a_run_that_fails_gives_the_programs_own_last_word(stand_in, base: str, name: str):
    stand_in(name, "echo first >&2; echo Error: no newuidmap >&2; exit 125")
    found = TRIALS[name](base)
    assert not found.ok
    assert found.reason.endswith("run failed: Error: no newuidmap")


@pytest.mark.parametrize("name", TRIALS)
def test_a_run_that_never_ends_is_ended(stand_in, monkeypatch: pytest.MonkeyPatch, base: str, name: str):
    monkeypatch.setattr(planned, "_TIMEOUT_S", 0.2)
    stand_in(name, "exec sleep 600")
    found = TRIALS[name](base)
    assert not found.ok
    assert "did not end within" in found.reason


def test_a_program_that_cannot_be_executed_is_a_finding(stand_in, base: str, tmp_path: Path):
    stand_in("runsc", "")
    (tmp_path / "runsc").write_bytes(b"\x7fELF nonsense")
    assert "could not be started" in planned.gvisor(base).reason


def test_a_machine_without_kvm_is_told_where_to_switch_it_on(monkeypatch: pytest.MonkeyPatch, base: str):
    monkeypatch.setattr(kvm, "DEVICE", "/dev/no-such-device")
    found = planned.microvm(base)
    assert not found.ok
    assert "firmware" in found.fix


def test_a_guest_that_does_not_run_is_not_called_usable(monkeypatch: pytest.MonkeyPatch, base: str):
    monkeypatch.setattr(kvm, "DEVICE", "/dev/null")
    found = planned.microvm(base)
    assert not found.ok
    assert "unusable" in found.reason


def test_a_guest_that_never_gives_back_is_ended(monkeypatch: pytest.MonkeyPatch, base: str):
    monkeypatch.setattr(kvm, "DEVICE", "/dev/null")
    monkeypatch.setattr(planned, "_KVM_TIMEOUT_S", 1)
    monkeypatch.setattr(kvm, "failure", lambda: time.sleep(600))
    assert "did not end" in planned.microvm(base).reason


@pytest.mark.parametrize("installed", [True, False])
def test_a_microvm_needs_both_kvm_and_qemu(monkeypatch: pytest.MonkeyPatch, base: str, installed: bool):
    monkeypatch.setattr(kvm, "DEVICE", "/dev/null")
    monkeypatch.setattr(kvm, "failure", lambda: "")
    monkeypatch.setattr(planned, "find", lambda name: f"/usr/bin/{name}" if installed else None)
    found = planned.microvm(base)
    assert found.ok is installed
    assert "qemu-system" in found.reason


@pytest.mark.parametrize("installed", [True, False])
def test_kubernetes_is_looked_for_and_never_called(monkeypatch: pytest.MonkeyPatch, base: str, installed: bool):
    monkeypatch.setattr(planned, "find", lambda _: "/bin/false" if installed else None)
    monkeypatch.setattr(planned, "run", lambda *_, **__: pytest.fail("a program was started"))
    assert planned.kubernetes(base).ok is installed
