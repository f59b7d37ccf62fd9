"""Boundaries that a later version brings: whether their mechanism works on this machine already, by trying it.

A trial keeps all that it makes below the directory that it is given, asks nobody over a network, and ends within
a bounded time.
"""

from __future__ import annotations

import os
import signal

from paddock.boundary.base import Availability
from paddock.boundary.packages import install
from paddock.kernel import kvm
from paddock.process import find

_KVM_TIMEOUT_S = 10


def microvm(base: str) -> Availability:  # noqa: ARG001 - all trials have one shape
    """Run a guest of one instruction, and look for QEMU."""
    if not os.path.exists(kvm.DEVICE):
        reason = f"no {kvm.DEVICE}: the processor's virtualisation is off, or this machine is itself a guest without it"
        return Availability(
            ok=False,
            reason=reason,
            fix="switch virtualisation on in the firmware, or nested virtualisation in the host",
        )
    failure = _tried_in_a_child()
    if failure and not os.access(kvm.DEVICE, os.R_OK | os.W_OK):
        fix = "sudo usermod -aG kvm $USER, then log in again"
        return Availability(ok=False, reason=f"{kvm.DEVICE} is there, but not for you ({failure})", fix=fix)
    if failure:
        return Availability(ok=False, reason=f"{kvm.DEVICE} is there, but unusable ({failure})")
    machine = f"qemu-system-{os.uname().machine}"
    if find(machine) is None:
        return Availability(ok=False, reason=f"KVM runs a guest, but {machine} is not installed", fix=install(machine))
    return Availability(ok=True, reason=f"KVM runs a guest of one instruction; {machine} is there")


def kubernetes(base: str) -> Availability:  # noqa: ARG001 - all trials have one shape
    """Look for kubectl. No cluster is contacted: which one, and with whose rights, is the person's to say."""
    if find("kubectl") is None:
        return Availability(
            ok=False, reason="kubectl is not installed", fix="install kubectl as kubernetes.io describes"
        )
    return Availability(ok=True, reason="kubectl is there; no cluster was contacted")


def _tried_in_a_child() -> str:
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(_KVM_TIMEOUT_S)
            os.write(write, b"+" + kvm.failure().encode())
        finally:
            os._exit(0)
    os.close(write)
    with open(read, "rb") as pipe:
        said = pipe.read().decode("utf-8", "replace")
    os.waitpid(pid, 0)
    return said[1:] if said else f"a guest of one instruction did not end within {_KVM_TIMEOUT_S} s"
