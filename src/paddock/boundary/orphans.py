"""Bubblewrap's PID 1 of a sandbox that never began: its maker was killed before it could let it go on.

It is bound to its maker's life a little later only, and waits for ever (bubblewrap 0.8: an eventfd that it
holds both ends of). No command runs in it, and nothing of a sandbox is there yet.
"""

from __future__ import annotations

import os
from functools import partial

from paddock.boundary.build import KEEPER, mark
from paddock.boundary.steps import STAND_IN
from paddock.kernel.signals import kill_if

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_END_TIMEOUT_S = 20.0


def orphans(owner: str) -> Iterator[int]:
    """Their numbers, of that owner's builds."""
    for entry in os.listdir("/proc"):
        if entry.isdigit() and _is_one(int(entry), owner):
            yield int(entry)


def end(owner: str) -> list[int]:
    """End them; which they were."""
    return [pid for pid in orphans(owner) if kill_if(pid, partial(_is_one, pid, owner), _END_TIMEOUT_S)]


def _is_one(pid: int, owner: str) -> bool:
    here = f"/proc/{pid}"
    try:
        if os.stat(here).st_uid not in (os.geteuid(), *([STAND_IN] * (os.geteuid() == 0))):
            return False
        words = _words(pid)
        if not (words[1:2] == [b"--json-status-fd"] and words[-1:] == [os.fsencode(KEEPER)]):
            return False
        with open(f"{here}/status", encoding="utf-8", errors="replace") as file:
            status = dict(line.split(":", 1) for line in file if ":" in line)
        if status["NSpid"].split()[1:] != ["1"] or _words(int(status["PPid"])) == words:
            return False  # the maker itself, or it is at work
        given = f"/memfd:{mark(owner)} (deleted)"
        return any(os.readlink(f"{here}/fd/{number}") == given for number in os.listdir(f"{here}/fd"))
    except OSError:  # it has gone, or is nobody's that we may look at
        return False


def _words(pid: int) -> list[bytes]:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().split(b"\0")[:-1]
    except FileNotFoundError:  # such as 0: outside of what we can see
        return []
