"""Write the first files of an agent's state, where the agent has none of its own yet.

The state is written by what runs inside, so every name in it may have become a link by now: nothing is followed.
"""

from __future__ import annotations

import os

from paddock.kernel.openat2 import openat2
from paddock.plan.paths import within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from paddock.plan.model import File, Mount

_PRIVATE = 0o600


def sow(seeds: Iterable[File], mounts: Iterable[Mount]) -> None:
    """Write each seed into the writable mount that its target lies in; the mounts' sources exist.

    What is there stays, of whatever kind it is. Raises OSError when the disk is full or the state is not the caller's.
    """
    places = [mount for mount in mounts if mount.access == "write"]
    for seed in seeds:
        mount = next(place for place in places if within(seed.target, place.target))
        _sow(mount.source, seed.target[len(mount.target) + 1 :], seed.content.encode())


def _sow(directory: str, name: str, content: bytes) -> None:
    place = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        made = openat2(place, name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode=_PRIVATE)
    except FileExistsError:
        return
    finally:
        os.close(place)
    with open(made, "wb") as file:
        file.write(content)
