"""What the tests of scenarios share: scenes of their own, under Paddock, without a sandbox, and under bad ones."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from paddock import planning
from paddock.probes import scenarios
from paddock.probes.planting.ground import Ground
from paddock.probes.scenarios.scene import Scene

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

PADDOCK = (sys.executable, "-I", "-m", "paddock")
TIGHT = (*PADDOCK, "run", "--quiet", "--")
# Everything is shared with it: what a sandbox looks like that holds nothing.
OPEN = ("/usr/bin/env",)


@contextmanager
def stage(place: Path, prefix: Sequence[str] = (), paddock: Sequence[str] = (), **more: object) -> Iterator[Scene]:
    """A scene on a new ground; with a plan where it is Paddock's."""
    with Ground(str(place / "ground"), small=True) as ground:
        plan = None
        if paddock:
            plan = planning.make_plan(
                ground.repo, ("/bin/sh",), None, terminal=False, environ=ground.environ, create=False
            )
        yield Scene(ground, prefix, paddock, plan)


def play(name: str, scene: Scene) -> Mapping[str, object]:
    """What the scenario of that row finds, by row; what it raises is its finding for this one."""
    found = scenarios.find(name)(scene)
    return found if not isinstance(found, (list, tuple)) else {name: found}  # type: ignore[return-value]


def wrapped(script: str) -> tuple[str, ...]:
    """Paddock's commands behind a script of the test's, which has them as "$@"."""
    return ("/bin/sh", "-c", script, "sh", *PADDOCK)
