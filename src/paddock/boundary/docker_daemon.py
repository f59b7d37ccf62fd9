"""Docker's daemon: where it listens, and whether it is the caller's own.

Paddock enters a container from outside, so a daemon must be the caller's own: rootless Docker's, or root's for root.
Who may only ask a daemon of root's could enter by asking it for root's rights over this machine, which nothing of
Paddock's does.
"""

from __future__ import annotations

import os
import stat

from paddock.boundary.packages import install
from paddock.errors import BoundaryUnavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_ROOTLESS = "a daemon of your own: dockerd-rootless-setuptool.sh install"


def address(environ: Mapping[str, str]) -> str:
    """Where a daemon of the caller's own listens. Raises BoundaryUnavailable."""
    named = environ.get("DOCKER_HOST", "")
    if named and not named.startswith("unix:///"):
        raise BoundaryUnavailable(
            "Docker's daemon is on another machine",
            why=f"DOCKER_HOST is {named!a}; its containers cannot be entered from here",
            next_step=f"unset DOCKER_HOST, or {install('podman')}",
            code="docker-elsewhere",
        )
    runtime = environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.geteuid()}"
    places = (named.removeprefix("unix://"),) if named else (f"{runtime}/docker.sock", "/run/docker.sock")
    for place in places:
        try:
            found = os.stat(place)
        except OSError:
            continue
        if not stat.S_ISSOCK(found.st_mode):
            continue
        if found.st_uid != os.geteuid():
            raise BoundaryUnavailable(
                "Docker's daemon here is not yours",
                why=f"{place} belongs to user {found.st_uid}, whose containers you cannot enter; to make its daemon do "
                "that would be to take its rights over this machine",
                next_step=f"{install('podman')}   or {_ROOTLESS}",
                code="docker-not-yours",
            )
        return f"unix://{place}"
    raise BoundaryUnavailable(
        "Docker's daemon does not run",
        why=f"no socket at {' or '.join(places)}",
        next_step=f"start it, or {install('podman')}, which needs none",
        code="docker-no-daemon",
    )
