"""Plans to compile, written by hand: what resolution makes of a policy is another room's business."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paddock.frozen import replace
from paddock.plan.model import (
    BoundaryChoice,
    File,
    Limit,
    Link,
    Mask,
    Mount,
    Network,
    Person,
    Plan,
    Private,
    Variable,
    Workspace,
)
from paddock.policy.model import BUILT_IN, Origin

if TYPE_CHECKING:
    from typing import Any

FLAG = Origin("flag", "--limit")
REPOSITORY = "/home/ada/my project"

PLAN = Plan(
    command=("pytest", "-q"),
    cwd=REPOSITORY,
    terminal=False,
    person=Person(1000, 1000, "ada", "/home/ada"),
    environment=(Variable("PATH", "/usr/bin:/bin", BUILT_IN), Variable("TOKEN", "value-of-a-variable", FLAG)),
    workspace=Workspace(REPOSITORY, "review", (), BUILT_IN),
    mounts=(
        Mount("/usr", "/usr", "read", BUILT_IN),
        Mount("/etc/ssl/certs", "/etc/ssl/certs", "read", BUILT_IN),
        Mount("/home/ada/.cargo", "/home/ada/.cargo", "read", BUILT_IN),
        Mount("/home/ada/.local/state/paddock/agents/x", "/home/ada/.x", "write", BUILT_IN),
        Mount("/srv/tool", "/srv/tool", "read", BUILT_IN),
    ),
    links=(Link("/bin", "usr/bin"), Link("/etc/mtab", "/proc/self/mounts")),
    files=(File("/etc/passwd", "ada:x:1000:1000::/home/ada:/bin/sh\n"), File("/etc/hosts", "127.0.0.1 localhost\n")),
    private=(
        Private("/home/ada", 1 << 20),
        Private("/tmp", 2 << 20),
        Private("/dev/shm", 3 << 20),
        Private("/run", 4 << 20),
        Private("/var/tmp", 5 << 20),
    ),
    network=Network("off", (), BUILT_IN),
    limits=(Limit("memory", 4 << 30, BUILT_IN), Limit("processes", 512, BUILT_IN), Limit("open_files", 4096, BUILT_IN)),
    boundary=BoundaryChoice("auto", "bubblewrap", (), BUILT_IN),
)
MASKS = (Mask(f"{REPOSITORY}/.env", False, BUILT_IN), Mask(f"{REPOSITORY}/secrets", True, BUILT_IN))


def changed(**changes: Any) -> Plan:
    """The plan with other fields."""
    return replace(PLAN, **changes)


def plan_for(source: str, mode: str = "review", masks: tuple[Mask, ...] = ()) -> Plan:
    """The plan for another workspace."""
    return changed(workspace=Workspace(source, mode, masks, BUILT_IN), cwd=source)  # type: ignore[arg-type]
