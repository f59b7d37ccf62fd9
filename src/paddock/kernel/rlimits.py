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
        which = RESOURCES[name]
        hard = resource.getrlimit(which)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (bound, bound))
