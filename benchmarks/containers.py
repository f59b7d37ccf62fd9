"""What the podman boundary costs beside podman itself: `python benchmarks/containers.py [--rounds N]`.

Both run `true` in a container with the same flags on the same skeleton root, in turns, as the same person with storage
of their own. What podman is given is what Paddock compiles, but for the command: it runs in the foreground and is
removed at its end, where Paddock's container holds a keeper and the command enters it.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from start import PADDOCK, Place, Row, medians  # type: ignore[import-not-found]  # the script beside this one

from paddock import pausing
from paddock.boundary import container, engine, podman
from paddock.boundary.facts import facts_for
from paddock.boundary.sheet import HERE
from paddock.boundary.steps import STAND_IN, Overlay
from paddock.planning import make_plan
from paddock.policy.model import Layer

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    options = parser.parse_args()
    with _person() as place:
        words, environ = _bare(place)
        accept = ("--accept", "rootful") if AS_ROOT else ()
        run = (*PADDOCK, "run", "--quiet", "--boundary", "podman", *accept, "--", "true")
        bare = ("env", "-i", *(f"{name}={value}" for name, value in environ.items()), *words)
        found = medians({"podman": (bare, place), "paddock": (run, place)}, options.rounds)
    for name, value in found.items():
        print(f"  {name:<8} {value:8.1f} ms")
    row = Row("run --boundary podman -- true / bare podman run", found["paddock"] / found["podman"], BUDGET)
    print(row)
    sys.exit(0 if row.value <= BUDGET else 1)


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
            pausing.end(place.runtime)


def _bare(place: Place) -> tuple[tuple[str, ...], dict[str, str]]:
    """Podman's words and environment, with a root that is laid out as Paddock would."""
    plan = make_plan(place.directory, ["true"], Layer("flag", "none", ()), terminal=False)
    os.makedirs(f"{place.home}/layers/upper")
    overlay = Overlay(place.directory, (place.directory,), f"{place.home}/layers/upper", f"{place.home}/layers/work")
    compiled = podman.compile(plan, facts_for(plan), (overlay,))
    here = f"{place.home}/container"
    found = engine.find_engine()
    container.lay_out(compiled, here, found.keeper, STAND_IN if AS_ROOT else None)
    settings = engine.settings()
    words = list(compiled.arguments)
    keeper = words.index("--entrypoint")
    del words[keeper : keeper + 2]
    words = [*container.command(found, settings), *container.limits(), *words, "/usr/bin/true"]
    return tuple(word.replace(HERE, here) for word in words), engine.environment(settings)


if __name__ == "__main__":
    main()
