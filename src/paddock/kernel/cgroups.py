"""Control groups: limits on everything in a sandbox together, and the proof of an out-of-memory kill.

Found by trying: version 2 where a directory above us is delegated to us or we are root, version 1 where
its directories are writable. Nothing depends on systemd or on a distribution.
"""

from __future__ import annotations

import errno
import os
import time

from paddock.frozen import frozen
from paddock.kernel.signals import kill_if

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = "/sys/fs/cgroup"
PREFIX = "paddock-"
_TRIAL = "trial-"
_KILL_TIMEOUT_S = 20.0
_REMOVALS, _PAUSE_S = 400, 0.005
_CPU_PERIOD_US = 100_000
# Our joiner lives beside the command and counts as well; bubblewrap's processes are not inside.
_OWN_PROCESSES = 1


@frozen
class Site:
    """Where sandboxes' control groups can be made: a parent directory for each limit's controller."""

    version: int
    parents: Mapping[str, str]  # "memory" | "pids" | "cpu" → directory


@frozen
class Counts:
    """What the limits did so far: processes killed for want of memory, and new processes refused."""

    killed: int = 0
    refused: int = 0


@frozen
class Cgroup:
    """One sandbox's control group: its directories, by controller (a single one in version 2)."""

    version: int
    directories: tuple[str, ...]
    memory: str  # the directory that holds the memory limit, or ""
    pids: str = ""  # and the one that holds the limit on processes

    def join(self, pid: int) -> None:
        """Move a process in; its later children are born inside."""
        for directory in self.directories:
            _write(f"{directory}/cgroup.procs", str(pid))

    def processes(self) -> set[int]:
        """The processes inside now."""
        found: set[int] = set()
        for directory in self.directories:
            found.update(map(int, _read(f"{directory}/cgroup.procs").split()))
        return found

    def counts(self) -> Counts:
        """How often the kernel enforced the limits, for all processes inside together."""
        killed = "memory.events" if self.version == 2 else "memory.oom_control"
        return Counts(
            _number(f"{self.memory}/{killed}", "oom_kill") if self.memory else 0,
            _number(f"{self.pids}/pids.events", "max") if self.pids else 0,
        )

    def remove(self) -> None:
        """Remove the directories. Raises OSError with EBUSY while processes live inside."""
        for directory in self.directories:
            try:
                os.rmdir(directory)
            except FileNotFoundError:
                continue


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def _number(path: str, wanted: str) -> int:
    """One number of a file with a key and a number on each line; 0 where there is none."""
    for line in _read(path).splitlines():
        key, _, value = line.partition(" ")
        if key == wanted:
            return int(value)
    return 0


def _write(path: str, value: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(value)


def is_unified(root: str = ROOT) -> bool:
    """Whether version 2 is mounted alone, with its controllers."""
    return os.path.exists(f"{root}/cgroup.controllers")


def settle_in_delegated(root: str = ROOT, own: str = "/proc/self/cgroup") -> None:
    """Make room in a group that was delegated to us: move into a leaf, hand out controllers to its siblings.

    Leaves all as it was where that is refused; `find` says then that there is no site.
    """
    path = next((line.split(":", 2)[2] for line in _read(own).splitlines() if line.startswith("0:")), "/")
    directory = root + path.rstrip("/")
    try:
        os.mkdir(f"{directory}/paddock")
        _write(f"{directory}/paddock/cgroup.procs", str(os.getpid()))
        for name in _read(f"{directory}/cgroup.controllers").split():
            if name in ("memory", "pids", "cpu"):
                _write(f"{directory}/cgroup.subtree_control", f"+{name}")
    except OSError:
        return


def find(root: str = ROOT, own: str = "/proc/self/cgroup") -> Site | None:
    """The site for this process, or None where nothing is writable."""
    lines = [line.split(":", 2) for line in _read(own).splitlines()]
    if is_unified(root):
        path = next((where for number, _, where in lines if number == "0"), None)
        return _find_v2(root, path) if path is not None else None
    return _find_v1(root, {name: where for _, names, where in lines for name in names.split(",")})


def _find_v2(root: str, path: str) -> Site | None:
    # Processes may live only in leaves (cgroups(7), "no internal processes"): so our own group cannot
    # hand out controllers, an ancestor that does so already can.
    while True:
        directory = root + path.rstrip("/")
        granted = _read(f"{directory}/cgroup.subtree_control").split()
        if os.access(directory, os.W_OK) and "memory" in granted and os.access(f"{directory}/cgroup.procs", os.W_OK):
            return Site(2, {name: directory for name in ("memory", "pids", "cpu") if name in granted})
        if path in ("", "/"):
            return None
        path = os.path.dirname(path)


def _find_v1(root: str, paths: Mapping[str, str]) -> Site | None:
    parents: dict[str, str] = {}
    for name in ("memory", "pids", "cpu"):
        directory = f"{root}/{name}{paths.get(name, '').rstrip('/')}"
        if name in paths and os.access(directory, os.W_OK) and os.path.isdir(directory):
            parents[name] = directory
    return Site(1, parents) if "memory" in parents else None


class WarmUp:
    """Begins what the first move between groups has to wait for.

    The kernel lets a move wait until every processor has taken notice (`cgroup_threadgroup_rwsem`, an RCU grace
    period of 5 to 15 ms), and further ones shortly after it not. A child asks for a move that changes nothing.
    """

    def __init__(self, site: Site) -> None:
        self._pid = os.fork()
        if self._pid == 0:
            try:
                for parent in site.parents.values():
                    _write(f"{parent}/cgroup.procs", "0")
            finally:
                os._exit(0)  # in version 2 it may be refused, which took the same time

    def end(self) -> None:
        """Wait for the child, once."""
        if self._pid:
            os.waitpid(self._pid, 0)
            self._pid = 0


def create(site: Site, name: str, limits: Mapping[str, float]) -> Cgroup:
    """Make a control group with limits: memory (bytes), processes (count), cpus (may be a fraction).

    The name is the caller's: what is there of that name is ended first. Limits that the site has no controller for are
    left out: ask `site.parents` before. Raises OSError.
    """
    made: list[str] = []
    parents = {"": next(iter(site.parents.values()))} if site.version == 2 else dict(site.parents)
    try:
        for parent in parents.values():
            directory = f"{parent}/{PREFIX}{name}"
            try:
                os.mkdir(directory)
            except FileExistsError:  # left by a crash, with processes that may still be ending and all that was counted
                if not clear(Cgroup(site.version, (directory,), "")):
                    raise
                os.mkdir(directory)
            made.append(directory)
        where = dict.fromkeys(site.parents, made[0]) if site.version == 2 else dict(zip(parents, made, strict=True))
        for path, value in _settings(site.version, where, limits):
            _write(path, value)
    except OSError:
        for directory in made:
            os.rmdir(directory)
        raise
    return Cgroup(
        site.version,
        tuple(made),
        memory=where["memory"] if "memory" in limits else "",
        pids=where.get("pids", "") if "processes" in limits else "",
    )


def _settings(version: int, where: Mapping[str, str], limits: Mapping[str, float]) -> list[tuple[str, str]]:
    settings: list[tuple[str, str]] = []
    if "memory" in limits and "memory" in where:
        directory, size = where["memory"], str(int(limits["memory"]))
        if version == 2:
            settings += [(f"{directory}/memory.max", size), (f"{directory}/memory.oom.group", "0")]
            swap = f"{directory}/memory.swap.max"
            settings += [(swap, "0")] if os.path.exists(swap) else []
        else:
            settings += [(f"{directory}/memory.limit_in_bytes", size)]
            swap = f"{directory}/memory.memsw.limit_in_bytes"
            settings += [(swap, size)] if os.path.exists(swap) else []
    if "processes" in limits and "pids" in where:
        settings.append((f"{where['pids']}/pids.max", str(int(limits["processes"]) + _OWN_PROCESSES)))
    if "cpus" in limits and "cpu" in where:
        quota = max(1000, int(limits["cpus"] * _CPU_PERIOD_US))
        if version == 2:
            settings.append((f"{where['cpu']}/cpu.max", f"{quota} {_CPU_PERIOD_US}"))
        else:
            settings.append((f"{where['cpu']}/cpu.cfs_period_us", str(_CPU_PERIOD_US)))
            settings.append((f"{where['cpu']}/cpu.cfs_quota_us", str(quota)))
    return settings


def works(site: Site) -> bool:
    """Whether a group can really be made there: permission bits are not an answer."""
    try:
        group = create(site, f"{_TRIAL}{os.getpid()}", {"memory": 1 << 30})
        group.remove()
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.EBUSY, errno.EINVAL):
            raise
        return False
    return True


def is_abandoned_trial(group: Cgroup) -> bool:
    """Whether a group was made by `works` in a process of ours that is gone."""
    directory = group.directories[0]
    _, trial, pid = os.path.basename(directory).partition(PREFIX + _TRIAL)
    try:
        return bool(trial) and os.stat(directory).st_uid == os.geteuid() and not os.path.exists(f"/proc/{pid}")
    except FileNotFoundError:  # removed meanwhile
        return False


def owned(directory: str, name: str) -> str:
    """What a sandbox's group is called whose person has that directory: no other directory's sandbox has the same."""
    place = os.stat(directory)
    return f"{os.getuid()}-{place.st_dev:x}-{place.st_ino:x}-{name}"


def leftovers(site: Site, beginning: str = "") -> list[Cgroup]:
    """Control groups that bear our prefix, and a name with that beginning."""
    names: set[str] = set()
    for parent in site.parents.values():
        names.update(entry for entry in os.listdir(parent) if entry.startswith(PREFIX + beginning))
    places = {name: dict.fromkeys(f"{parent}/{name}" for parent in site.parents.values()) for name in sorted(names)}
    found = [Cgroup(site.version, tuple(filter(os.path.isdir, places[name])), "") for name in places]
    return [group for group in found if group.directories]  # its sandbox may have ended since


def clear(group: Cgroup) -> bool:
    """Kill what is in a group, and remove it. False where the kernel does not let go of it."""
    for pid in group.processes():
        _kill(pid, group)
    for _ in range(_REMOVALS):  # it may need a moment to let go of the last process
        try:
            group.remove()
        except OSError:
            time.sleep(_PAUSE_S)
        else:
            return True
    return False


def _kill(pid: int, group: Cgroup) -> None:
    kill_if(pid, lambda: pid in group.processes(), _KILL_TIMEOUT_S)
