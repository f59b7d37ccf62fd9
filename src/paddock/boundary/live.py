"""What mode live cannot keep: it mounts the repository as it is, where other modes show an overlay.

What there is to say comes from a look at the repository (`workspace.live.survey`), which only this mode pays.
"""

from __future__ import annotations

from paddock.boundary.base import Gap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WINDOW = "live-hazards-window"
PROTECTION = "live-protection"
_SHOWN = 3


def gaps(*, hard_links: Sequence[str], sockets: Sequence[str], unprotected: Sequence[str]) -> Iterator[Gap]:
    """The gaps of a repository that has these. Paths are relative to it; `unprotected` are too many to be held."""
    yield Gap(
        name=WINDOW,
        promise="no program of yours meets a dangerous change before you have reviewed it",
        why="in mode live it lies in the repository until it is found and moved out: what runs by itself (hooks, "
        "editor tasks) for a moment, what runs at the next build or test until the run ends",
        instead="--workspace review",
    )
    if hard_links:
        yield Gap(
            name="hard-links",
            promise="what the command writes in the repository changes nothing outside of it",
            why=f"in mode live a write goes through hard links, and these have names outside: {_some(hard_links)}",
            instead="--workspace review, which breaks them",
        )
    if sockets:
        yield Gap(
            name="host-sockets",
            promise="the host's services are out of reach",
            why=f"in mode live a program of the host that listens in the repository can be reached: {_some(sockets)}",
            instead="--workspace review, in which such sockets refuse connections",
        )
    if unprotected:
        yield Gap(
            name=PROTECTION,
            promise="what hosts run by itself is read-only in mode live, and the rest can be put back",
            why=f"there is more of it than can be held: {_some(unprotected)}",
            instead="--workspace review",
        )


def _some(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(paths[:_SHOWN]) + more
