"""What podman and gvisor cost beside podman itself: `python benchmarks/containers.py [--rounds N] [--gvisor]`.

Both run `true` in a container with the same flags on the same skeleton root, in turns, as the same person with storage
of their own. What podman is given is what Paddock compiles, but for the command: it runs in the foreground and is
removed at its end, where Paddock's container holds a keeper and the command enters it. `--gvisor` adds that boundary
beside `podman --runtime runsc run`, which has no budget: there a guest is started in podman's container, by a second
runtime beside its own, and the command by a third, since overlays and masks are to be mounted before.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from start import PADDOCK, Place, Row, medians  # type: ignore[import-not-found]  # the script beside this one

from paddock import building, live, pausing
from paddock.boundary import container, engine, gvisor, podman
from paddock.boundary.facts import facts_for
from paddock.boundary.sheet import HERE
from paddock.boundary.steps import STAND_IN, Overlay
from paddock.frozen import replace
from paddock.planning import make_plan
from paddock.policy.model import Layer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.plan.model import Plan

BUDGET = 1.25
AS_ROOT = os.geteuid() == 0


@dataclass(frozen=True)
class Person(Place):  # type: ignore[misc]  # for the same reason
    """A place whose runtime directory is elsewhere."""

    runtime: str

    @property
    def environ(self) -> dict[str, str]:
        return {**super().environ, "XDG_RUNTIME_DIR": self.runtime}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--gvisor", action="store_true")
    options = parser.parse_args()
    with _person() as place:
        jobs = {"podman": (_bare(place), place), "paddock": (_ours("podman"), place)}
        if options.gvisor:
            jobs |= {"runsc": (_bare(place, by_gvisor=True), place), "gvisor": (_ours("gvisor"), place)}
        found = medians(jobs, options.rounds)
    for name, value in found.items():
        print(f"  {name:<8} {value:8.1f} ms")
    rows = [Row("run --boundary podman -- true / bare podman run", found["paddock"] / found["podman"], BUDGET)]
    if options.gvisor:
        what = "run --boundary gvisor -- true / bare podman --runtime runsc run"
        rows.append(Row(what, found["gvisor"] / found["runsc"], None))
    for row in rows:
        print(row)
    sys.exit(0 if rows[0].value <= BUDGET else 1)


def _ours(boundary: str) -> tuple[str, ...]:
    accept = ("--accept", "rootful") if AS_ROOT else ()
    return (*PADDOCK, "run", "--quiet", "--boundary", boundary, *accept, "--", "true")


@contextmanager
def _person() -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="p", ignore_cleanup_errors=True) as base:
        for part in ("home/.config", "repo", "r"):
            os.makedirs(f"{base}/{part}", mode=0o700)
        os.chmod(base, 0o711)  # as root the container's ids come through
        # A short name, as people have: with a socket whose path is longer than 107 bytes podman 4.3 hangs, and Paddock
        # removes the container itself.
        place = Person(f"{base}/home", f"{base}/repo", f"{base}/r")
        os.environ.clear()
        os.environ.update(place.environ)
        try:
            yield place
        finally:
            if not AS_ROOT:  # runsc makes places for mounts, as ids that are the person's, but not them
                subprocess.run(["podman", "unshare", "rm", "-rf", f"{place.home}/runsc"], check=False)
            pausing.end(place.runtime)


def _bare(place: Place, *, by_gvisor: bool = False) -> tuple[str, ...]:
    """Podman with its environment and words, and with a root that is laid out as Paddock would."""
    plan = make_plan(place.directory, ["true"], Layer("flag", "none", ()), terminal=False)
    own = f"{place.home}/{'runsc' if by_gvisor else 'runc'}"
    os.makedirs(f"{own}/upper")
    overlay = Overlay(place.directory, (place.directory,), f"{own}/upper", f"{own}/work")
    compiled = podman.compile(plan, facts_for(plan), (overlay,))
    here = f"{own}/container"
    found = engine.find_engine()
    container.lay_out(compiled, here, found.keeper, STAND_IN if AS_ROOT else None)
    settings = engine.settings()
    words = _without("--entrypoint", list(compiled.arguments))
    more: list[str] = []
    if by_gvisor:
        runsc, flags = _runsc(plan)
        found = replace(found, runtime=runsc)
        more = [word for flag in flags for word in ("--runtime-flag", flag)]
        if AS_ROOT:  # runsc's own gofer would look for podman's files as ids that may not pass through its directories
            words = _without("--uidmap", _without("--gidmap", words))
    first, *rest = container.command(found, settings)
    words = [first, *more, *rest, *container.limits(), *words, "/usr/bin/true"]
    environ = (f"{name}={value}" for name, value in engine.environment(settings).items())
    return ("env", "-i", *environ, *(word.replace(HERE, here) for word in words))


def _without(name: str, words: list[str]) -> list[str]:
    at = words.index(name)
    return [*words[:at], *words[at + 2 :]]


def _runsc(plan: Plan) -> tuple[str, list[str]]:
    """The program, and what Paddock tells it; but for where it keeps its state, which is podman's to say."""
    here = live.claim("platforms", exact=True)
    try:
        found = building.find_guest(here)
    finally:
        here.remove()
    state, _, *flags = gvisor.flags(plan, found)
    assert state == "--root"
    return found.program, [flag.removeprefix("--") for flag in flags]


if __name__ == "__main__":
    main()
