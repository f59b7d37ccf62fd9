"""Clear up after a Paddock that was killed: layers that nobody keeps, change sets half-made or without changes."""

from __future__ import annotations

import os

from paddock.errors import PaddockError
from paddock.workspace import scratches, shelf, store
from paddock.workspace.change_set import walk
from paddock.workspace.ignored import layers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def clean() -> list[str]:
    """Remove what belongs to nobody; what was removed, in words. Change sets that hold something stay.

    What cannot be removed keeps nothing else from being: `left_over` tells about it.
    """
    removed = [f"thrown-away layers {path}" for path in scratches.clear_left()]
    removed += [f"half-gone ignored files {path}" for path in layers.clear()]
    for home in _homes():
        try:
            removed += [f"half-made change set {home}/{name}" for name in _clear(home)]
            for held in shelf.in_home(home):
                removed += _end(held)
        except (OSError, PaddockError):
            continue
    return removed


def left_over() -> list[str]:
    """What nobody holds and `clean` would remove, but for change sets, which may be anybody's work."""
    left = [f"thrown-away layers {path}" for path in scratches.left()]
    left += [f"half-gone ignored files {path}" for path in layers.left()]
    return left + [one for home in _homes() for one in _left_in(home)]


def _clear(home: str) -> list[str]:
    """Remove the half-made ones; which they were."""
    with shelf.home_locked(home):  # a new one is not locked yet when it gets its half name
        halves = shelf.halves_in(home)
        shelf.clear_halves(home)
        left = os.listdir(home)
        if not left:
            os.rmdir(home)
    return [name for name in halves if name not in left]


def _end(held: shelf.Held) -> list[str]:
    """Let a change set go that nobody has and that holds nothing."""
    try:
        if held.in_use or (held.meta.state == "held" and _holds_something(held.directory)):
            return []
        if not store.release(store.lock(held.directory)):
            return [f"empty change set {held.directory.path}"]
    except (OSError, PaddockError):
        pass  # taken meanwhile, or damaged: paddock changes says so
    return []


def _holds_something(directory: store.ChangeSetDirectory) -> bool:
    """Looked at without a lock, for which whoever comes meanwhile would find it in use."""
    with shelf.both(directory) as trees:
        return next(walk(*trees), None) is not None or directory.has_git_work()


def _left_in(home: str) -> list[str]:
    try:
        if not shelf.halves_in(home):
            return []
        with shelf.home_locked(home):  # as in `_clear`
            left = list(_halves_in(home))
            if not os.listdir(home):  # they have gone meanwhile
                os.rmdir(home)
            return left
    except OSError as error:
        return [f"change sets {home}: {error.strerror}"]


def _halves_in(home: str) -> Iterator[str]:
    for name in shelf.halves_in(home):
        try:
            descriptor = shelf.try_lock(f"{home}/{name}")
        except PaddockError:
            continue  # gone meanwhile
        except OSError as error:
            yield f"half-made change set {home}/{name}: {error.strerror}"
            continue
        if descriptor is not None:  # else its owner is still at it
            os.close(descriptor)
            yield f"half-made change set {home}/{name}"


def _homes() -> list[str]:
    base = shelf.changes_directory()
    return [f"{base}/{name}" for name in sorted(os.listdir(base))] if os.path.isdir(base) else []
