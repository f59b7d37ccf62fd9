from __future__ import annotations

import os
from typing import TYPE_CHECKING

from paddock.kernel import kvm

if TYPE_CHECKING:
    import pytest


def test_a_missing_device_is_said_and_nothing_stays_open(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(kvm, "DEVICE", "/dev/no-such-device")
    before = os.listdir("/proc/self/fd")
    assert kvm.failure() == "opening /dev/no-such-device: No such file or directory"
    assert os.listdir("/proc/self/fd") == before


def test_a_device_that_is_not_kvm_is_found_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(kvm, "DEVICE", "/dev/null")
    before = os.listdir("/proc/self/fd")
    assert kvm.failure().startswith("asking for the version of KVM: ")
    assert os.listdir("/proc/self/fd") == before


def test_here_a_guest_halts_or_the_step_that_fails_is_named():
    """KVM is not a need of the tests; where it is there, the verdict must be one of the two."""
    before = os.listdir("/proc/self/fd")
    found = kvm.failure()
    steps = ("opening", "asking", "making", "running", "a guest of one instruction", "KVM's interface")
    assert found == "" or found.startswith(steps)
    assert os.listdir("/proc/self/fd") == before
