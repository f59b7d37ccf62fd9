"""Containers that outlived both their Paddock and its guard: found by the notes that were made beside them.

No engine is asked where there is no note: asking alone makes storage for a person who has none.
"""

from __future__ import annotations

import glob
import os
import time
from contextlib import suppress

from paddock import live
from paddock.boundary import container, engine, guard
from paddock.errors import PaddockError
from paddock.process import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.boundary.engine import Engine
    from paddock.process import Finished

_REMOVE_TIMEOUT_S = 60.0
_TRIED_S = 600
_NONE = b"No such container"  # as Docker says it


def left() -> list[str]:
    """The containers whose Paddock is gone, in words."""
    return [f"container {name}" for place in _dead() for name in _names(place) or [""]]


def clear() -> list[str]:
    """Remove them, and what was laid out for them; which they were. Raises PaddockError where the engine fails."""
    removed = []
    until = guard.latest()  # for all of them together: their guards are at work beside each other
    for place in list(_dead()):
        if is_guarded(place, until):
            continue  # the engine would make in what is removed
        removed += [f"container {name}" for name in _names(place) if _removed(name)]
        live.remove_directory(place)
        if os.path.dirname(place) == container.ROOTS_PLACE:
            removed.append(f"container directory {place}")
    return removed


def is_guarded(place: str, until: float = 0) -> bool:
    """Whether a guard is at work for the containers at that place, and will be until then."""
    return not guard.wait_for(container.lock(place), until)


def _dead() -> Iterator[str]:
    """The places of such containers."""
    for entry in live.entries():
        place = f"{entry.directory}/container"
        if not entry.holder and os.path.isdir(place):
            yield place
    if os.geteuid() != 0:
        return
    with suppress(FileNotFoundError):
        for entry_ in sorted(os.listdir(container.ROOTS_PLACE)):
            place = f"{container.ROOTS_PLACE}/{entry_}"
            own = container.live_directory_of(place)
            if os.path.dirname(own) == live.live_directory() and not live.is_held(own):
                yield place
            elif not os.path.lexists(own) and _is_old(place) and not is_guarded(place):
                # Nobody else will: of a trial, or of a sandbox whose runtime directory is gone (a proof's ground).
                yield place


def _is_old(place: str) -> bool:
    """Whether nobody can be at work there any more, who would not have got further by now."""
    try:
        return time.time() - os.stat(place).st_mtime > _TRIED_S
    except FileNotFoundError:
        return False


def _names(place: str) -> list[str]:
    """What the containers are called: services first, whose network is the other's."""
    found = []
    beside = sorted(glob.glob(f"{glob.escape(place)}/{container.BESIDE}/*/{container.NAME}"))
    for note in (*beside, f"{place}/{container.NAME}"):
        with suppress(OSError), open(note, encoding="utf-8") as file:  # its Paddock was killed before it was written
            found.append(file.read())
    return [name for name in found if name]


def _removed(name: str) -> bool:
    """Whether there was something to remove. The guard may be at the same work."""
    found = engine.find_engine()
    there = _exists(found, name)
    done = _asked(engine.removal(found, name)) if there else None
    if done and done.status and _exists(found, name):
        raise _stays(found, name, done)
    return there


def _exists(found: Engine, name: str) -> bool:
    """Whether the engine has it. Raises PaddockError where it cannot say: then the note must stay."""
    question = ("inspect", name) if found.daemon else ("exists", name)
    done = _asked((*engine.words(found), "container", *question))
    is_absent = _NONE in done.stderr if found.daemon else done.status == 1  # podman-container-exists(1)
    if done.status and not is_absent:
        raise _stays(found, name, done)
    return done.status == 0


def _stays(found: Engine, name: str, done: Finished) -> PaddockError:
    return PaddockError(
        f"the container {name} could not be removed",
        why=done.stderr.decode("utf-8", "replace").strip(),
        next_step=f"{found.name} rm --force {name}",
        code="container-left",
    )


def _asked(words: tuple[str, ...]) -> Finished:
    return run(words, environment=engine.environment(engine.settings()), timeout_s=_REMOVE_TIMEOUT_S)
