"""End sandboxes, and clear up after those whose Paddock crashed.

A crash leaves little: bubblewrap dies with its parent, PID 1's death takes all processes, and with the last of
them the kernel drops namespaces and mounts. Files remain, and control groups.
"""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress

from paddock import live
from paddock.errors import SessionError
from paddock.kernel import cgroups

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_KILL_TIMEOUT_S = 20.0


def kill(name: str, *, now: bool) -> None:
    """End a live sandbox and wait until its Paddock is gone. Raises SessionError when it does not go."""
    entry = live.find(name)
    try:
        holder = os.pidfd_open(entry.holder)
    except ProcessLookupError:
        return
    try:
        # It held the lock when the descriptor existed, so the descriptor is not another process's.
        if entry not in live.entries():
            return
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(holder, signal.SIGKILL if now else signal.SIGTERM)
        ended = bool(select.select([holder], [], [], _KILL_TIMEOUT_S)[0])
    finally:
        os.close(holder)
    if not ended:
        raise SessionError(f"{name} does not end", next_step=f"paddock kill --now {name}")
    if now:
        clean()


def clean() -> list[str]:
    """Remove what no live sandbox owns; what was removed, in words."""
    from paddock.workspace import cleaning

    removed = []
    for group in _dead_groups():
        _kill_all(group)
        group.remove()
        removed.append(f"control group {group.directories[0]}")
    for entry in live.entries():
        if not entry.holder:
            live.remove_directory(entry.directory)
            removed.append(f"sandbox directory {entry.directory}")
    return removed + cleaning.clean()


def left_over() -> list[str]:
    """What still belongs to no live sandbox, in words."""
    from paddock.workspace import cleaning

    left = [f"control group {group.directories[0]}" for group in _dead_groups()]
    left += cleaning.left_over()
    left += [f"sandbox directory {entry.directory}" for entry in live.entries() if not entry.holder]
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        left += [f"mount {line.split()[4]}" for line in file if "/paddock-stage" in line]
    return left


def _dead_groups() -> Iterator[cgroups.Cgroup]:
    site = cgroups.find()
    if site is None:
        return
    alive = {f"{cgroups.PREFIX}{os.getuid()}-{entry.name}" for entry in live.entries() if entry.holder}
    mine = f"{cgroups.PREFIX}{os.getuid()}-"
    for group in cgroups.leftovers(site):
        name = os.path.basename(group.directories[0])
        if name.startswith(mine) and name not in alive:
            yield group


def _kill_all(group: cgroups.Cgroup) -> None:
    for pid in group.processes():
        try:
            holder = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            if pid in group.processes():
                signal.pidfd_send_signal(holder, signal.SIGKILL)
                select.select([holder], [], [], _KILL_TIMEOUT_S)
        except ProcessLookupError:
            continue
        finally:
            os.close(holder)
