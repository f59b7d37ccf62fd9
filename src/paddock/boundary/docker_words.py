"""Docker's words for the container that `boundary.podman` compiles, and what it leaves more open. Pure."""

from __future__ import annotations

from paddock.boundary.sheet import KEEPER
from paddock.boundary.steps import Mirror, Remove, Seal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.boundary.sheet import Sheet
    from paddock.plan.model import Plan

# An image of nothing: Docker takes no directory as a root, so all that a root has is mounted.
EMPTY = "localhost/paddock-empty:1"
_DEVICES = ("full", "null", "random", "tty", "urandom", "zero")
_ADDED = ("/etc/hosts", "/etc/resolv.conf")  # what Docker mounts without being asked, beside /etc/hostname


def isolation(hostname: str, person: int) -> list[str]:
    """The container by itself; what Docker keeps private without a word (processes, host names) needs none."""
    return [
        # Whatever the daemon's own file says: another runtime and another first process could not be entered, and a
        # map of ids for all containers would not have the person.
        "--runtime", "runc", "--init=false", "--userns", "host",
        # INVARIANT PK-47, PK-12, FS-16: as `podman._isolation` says.
        "--network", "none", "--ipc", "private", "--cgroupns", "private", "--user", f"{person}:{person}",
        "--read-only", "--cap-drop", "all", "--security-opt", "no-new-privileges",
        "--log-driver", "none", "--no-healthcheck", "--hostname", hostname, "--workdir", "/", "--stop-timeout", "0",
    ]  # fmt: skip


def ending(plan: Plan) -> tuple[str, ...]:
    """The keeper, and the root."""
    return ("--pull", "never", "--entrypoint", KEEPER, plan.image.reference if plan.image else EMPTY)


def seal(out: Sheet) -> None:
    """Files about this machine go, and volumes that an image asks for become read-only; podman is told of none.

    Devices become mounts of their own, as an engine without root has to make them: their directory can be sealed then.
    """
    out.steps += [Mirror(f"/dev/{name}", f"/dev/{name}") for name in _DEVICES]
    out.steps += [Remove(target) for target in _ADDED if target not in out.targets]
    # Docker makes each anew, with what the image has there.
    out.steps += [Seal(target, read_only=True, deep=False) for target in out.facts.volumes if target not in out.targets]
