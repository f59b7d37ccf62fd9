"""The gvisor boundary: in podman's container, a kernel of gVisor's, and every command in that.

`compile` is pure, and gives the same container as `boundary.podman`. Overlays, masks and what is held are mounts
of the container's, made before gVisor starts: its gofer, which opens files for it, sees what a command in the
container would have seen. A runtime that is told of them in its own words may drop them without one (`:O`).
What comes through gVisor is therefore where a command of the podman boundary begins.
"""

from __future__ import annotations

from paddock.boundary import guest_programs, podman
from paddock.boundary.sheet import HERE, KEEPER, Placed
from paddock.frozen import frozen, replace
from paddock.kernel import seccomp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from paddock.boundary.bubblewrap import Facts
    from paddock.boundary.sheet import Compiled
    from paddock.boundary.steps import Overlay
    from paddock.kernel.join import Start
    from paddock.kernel.seccomp import Machine, Profile
    from paddock.plan.model import Plan

# Where runsc keeps what it knows of the guest: a mount that the guest's root does not get a copy of.
STATE = "/run/paddock-guest"
INIT, ENTER, SHOW = "/run/paddock-init", "/run/paddock-enter", "/run/paddock-show"
_STATE_BYTES = 8 << 20
# File systems of gVisor's own, in its memory: a host's would be ten times as slow, and its /tmp is one always.
INTERNAL = {"/tmp": "1777", "/var/tmp": "1777", "/dev/shm": "1777"}  # noqa: S108 - inside the sandbox
_RLIMITS = {
    "processes": "RLIMIT_NPROC",
    "open_files": "RLIMIT_NOFILE",
    "file_size": "RLIMIT_FSIZE",
    "memory": "RLIMIT_DATA",
    "core": "RLIMIT_CORE",
}


@frozen
class Runsc:
    """gVisor's program here, and the platform that works with it (systrap, ptrace or kvm)."""

    program: str
    platform: str


def compile(  # noqa: A001 - the design's word
    plan: Plan, facts: Facts, overlays: tuple[Overlay, ...], machine: Machine, umask: int = 0o022
) -> Compiled:
    """The container of `podman.compile`, with what gVisor needs in it. `umask` is the caller's."""
    # gVisor has a /proc of its own. Its gofer mounts one, which the kernel allows only where all of another is
    # seen (mount_too_revealing); the container's is seen by nothing but gVisor itself.
    made = podman.compile(plan, replace(facts, covered_proc=()), overlays)
    words = ["--security-opt", "unmask=ALL"]
    words += ["--mount", f"type=tmpfs,dst={STATE},tmpfs-size={_STATE_BYTES},tmpfs-mode=700,notmpcopyup"]
    programs = {
        INIT: guest_programs.init(machine),
        ENTER: guest_programs.enter(machine, seccomp.program(_profile(plan), machine), umask),
        SHOW: guest_programs.show(machine),
    }
    files = list(made.files)
    for place, content in programs.items():
        files.append(Placed(content, 0o555))
        words += ["--mount", f"type=bind,src={HERE}/files/{len(files) - 1},dst={place},ro=true"]
    # As root the engine's runtime cannot make places in the skeleton: its root inside is nobody outside.
    places = {} if plan.image else {STATE: 0o755, KEEPER: b"", **dict.fromkeys(programs, b"")}
    root = tuple(sorted({**places, **dict(made.root)}.items()))
    return replace(made, arguments=(*words, *made.arguments), files=tuple(files), root=root)


def _profile(plan: Plan) -> Profile:
    return "debug" if plan.syscalls == "debug" else "default"


def flags(plan: Plan, runsc: Runsc) -> tuple[str, ...]:
    """What runsc is told for this plan, before its command."""
    # As Podman's own network namespace, in which the gateway's sockets are; without any, gVisor's own loopback.
    network = "host" if plan.network.mode != "off" or plan.network.published else "none"
    # What is written on the host while a live sandbox runs must be seen; an overlay is this sandbox's alone.
    access = "shared" if plan.workspace.mode == "live" else "exclusive"
    # Control groups are Paddock's, and runsc with all that it starts is in them from the outside.
    return (
        "--root", f"{STATE}/state", "--ignore-cgroups", f"--network={network}",
        f"--platform={runsc.platform}", f"--file-access={access}",
    )  # fmt: skip


def bundle(plan: Plan, limits: Mapping[str, int]) -> Mapping[str, Any]:
    """The guest (config.json of the OCI's runtime specification): the container's root, and the first process.

    Its `limits` are those of each command that is added, whatever is said of that (runsc of 2022).
    """
    mounts: list[dict[str, Any]] = [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"},
        {"destination": "/dev/pts", "type": "devpts", "source": "devpts"},
        {"destination": "/sys", "type": "tmpfs", "source": "tmpfs", "options": ["ro", "size=4096"]},
    ]
    for entry in plan.private:
        if entry.target in INTERNAL and not _mounted_below(plan, entry.target):
            options = [f"size={entry.size_bytes}", f"mode={INTERNAL[entry.target]}"]
            mounts.append({"destination": entry.target, "type": "tmpfs", "source": "tmpfs", "options": options})
    return {
        "ociVersion": "1.0.2",
        "process": _process((plan.person.uid, plan.person.gid), (INIT,), "/", {}, limits),
        # Not read-only for gVisor as a whole: each mount of the container says for itself.
        "root": {"path": "/", "readonly": False},
        "hostname": "paddock",
        "mounts": mounts,
        "linux": {"namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")]},
    }


def _mounted_below(plan: Plan, target: str) -> bool:
    places = [mount.target for mount in plan.mounts] + [plan.workspace.source, plan.person.home]
    return any(path.startswith(f"{target}/") for path in places)


def process(start: Start, path: str) -> Mapping[str, Any]:
    """A command whose program is at `path` (`process` of the same specification).

    It has a terminal where all its streams are one: gVisor makes all three of them the same terminal.
    """
    argv = (ENTER, path, *start.argv)
    described = _process((start.uid, start.gid), argv, start.cwd, start.environment, start.limits)
    return {**described, "terminal": start.streams == ("terminal", "terminal", "terminal")}


def _process(
    user: tuple[int, int], argv: tuple[str, ...], cwd: str, environment: Mapping[str, str], limits: Mapping[str, int]
) -> dict[str, Any]:
    uid, gid = user
    return {
        "terminal": False,
        "user": {"uid": uid, "gid": gid},
        "args": list(argv),
        "env": [f"{name}={value}" for name, value in environment.items()],
        "cwd": cwd,
        "capabilities": {kind: [] for kind in ("bounding", "effective", "inheritable", "permitted", "ambient")},
        "noNewPrivileges": True,
        "rlimits": [{"type": _RLIMITS[name], "soft": value, "hard": value} for name, value in limits.items()],
    }


def is_gvisor(release: str, host: str) -> bool:
    """Whether a kernel that calls itself so is gVisor's, and not this machine's."""
    return release != host and (release == "4.4.0" or "gvisor" in release)
