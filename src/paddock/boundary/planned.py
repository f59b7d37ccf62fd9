"""Boundaries that a later version brings: whether their mechanism works on this machine already, by trying it.

A trial keeps all that it makes below the directory that it is given, asks nobody over a network, and ends within
a bounded time.
"""

from __future__ import annotations

import os
import signal

from paddock.boundary.base import Availability
from paddock.boundary.packages import install
from paddock.errors import PaddockError
from paddock.kernel import kvm
from paddock.process import SYSTEM_PATH, find, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from paddock.process import Finished

_TIMEOUT_S = 20
_KVM_TIMEOUT_S = 10


def gvisor(base: str) -> Availability:
    """Run `true` under gVisor's kernel."""
    program = find("runsc")
    if program is None:
        return Availability(ok=False, reason="runsc is not installed", fix="install runsc as gvisor.dev/docs describes")
    rootless = () if os.geteuid() == 0 else ("--rootless",)
    where = ("--root", f"{base}/runsc", "--network=none", *rootless)
    return _judge("gvisor", lambda: _run(base, program, *where, "do", "/usr/bin/true"), lambda: _version(base, program))


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


def environment(base: str) -> dict[str, str]:
    """For programs under trial: nothing of the caller's but who they are."""
    from paddock.state import home

    runtime = f"{base}/run"
    os.makedirs(runtime, mode=0o700, exist_ok=True)
    return {"PATH": ":".join(SYSTEM_PATH), "HOME": home(), "XDG_RUNTIME_DIR": runtime, "LANG": "C.UTF-8"}


def _judge(name: str, trial: Callable[[], Finished], version: Callable[[], str]) -> Availability:
    try:
        done = trial()
    except PaddockError as error:
        return Availability(ok=False, reason=f"{error.what}{f' ({error.why})' if error.why else ''}")
    if done.status == 0:
        return Availability(ok=True, reason=version())
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return Availability(
        ok=False, reason=f"a minimal {name} run failed: {lines[-1] if lines else f'status {done.status}'}"
    )


def _run(base: str, program: str, *arguments: str) -> Finished:
    return run((program, *arguments), environment=environment(base), cwd=base, timeout_s=_TIMEOUT_S)


def _version(base: str, program: str) -> str:
    done = _run(base, program, "--version")
    return done.stdout.decode("utf-8", "replace").strip().partition("\n")[0]


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
