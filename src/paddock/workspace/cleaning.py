"""Clear up after a Paddock that was killed: layers that nobody keeps, change sets half-made or without changes."""

from __future__ import annotations

import os

from paddock.errors import PaddockError
from paddock.workspace import scratches, shelf, store


def clean() -> list[str]:
    """Remove what belongs to nobody; what was removed, in words. Change sets that hold something stay."""
    removed = [f"thrown-away layers {path}" for path in scratches.clear_left()]
    for home in _homes():
        halves = {name for name in os.listdir(home) if name not in shelf.names_in(home)}
        shelf.clear_halves(home)
        left = set(os.listdir(home)) if os.path.isdir(home) else set()
        removed += [f"half-made change set {home}/{name}" for name in sorted(halves - left)]
    for held in shelf.listing():
        try:
            if not held.in_use and not store.release(store.lock(held.directory)):
                removed.append(f"empty change set {held.directory.path}")
        except PaddockError:
            continue  # taken meanwhile, or damaged: paddock changes says so
    return removed


def left_over() -> list[str]:
    """What nobody holds and `clean` would remove, but for change sets, which may be anybody's work."""
    halves = (f"{home}/{name}" for home in _homes() for name in os.listdir(home) if name not in shelf.names_in(home))
    return [f"thrown-away layers {path}" for path in scratches.left()] + [
        f"half-made change set {each}" for each in halves
    ]


def _homes() -> list[str]:
    base = shelf.changes_directory()
    return [f"{base}/{name}" for name in sorted(os.listdir(base))] if os.path.isdir(base) else []
