"""Places for what is mounted in a home that stays: of an agent's state, of canaries.

An engine would make them by itself, as its root. And programs inside own that home: any name in it may have become a
link to somewhere on this machine by now, so nothing is followed.
"""

from __future__ import annotations

import os
from contextlib import suppress

from paddock.errors import Refused
from paddock.kernel.openat2 import openat2

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.plan.model import Plan

_PLACE = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW
_FILE = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK


def prepare(plan: Plan, home: str) -> None:
    """Make the places in `home`, the directory of this machine. Raises Refused where one cannot be."""
    inside = plan.person.home + "/"
    for mount in plan.mounts:
        if mount.target.startswith(inside):
            _make(home, mount.target.removeprefix(inside), directory=os.path.isdir(mount.source))
    for planted in plan.canaries if plan.network.mode != "off" else ():  # nowhere else are there any
        if planted.target.startswith(inside):
            _make(home, planted.target.removeprefix(inside), directory=False)


def _make(home: str, path: str, *, directory: bool) -> None:
    *above, name = path.split("/")
    at = os.open(home, _PLACE | os.O_CLOEXEC)
    try:
        for part in (*above, *((name,) if directory else ())):
            below = _enter(at, part)
            os.close(at)
            at = below
        if not directory:
            os.close(openat2(at, name, _FILE, mode=0o600))
    except OSError as error:
        raise Refused(
            f"~/{path} of this dev container cannot be mounted on",
            why=f"{error.strerror}: something inside has put another thing at {error.filename}",
            next_step="paddock devcontainer rm   forgets this home; the next up makes a new one",
            code="home-place",
        ) from error
    finally:
        os.close(at)


def _enter(at: int, part: str) -> int:
    with suppress(FileExistsError):
        os.mkdir(part, 0o755, dir_fd=at)
    return openat2(at, part, _PLACE)
