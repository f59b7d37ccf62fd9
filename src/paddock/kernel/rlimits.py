"""Resource limits of one process, which its children inherit (setrlimit(2))."""

from __future__ import annotations

import resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

RESOURCES = {
    "processes": resource.RLIMIT_NPROC,
    "open_files": resource.RLIMIT_NOFILE,
    "file_size": resource.RLIMIT_FSIZE,
    "memory": resource.RLIMIT_DATA,  # private writable memory of one process (kernel 4.7), not reservations
    "core": resource.RLIMIT_CORE,
}


def set_limits(limits: Mapping[str, int]) -> None:
    """Lower resource limits, soft and hard alike; never raises one above what the caller has."""
    for name, value in limits.items():
        bound = possible(name, value)
        resource.setrlimit(RESOURCES[name], (bound, bound))


def possible(name: str, value: int) -> int:
    """What a limit becomes when it is set: no more than the caller's own."""
    hard = resource.getrlimit(RESOURCES[name])[1]
    return value if hard == resource.RLIM_INFINITY else min(value, hard)


def inherited(name: str) -> int | None:
    """The caller's own limit, which holds where none is set; None where it has none."""
    soft = resource.getrlimit(RESOURCES[name])[0]
    return None if soft == resource.RLIM_INFINITY else soft
