"""Which mechanism holds which limit here, and what is therefore only per process."""

from __future__ import annotations

from paddock.boundary.base import Gap
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from paddock.plan.model import Plan

# Controllers by limit. `processes` needs none: RLIMIT_NPROC set inside a user namespace counts there only
# (kernel 5.14, ucounts).
_CONTROLLER = {"memory": "memory", "cpus": "cpu"}
_GAP = {"memory": "memory-total", "cpus": "cpu-total"}
_CGROUP_LIMITS = {"memory": "memory", "processes": "pids", "cpus": "cpu"}
# INVARIANT RS-04: no cores, they hold secrets. Nor a host's program that takes them (core(5), "piping core dumps"):
# such a program, which reads what a sandbox made as root, is started whatever the limit is, unless that is 1.
_NO_CORE = 1
# What counts beside the command in the same user namespace: bubblewrap's PID 1 and keeper, and our joiner. Apart
# from these are a guest of gVisor's, with its first process, and what is below Docker's, with the joiner.
_OWN_PROCESSES, _OWN_APART = 3, 1
# The kernel asks the rlimit first, and tells nobody that it was reached. So it is looser where a control group
# counts, which tells: then it stands behind that one only.
_BEHIND_GROUP = 16


@frozen
class Division:
    """How a plan's limits are kept: together by a control group, per process by rlimits, not at all."""

    together: Mapping[str, float]
    per_process: Mapping[str, int]
    gaps: tuple[Gap, ...]
    notes: tuple[str, ...]


def divide(plan: Plan, controllers: Collection[str], *, guest: bool = False, docker: bool = False) -> Division:
    """Divide the plan's limits, given the control group controllers that can be used here.

    A `guest` of gVisor's keeps no limit on a process's memory, and its processes are not the host's: a control group
    would count, and refuse, what gVisor needs for itself. With `docker` commands have a user namespace to themselves.
    """
    if guest:
        controllers = set(controllers) - {"pids"}
    together: dict[str, float] = {}
    per_process: dict[str, int] = {"core": _NO_CORE}
    gaps: list[Gap] = []
    notes: list[str] = []
    for limit in plan.limits:
        if limit.name in _CGROUP_LIMITS and _CGROUP_LIMITS[limit.name] in controllers:
            together[limit.name] = limit.value
        if limit.name == "processes":
            looser = _BEHIND_GROUP if "processes" in together else 0
            own = _OWN_APART if guest or docker else _OWN_PROCESSES
            per_process["processes"] = int(limit.value) + own + looser
        elif limit.name in ("open_files", "file_size"):
            per_process[limit.name] = int(limit.value)
        elif limit.name in _CONTROLLER and limit.name not in together:
            binds = limit.name == "memory" and not guest
            if binds:
                per_process["memory"] = int(limit.value)
            if limit.origin.kind == "built-in":
                effect = "does not bind under gVisor" if guest else "binds each process, not all together"
                notes.append(f"no control group here: the built-in {limit.name} limit {effect}")
            else:
                gaps.append(_gap(limit.name, str(limit.origin), binds=binds))
    return Division(together, per_process, tuple(gaps), tuple(notes))


def _gap(name: str, origin: str, *, binds: bool) -> Gap:
    effect = "it would bind each process, not all together" if binds else "it would not bind at all"
    return Gap(
        name=_GAP[name],
        promise=f"a limit on {name} for the whole sandbox ({origin})",
        why=f"no writable control group on this machine, so {effect}",
        instead="paddock doctor says how to get one",
    )


def kept_by(name: str, division: Division, *, version: int) -> str:
    """In words, what keeps a limit; `version` is the control groups' own."""
    if name in division.together:
        return f"control group, version {version}: all processes together"
    if name == "wall":
        return "Paddock's own clock: the whole sandbox"
    if name == "processes" and name in division.per_process:
        return "RLIMIT_NPROC in its own user namespace: all processes together"
    return "rlimit: each process by itself" if name in division.per_process else "nothing"
