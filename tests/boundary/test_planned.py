"""Trials of what a later version brings. What they try is replaced."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from paddock.boundary import planned
from paddock.kernel import kvm

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def base(tmp_path: Path) -> str:
    (tmp_path / "base").mkdir()
    return str(tmp_path / "base")


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
    monkeypatch.setattr("paddock.process.run", lambda *_, **__: pytest.fail("a program was started"))
    assert planned.kubernetes(base).ok is installed
