"""End all descendants without a PID namespace: as a subreaper, which orphans are handed to.

A daemon that forks twice to get away becomes a child of the nearest subreaper above it
(prctl(2), PR_SET_CHILD_SUBREAPER). Only direct children are ever killed: their pids cannot be reused before we
reap them, so that no stranger is hit. What they leave behind is ours a moment later.
"""

from __future__ import annotations

import os
import select
import signal

from paddock.kernel import libc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

PR_SET_CHILD_SUBREAPER = 36


def be_reaper() -> None:
    """Adopt the orphans among all later descendants."""
    libc.call("prctl", PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children() -> set[int]:
    """Our direct children, those that ended and were not reaped included. Single-threaded callers only."""
    own = os.getpid()
    try:
        with open(f"/proc/self/task/{own}/children", encoding="utf-8") as file:
            return set(map(int, file.read().split()))
    except FileNotFoundError:  # a kernel without CONFIG_PROC_CHILDREN
        return {int(name) for name in os.listdir("/proc") if name.isdigit() and _parent(name) == own}


def reap_orphans(*keep: int) -> None:
    """Reap children that ended, except those that are to stay."""
    for pid in children().difference(keep):
        os.waitpid(pid, os.WNOHANG)


def end_all(*keep: int) -> None:
    """Kill and reap every descendant; returns when none is left but the children that are to stay.

    Those must have ended, since what they start meanwhile would escape.
    """
    while left := children().difference(keep):
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        while left:
            ended = {pid for pid in left if os.waitpid(pid, os.WNOHANG)[0]}
            left -= ended
            if not ended:
                _wait_for_one(left)


def _wait_for_one(pids: Iterable[int]) -> None:
    """Until one of our children has ended, whichever that is.

    In no order of ours: the first process of a PID namespace ends only when all others in there are reaped, and we may
    be the parent of one that had joined it (pid_namespaces(7)).
    """
    poll = select.poll()
    opened = [os.pidfd_open(pid) for pid in pids]
    try:
        for descriptor in opened:
            poll.register(descriptor, select.POLLIN)
        poll.poll()
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _parent(pid: str) -> int:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            # proc(5): pid (name) state ppid …; the name may hold spaces and parentheses
            return int(file.read().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0
