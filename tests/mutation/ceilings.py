"""The limits, one less at a time: each of a process, each of a control group, the clock."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.mutation.mutants import TELL, Mutant, tell

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLOCK = "no end of the time"
SHOWN_BY = {
    "time": ("RS-09",), "memory": ("RS-02", "RS-05"), "processes": ("RS-01",), "open_files": ("RS-03",),
    "file_size": ("RS-06",), "cpus": ("RS-08",), "core": (),
}  # fmt: skip


def mutants() -> Iterator[Mutant]:
    """What this machine has: control groups are root's here, or those that were delegated."""
    from tests.mutation.fields import told

    settings = {"off": "bubblewrap"} if os.geteuid() == 0 else {"off": "bubblewrap", "landlock": "landlock"}
    for setting, boundary in settings.items():
        for key in told(f"ceilings: {TELL}", setting):
            yield Mutant("ceilings", key, boundary, setting, next(ids for word, ids in SHOWN_BY.items() if word in key))


def install(key: str) -> None:
    """Leave one out for all that starts in this process."""
    from paddock import supervision
    from paddock.kernel import cgroups, rlimits

    set_limits, create, begin = rlimits.set_limits, cgroups.create, supervision.Supervisor.__init__
    known = [_CLOCK]

    def fewer_limits(limits):
        # In the command's own process: what is told is told from the one that waits.
        set_limits({name: value for name, value in limits.items() if key != f"no {name} of a process"})

    def fewer_together(site, name, limits):
        known.extend(f"no {limit} of the group" for limit in limits)
        if key == TELL:
            tell(known)
        return create(
            site, name, {limit: value for limit, value in limits.items() if key != f"no {limit} of the group"}
        )

    def no_clock(self, joined, wall_s, *more):
        begin(self, joined, None if key == _CLOCK else wall_s, *more)

    rlimits.set_limits = fewer_limits
    cgroups.create = fewer_together
    supervision.Supervisor.__init__ = no_clock  # type: ignore[method-assign]
    _install_told(key, known)


def _install_told(key: str, known: list[str]) -> None:
    """Whatever each process gets is known before it starts."""
    from paddock.boundary import limits

    divide = limits.divide

    def divided(plan, controllers, *, guest=False, docker=False):
        division = divide(plan, controllers, guest=guest, docker=docker)
        known.extend(f"no {name} of a process" for name in division.per_process)
        if key == TELL:
            tell(known)
        return division

    limits.divide = divided
    from paddock.boundary import landlock

    landlock.divide = divided  # type: ignore[attr-defined] # taken by name
