"""Live runs whose watcher was killed too: by the machine's end, or by somebody who killed everything.

What was changed until it last watched is cleared as it would have cleared it. What was changed later can only be the
person's own work: the sandbox died with its Paddock.
"""

from __future__ import annotations

import os
from contextlib import suppress

from paddock.errors import PaddockError
from paddock.workspace import shelf
from paddock.workspace.live import ground
from paddock.workspace.live.clearing import Clearing
from paddock.workspace.live.findings import Findings
from paddock.workspace.live.ground import Ground
from paddock.workspace.live.watch import BEAT_S

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paddock.workspace.live.sweep import Rules

_LATE_NS = int((BEAT_S + 1) * 1e9)


def left() -> list[str]:
    """The grounds of live runs that nobody watches any more."""
    found = []
    for path in _all():
        lock = _try_lock(path)
        if lock is not None:
            os.close(lock)
            found.append(path)
    return found


def recover(rules_for: Callable[[str], Rules]) -> Iterator[tuple[str, Findings]]:
    """Clear what such runs left in their repositories: each repository, and what was found there.

    A run whose repository is not there stays, for when it is back.
    """
    for path in _all():
        lock = _try_lock(path)
        if lock is None:
            continue
        try:
            one = Ground(path, lock)
        except FileNotFoundError:  # killed while it was made, or removed
            _remove(path)
            os.close(lock)
            continue
        with suppress(OSError, PaddockError):
            yield _clear(one, rules_for)
        one.close()


def _clear(one: Ground, rules_for: Callable[[str], Rules]) -> tuple[str, Findings]:
    try:
        beginning = one.beginning()
    except (FileNotFoundError, ValueError):  # killed before anything could start
        one.remove()
        return "", Findings()
    clearing = Clearing(one, beginning, rules_for(beginning.repository))
    try:
        root = os.fstat(clearing.root)
        if (root.st_dev, root.st_ino) != (beginning.device, beginning.inode):
            return beginning.repository, Findings(problem="another directory is in the repository's place")
        found = clearing.finish(one.beaten_ns() + _LATE_NS)
    finally:
        clearing.close()
    if not found.problem:
        one.remove()
    return beginning.repository, found


def _all() -> list[str]:
    home = ground.home()
    return [f"{home}/{name}" for name in sorted(os.listdir(home))] if os.path.isdir(home) else []


def _try_lock(path: str) -> int | None:
    try:
        with shelf.home_locked(ground.home()):
            return shelf.try_lock(path)
    except (OSError, PaddockError):  # gone meanwhile
        return None


def _remove(path: str) -> None:
    from paddock.workspace import removal

    home, name = os.path.split(path)
    with shelf.opened(home) as place:
        removal.remove(place, name)
