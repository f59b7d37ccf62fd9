"""End sandboxes, and clear up after those whose Paddock crashed.

A crash leaves little: bubblewrap dies with its parent, PID 1's death takes all processes, and with the last of
them the kernel drops namespaces and mounts. Files remain, and control groups.
"""

from __future__ import annotations

import os
import select
import signal
from contextlib import ExitStack, suppress

from paddock import live, stranded, trial_ground, watching
from paddock.boundary import orphans
from paddock.errors import PaddockError, SessionError
from paddock.kernel import cgroups

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_KILL_TIMEOUT_S = 20.0


def kill(name: str, *, now: bool) -> None:
    """End a live sandbox and wait until its Paddock is gone. Raises SessionError when it does not go."""
    entry = live.find(name)
    with ExitStack() as close:
        # PID 1 of the sandbox, whose end is the end of all inside, and its Paddock.
        processes = [*_opened(entry.data().get("init_pid"), close), *_opened(entry.holder, close)]
        # It held the lock when the descriptors existed, so they are not other processes'.
        if entry not in live.entries():
            return
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(processes[-1], signal.SIGKILL if now else signal.SIGTERM)
        ended = all(select.select([process], [], [], _KILL_TIMEOUT_S)[0] for process in processes)
    if not ended:
        raise SessionError(f"{name} does not end", next_step=f"paddock kill --now {name}")
    if now:
        clean()


def _opened(pid: int | None, close: ExitStack) -> list[int]:
    """A descriptor for a process that is there, closed later."""
    if not pid:
        return []
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return []
    close.callback(os.close, descriptor)
    return [descriptor]


def clean() -> list[str]:
    """Remove what no live sandbox owns; what was removed, in words."""
    from paddock.agents import logins
    from paddock.record import retention
    from paddock.workspace import cleaning

    removed = []
    for name, group in _dead_groups():
        if _cleared(name, group):
            removed.append(f"control group {group.directories[0]}")
    removed += [_orphan(pid) for pid in orphans.end(live.live_directory())]
    removed += stranded.clear()  # while their notes are there
    dead = [entry for entry in live.entries() if not entry.holder and _forgotten(entry)]
    removed += [f"sandbox directory {entry.directory}" for entry in dead]
    removed += [*watching.recover(), *retention.tidy()]
    removed += [f"unfinished login {path}" for path in logins.clear_unfinished()]
    return [*removed, *(f"trial directory {path}" for path in trial_ground.clear_left()), *cleaning.clean()]


def _cleared(name: str, group: cgroups.Cgroup) -> bool:
    """Clear the group of a sandbox of that name, unless somebody has taken that since. Raises PaddockError."""
    held = live.hold(name) if name else None
    if name and not held:
        return False
    try:
        if not cgroups.clear(group):
            what = f"the control group {group.directories[0]} is still in use"
            raise PaddockError(what, next_step="paddock clean")
    finally:
        if held:
            held.let_go()
    return True


def _forgotten(entry: live.Entry) -> bool:
    return not stranded.is_guarded(f"{entry.directory}/container") and live.remove_dead(entry)


def left_over() -> list[str]:
    """What still belongs to no live sandbox, in words."""
    from paddock.agents import logins
    from paddock.workspace import cleaning

    left = [f"control group {group.directories[0]}" for _, group in _dead_groups()]
    left += [*watching.left(), *cleaning.left_over()]
    left += [f"unfinished login {path}" for path in logins.unfinished()]
    left += [f"trial directory {path}" for path in trial_ground.left()]
    left += [*map(_orphan, orphans.orphans(live.live_directory())), *stranded.left()]
    left += [f"sandbox directory {entry.directory}" for entry in live.entries() if not entry.holder]
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        left += [f"mount {line.split()[4]}" for line in file if "/paddock-stage" in line]
    return left


def _orphan(pid: int) -> str:
    return f"process {pid} of a sandbox that never began"


def _dead_groups() -> Iterator[tuple[str, cgroups.Cgroup]]:
    """Each with its sandbox's name; that of a trial has none."""
    site = cgroups.find()
    if site is None:
        return
    groups = cgroups.leftovers(site)
    # Looked at after the groups: a sandbox has its name before it has its group.
    alive = {cgroups.PREFIX + live.group_name(entry.name) for entry in live.entries() if entry.holder}
    mine = cgroups.PREFIX + live.group_name("") if os.path.isdir(live.live_directory()) else "/"
    for group in groups:
        name = os.path.basename(group.directories[0])
        if name.startswith(mine) and name not in alive:
            yield name.removeprefix(mine), group
        elif cgroups.is_abandoned_trial(group):
            yield "", group
