"""Ask the machine what `bubblewrap.compile` must know."""

from __future__ import annotations

import os

from paddock.boundary.bubblewrap import COVERED_PROC, Facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.plan.model import Plan


def facts_for(plan: Plan, *, pinned: tuple[str, ...] = (), read_only: tuple[str, ...] = (), trust: str = "") -> Facts:
    """The facts for one plan on this machine.

    With what a look at the workspace said is to be held in mode live, and the directory of whom to `trust`.
    """
    as_root = os.geteuid() == 0
    sources = [mount.source for mount in plan.mounts]
    # Through a symbolic link the staged path would lead elsewhere: bubblewrap follows those, outside.
    staged = frozenset(path for path in sources if path.startswith("/etc/") and os.path.realpath(path) == path)
    return Facts(
        as_root=as_root,
        files=frozenset(path for path in sources if (as_root or path in staged) and not os.path.isdir(path)),
        staged=staged,
        covered_proc=tuple(path for path in COVERED_PROC if os.path.exists(path)),
        pinned=pinned,
        read_only=read_only,
        trust=trust,
        bundles=_bundles(plan) if trust else (),
    )


def _bundles(plan: Plan) -> tuple[str, ...]:
    """The system's files of authorities that are seen inside, by what they are when links have been followed.

    Which of them an image has is seen when its root is there.
    """
    from paddock.plan.trusting import SYSTEM_BUNDLES

    if plan.image:
        return SYSTEM_BUNDLES
    real = {os.path.realpath(path) for path in SYSTEM_BUNDLES if os.path.isfile(path)}
    places = [f"{mount.target}/" for mount in plan.mounts if mount.source == mount.target]
    return tuple(sorted(path for path in real if any(f"{path}/".startswith(place) for place in places)))
