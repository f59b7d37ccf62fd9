"""Layers that nobody keeps, for the workspace mode `scratch`: STATE/scratch/RANDOM/{upper,work}."""

from __future__ import annotations

import os

from paddock.errors import PaddockError
from paddock.state import state_directory
from paddock.workspace import removal, shelf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.workspace.ignored.layers import Hold

_held: dict[str, int] = {}  # our own, with the descriptors that lock them
_beneath: dict[str, Hold] = {}  # what git ignores, which they may read


def scratch(repository: str = "/") -> str:
    """Make layers over a repository, held until `remove_scratch` or our end. Clears what killed ones left."""
    clear_left()
    with shelf.home_locked(_home()) as home:  # until it is locked, it looks like a left one
        path = f"{home}/{os.urandom(8).hex()}"
        os.mkdir(path, 0o700)
        descriptor = shelf.try_lock(path)
    assert descriptor is not None  # noqa: S101 - nobody looks for left ones meanwhile, and there is no name twice
    os.fchmod(descriptor, 0o700)  # whatever the umask is
    _held[path] = descriptor
    root = os.stat(repository)
    shelf.make_layers(descriptor, root)
    if os.path.isdir(shelf.ignored_home_of(repository)):
        _look_beneath(path, repository, root)
    return path


def _look_beneath(path: str, repository: str, root: os.stat_result) -> None:
    from paddock.workspace.ignored import layers, watch

    held = layers.hold(repository, root)
    if held and not watch.is_current(held.home):
        held.close()
        from paddock.workspace.ignored import sorting

        held = sorting.hold(repository, root)
    if held:
        _beneath[path] = held


def layers_below(path: str) -> tuple[str, ...]:
    """What a sandbox sees between one of our scratches and its repository, from the top."""
    return _beneath[path].paths if path in _beneath else ()


def _home() -> str:
    return f"{state_directory()}/scratch"


def left() -> list[str]:
    """The layers of others that ended without removing them."""
    if not os.path.isdir(_home()):
        return []
    with shelf.home_locked(_home()) as home:  # whoever makes some has locked them by then
        return [path for name in sorted(os.listdir(home)) if _is_free(path := f"{home}/{name}")]


def clear_left() -> list[str]:
    """Remove such layers; which they were. One that cannot be removed stays, and `left` goes on to tell."""
    return [path for path in left() if _clear(path)]


def remove_scratch(path: str) -> None:
    """Remove layers of ours."""
    home, name = os.path.split(path)
    with shelf.opened(home) as place:
        removal.remove(place, name)
    os.close(_held.pop(path))
    if path in _beneath:
        _beneath.pop(path).close()


def _clear(path: str) -> bool:
    home, name = os.path.split(path)
    try:
        with shelf.home_locked(home):
            descriptor = shelf.try_lock(path)
    except (OSError, PaddockError):
        return False
    if descriptor is None:
        return False
    try:
        with shelf.opened(home) as place:
            removal.remove(place, name)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _is_free(path: str) -> bool:
    try:
        descriptor = shelf.try_lock(path)
    except PaddockError:  # gone meanwhile
        return False
    except OSError:  # damaged; nobody can be at work in it
        return True
    if descriptor is None:
        return False
    os.close(descriptor)
    return path not in _held
