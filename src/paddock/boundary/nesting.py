"""Containers inside a container of Podman's: what there has to be for an engine inside, and what that costs.

Nothing of the host's engine is handed in. The command may make user namespaces, and in them all other kinds and
mounts; the engine inside is an ordinary program of the person's, with no capability outside of what it makes itself.
"""

from __future__ import annotations

from paddock.boundary.base import Gap
from paddock.boundary.packages import install
from paddock.boundary.steps import Seal
from paddock.errors import BoundaryUnavailable
from paddock.plan.nesting import PLACE, STORAGE
from paddock.process import find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.boundary.sheet import Sheet
    from paddock.plan.model import Plan

_DOCKER = b"""\
#!/bin/sh
exec podman "$@"
"""
_EMPTY_BYTES = 4096


def gaps() -> tuple[Gap, ...]:
    """What nested containers cost, whatever the machine is."""
    return (
        Gap(
            name="nested-namespaces",
            promise="the kernel's risky calls are refused",
            why="boundary.nested lets programs make user namespaces and mounts, and with these reach kernel code that "
            "is otherwise root's alone; Landlock, the second wall around the root, is off",
            instead="without --nested",
        ),
    )


def refuse_missing(plan: Plan) -> None:
    """Raise BoundaryUnavailable where this machine's programs are the root, and the engine is none of them."""
    missing = [name for name in ("podman", "crun") if not plan.image and find(name) is None]
    if missing:
        raise BoundaryUnavailable(
            f"{missing[0]} is not installed, which makes the containers inside",
            why="the programs inside are this machine's",
            next_step=f"{install(missing[0])}, or: paddock run --nested --image NAME …, one that has podman and crun",
            code="nested-missing",
        )


def lay_out(plan: Plan, out: Sheet) -> None:
    """The storage, `docker`, and a /sys with nothing in it: an engine asks what lies at /sys/fs/cgroup."""
    out.bind(out.facts.storage, STORAGE, read_only=False)
    out.file(_DOCKER, f"{PLACE}/docker", 0o555)
    own = [file.target for file in plan.files if file.target.startswith(f"{PLACE}/")]
    out.steps += [Seal(path, read_only=True) for path in (*own, f"{PLACE}/docker")]
    for place in ("/sys", "/sys/fs/cgroup"):
        out.empty(place, _EMPTY_BYTES, 0o755)
