"""Layers that nobody keeps, for the workspace mode `scratch`: STATE/scratch/RANDOM/{upper,work}."""

from __future__ import annotations

import os

from paddock.errors import PaddockError
from paddock.state import make_private, state_directory
from paddock.workspace import removal, shelf

_held: dict[str, int] = {}  # our own, with the descriptors that lock them


def scratch(repository: str = "/") -> str:
    """Make layers over a repository, held until `remove_scratch` or our end. Clears what killed ones left."""
    make_private(state_directory())
    home = make_private(f"{state_directory()}/scratch")
    clear_left()
    path = f"{home}/{os.urandom(8).hex()}"
    os.mkdir(path, 0o700)
    descriptor = shelf.try_lock(path)
    if descriptor is None:  # somebody who clears took it for a left one; there is no name twice
        return scratch(repository)
    _held[path] = descriptor
    shelf.make_layers(descriptor, os.stat(repository))
    return path


def left() -> list[str]:
    """The layers of others that ended without removing them."""
    home = f"{state_directory()}/scratch"
    paths = [f"{home}/{name}" for name in sorted(os.listdir(home))] if os.path.isdir(home) else []
    return [path for path in paths if _is_free(path)]


def clear_left() -> list[str]:
    """Remove such layers; which they were."""
    removed = left()
    home = f"{state_directory()}/scratch"
    if removed:
        with shelf.opened(home) as place:
            for path in removed:
                _clear(home, place, os.path.basename(path))
    return removed


def remove_scratch(path: str) -> None:
    """Remove layers of ours."""
    home, name = os.path.split(path)
    with shelf.opened(home) as place:
        removal.remove(place, name)
    os.close(_held.pop(path))


def _clear(home: str, place: int, name: str) -> None:
    descriptor = shelf.try_lock(f"{home}/{name}")
    if descriptor is not None:
        removal.remove(place, name)
        os.close(descriptor)


def _is_free(path: str) -> bool:
    try:
        descriptor = shelf.try_lock(path)
    except PaddockError:  # gone meanwhile
        return False
    if descriptor is None:
        return False
    os.close(descriptor)
    return path not in _held
