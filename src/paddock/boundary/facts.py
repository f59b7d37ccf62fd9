"""Ask the machine what `bubblewrap.compile` must know."""

from __future__ import annotations

import os
import stat

from paddock.boundary.bubblewrap import COVERED_PROC, LIVE_PINNED, LIVE_READ_ONLY, Facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.plan.model import Plan


def facts_for(plan: Plan) -> Facts:
    """The facts for one plan on this machine."""
    as_root = os.geteuid() == 0
    source = plan.workspace.source
    live = (*LIVE_PINNED, *LIVE_READ_ONLY) if plan.workspace.mode == "live" else ()
    protected = tuple(path for path in live if _is_real(f"{source}/{path}"))
    sources = [*(mount.source for mount in plan.mounts), *(f"{source}/{path}" for path in protected)]
    # Through a symbolic link the staged path would lead elsewhere: bubblewrap follows those, outside.
    staged = frozenset(path for path in sources if path.startswith("/etc/") and os.path.realpath(path) == path)
    return Facts(
        as_root=as_root,
        files=frozenset(path for path in sources if (as_root or path in staged) and not os.path.isdir(path)),
        staged=staged,
        covered_proc=tuple(path for path in COVERED_PROC if os.path.exists(path)),
        live_protected=protected,
    )


def _is_real(path: str) -> bool:
    """Exists and is no symbolic link, which a bind mount would follow to another place."""
    try:
        return not stat.S_ISLNK(os.lstat(path).st_mode)
    except OSError:
        return False
