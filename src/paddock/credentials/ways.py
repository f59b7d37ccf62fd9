"""Which places the way to a file leads through, every symbolic link of it counted.

Where a path ends says nothing about who can change where it ends: one link on the way that a sandbox may replace is
enough. So each step is looked at.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MOST_STEPS = 1000  # names and links; the kernel follows 40 links (path_resolution(7))


def goes_through(path: str, places: Iterable[str]) -> bool:
    """Whether the way to an absolute path touches one of some real directories, or never ends."""
    roots = tuple(place.rstrip("/") or "/" for place in places)
    for number, step in enumerate(_steps(path)):
        if number == _MOST_STEPS or any(root in (step, "/") or step.startswith(f"{root}/") for root in roots):
            return True
    return False


def _steps(path: str) -> Iterator[str]:
    """Every place on the way, each as a real path but for its last name."""
    here, left = "", path.split("/")[::-1]
    while left:
        name = left.pop()
        if name == "..":
            here = here.rpartition("/")[0]
        elif name not in ("", "."):
            place = f"{here}/{name}"
            yield place
            try:
                target = os.readlink(place)
            except (OSError, ValueError):  # no link, or nothing there
                here = place
            else:
                here = "" if target.startswith("/") else here
                left += target.split("/")[::-1]
