"""A directory for the grounds of one proof, and what becomes of those that a killed proof left behind.

Whoever uses one holds a lock on it (flock(2)), which the kernel takes back however the process ends. What a ground
plants outside of itself is noted in it first (`note`), so that it can be found without it.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress

from paddock.kernel import cgroups

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from paddock.kernel.cgroups import Site

_NOTE = ".planted-outside"
HOME, RUNTIME = "home", "runtime"  # of a ground's person
_LIVE = f"{HOME}/{RUNTIME}/paddock/live"
_OUTSIDE = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - the places where sandboxes leave things to each other
# Of a running system's own files the first one in which the person may leave something.
_RUNNING = ("/run", "/run/lock", f"/run/user/{os.geteuid()}")
_NAME = r"(paddock-probe|vscode-[a-z-]+)-[0-9a-f]{16}(\.sock)?"
# Between the making of a directory and its lock; nobody takes longer, and what is older and unlocked is nobody's.
_NEW_S = 60
_LONGEST_NOTE = 4096


class Place:
    """A new directory below `above`, until the end of `with`. Abandoned ones beside it are removed first."""

    def __init__(self, above: str) -> None:
        import tempfile

        sweep(above)
        self.base = tempfile.mkdtemp(dir=above)
        self._held = os.open(self.base, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(self._held, fcntl.LOCK_EX)

    def __enter__(self) -> str:
        return self.base

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        remove(self.base)
        os.close(self._held)


def sweep(above: str) -> list[str]:
    """Remove what nobody holds any more; which those were."""
    return [path for path in _paths(above) if _take(path, remove)]


def abandoned(above: str) -> list[str]:
    """What `sweep` would remove."""
    return [path for path in _paths(above) if _take(path, lambda _: None)]


def _paths(above: str) -> list[str]:
    try:
        return [f"{above}/{name}" for name in sorted(os.listdir(above))]
    except FileNotFoundError:
        return []


def _take(path: str, action: Callable[[str], None]) -> bool:
    """Do something with a directory that nobody holds. False where somebody does, or it is none."""
    try:
        held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        if time.time() - os.fstat(held).st_mtime < _NEW_S:
            return False
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.lstat(path)  # its holder may have let go because it is gone
        action(path)
    except OSError:  # somebody's, or nobody's any more
        return False
    finally:
        os.close(held)
    return True


def places_outside(mark: str) -> list[str]:
    """Where a ground may leave a file outside of itself."""
    running = [directory for directory in _RUNNING if os.access(directory, os.W_OK | os.X_OK)]
    found = [directory for directory in _OUTSIDE if os.path.isdir(directory)] + running[:1]
    return [f"{directory}/paddock-probe-{mark}" for directory in found]


def note(base: str, paths: Iterable[str]) -> None:
    """Write down in a ground what it is about to make outside of itself; each name ends with the ground's mark."""
    with open(f"{base}/{_NOTE}", "a", encoding="ascii") as file:
        file.writelines(f"{path}\n" for path in paths)


def remove(base: str) -> None:
    """The directory with all that probes left in it, whatever modes that has, and what its grounds planted outside, or
    what the sandboxes left that were killed there.
    """
    import shutil

    site = cgroups.find()
    for ground in [base, *_paths(base)]:
        _remove_outside(f"{ground}/{_NOTE}")
        if site:
            _clear_groups(site, ground)
    shutil.rmtree(base, ignore_errors=True)
    for directory, names, _ in os.walk(base):
        for name in names:  # what is left: before they are looked into
            _open_up(f"{directory}/{name}")
    shutil.rmtree(base, ignore_errors=True)


def _remove_outside(note_: str) -> None:
    """An attack that got out may have written the note: nothing is removed but what bears such a name."""
    import re

    try:
        with open(os.open(note_, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            paths = file.read(_LONGEST_NOTE).decode("ascii", "replace").split("\n")
    except OSError:
        return
    for path in paths:
        directory, name = os.path.split(path)
        if directory in _OUTSIDE + _RUNNING and re.fullmatch(_NAME, name):
            with suppress(OSError):  # gone as it should be, or none of ours
                os.unlink(path)


def _clear_groups(site: Site, ground: str) -> None:
    """Control groups of sandboxes whose Paddock was killed: without the ground nobody would know whose they are."""
    live = f"{os.path.realpath(ground)}/{_LIVE}"
    if os.path.realpath(live) != live:  # a link could lead to the person's own
        return
    with suppress(OSError):  # nothing was started there, or it has ended meanwhile
        for group in cgroups.leftovers(site, cgroups.owned(live, "")):
            cgroups.clear(group)


def _open_up(path: str) -> None:
    try:
        found = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:  # a link
        return
    try:
        os.chmod(f"/proc/self/fd/{found}", 0o700)  # fchmod(2) takes no O_PATH
    finally:
        os.close(found)
