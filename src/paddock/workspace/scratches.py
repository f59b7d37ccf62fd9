"""Layers that nobody keeps, for the workspace mode `scratch`: STATE/scratch/RANDOM/{upper,work}."""

from __future__ import annotations

import os

from paddock.state import make_private, state_directory
from paddock.workspace import removal, shelf

_held: dict[str, int] = {}  # our own, with the descriptors that lock them


def scratch(repository: str = "/") -> str:
    """Make layers over a repository, held until `remove_scratch` or our end. Clears what killed ones left."""
    make_private(state_directory())
    home = make_private(f"{state_directory()}/scratch")
    with shelf.opened(home) as place:
        for left in os.listdir(place):
            _clear(home, place, left)
    path = f"{home}/{os.urandom(8).hex()}"
    os.mkdir(path, 0o700)
    descriptor = shelf.try_lock(path)
    if descriptor is None:  # somebody who clears took it for a left one; there is no name twice
        return scratch(repository)
    _held[path] = descriptor
    shelf.make_layers(descriptor, os.stat(repository))
    return path


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
