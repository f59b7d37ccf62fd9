"""Where a repository's ignored files are kept: STATE/ignored/REPOSITORY-KEY/{meta,rules,00000001,…}, mode 0700.

Each number is a layer, a tree that sandboxes see above the repository; the highest number is on top. A layer comes
complete, by one rename, and nobody changes one that a sandbox may have mounted: who mounts layers holds the lock of
each shared, who merges or drops them holds it alone. Locks end with their holder.
"""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import suppress

from paddock.frozen import frozen
from paddock.state import make_private
from paddock.workspace import meta as metas
from paddock.workspace.shelf import ignored_directory, ignored_home_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.workspace.meta import Meta

HALF = "."  # in front of a name that is half-gone
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@frozen
class Hold:
    """Layers from the top, and the descriptors that keep them as they are."""

    home: str
    names: tuple[str, ...]
    locks: tuple[int, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """What to mount above the repository."""
        return tuple(f"{self.home}/{name}" for name in self.names)

    def let_go(self) -> None:
        """Others may change the layers from here on; the descriptors stay."""
        for lock in self.locks:
            fcntl.flock(lock, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of everything."""
        for lock in self.locks:
            os.close(lock)


def names_in(home: str) -> tuple[str, ...]:
    """The layers below a home, from the top."""
    try:
        return tuple(sorted((name for name in os.listdir(home) if name.isdigit()), reverse=True))
    except (FileNotFoundError, NotADirectoryError):
        return ()


def repository_for(cwd: str) -> str | None:
    """The nearest directory at or above `cwd` that has layers, or None."""
    place = cwd
    while not names_in(ignored_home_of(place)):
        if place == "/":
            return None
        place = os.path.dirname(place)
    return place


def repositories() -> list[str]:
    """All repositories that have layers, whether they are still there or not."""
    base = ignored_directory()
    homes = [f"{base}/{name}" for name in sorted(os.listdir(base))] if os.path.isdir(base) else []
    found = []
    for home in homes:
        if not os.path.basename(home).startswith(HALF) and names_in(home):
            with suppress(FileNotFoundError):  # dropped meanwhile
                found.append(_meta(home).repository)
    return [repository for repository in found if repository]


def hold(repository: str, root: os.stat_result) -> Hold | None:
    """Keep the layers as they are; None where there are none, or only those of a directory that was here before."""
    home = ignored_home_of(repository)
    while names := names_in(home):
        if not is_for(home, repository, root):
            return None
        held = _locked(home, names, fcntl.LOCK_SH)  # waits for a merge, which is short
        if held and names_in(home) == names:
            return held
        if held:
            held.close()
    return None


def alone(home: str, names: tuple[str, ...]) -> Hold | None:
    """Layers for ourselves, or None while a sandbox has one of them mounted."""
    return _locked(home, names, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _locked(home: str, names: tuple[str, ...], how: int) -> Hold | None:
    locks: list[int] = []
    complete = False
    try:
        for name in names:
            locks.append(os.open(f"{home}/{name}", _DIRECTORY))
            fcntl.flock(locks[-1], how)
        complete = all(_is_there(f"{home}/{name}", lock) for name, lock in zip(names, locks, strict=True))
    except (BlockingIOError, FileNotFoundError):
        pass
    held = Hold(home, names, tuple(locks))
    if complete:
        return held
    held.close()  # somebody else's, or merged or dropped meanwhile
    return None


def is_for(home: str, repository: str, root: os.stat_result) -> bool:
    """Whether layers were made over this very directory, and not over one that it took the place of."""
    try:
        meta = _meta(home, repository)
    except FileNotFoundError:
        return False
    return bool(meta.inode) and metas.belongs(meta, root)


def _meta(home: str, repository: str = "") -> Meta:
    descriptor = os.open(home, _DIRECTORY)
    try:
        return metas.read(descriptor, repository)
    finally:
        os.close(descriptor)


def publish(repository: str, root: os.stat_result, tree: str) -> bool:
    """Make a complete tree the topmost layer. Whether that was done: not while another directory's are in use."""
    home = ignored_home_of(repository)
    base = _lock_base()
    try:
        if not is_for(home, repository, root):
            if os.path.isdir(home) and not _drop(home):
                return False
            _make_home(home, repository, root)
        os.rename(tree, f"{home}/{1 + int(next(iter(names_in(home)), '0')):08}")
    finally:
        os.close(base)
    return True


def drop(home: str) -> bool:
    """Remove all layers of a repository. Whether that was done: not while a sandbox has one mounted."""
    base = _lock_base()
    try:
        return _drop(home)
    finally:
        os.close(base)


def left() -> list[str]:
    """What a killed Paddock has left half-gone."""
    if not os.path.isdir(ignored_directory()):
        return []
    base = _lock_base()
    try:
        return _left()
    finally:
        os.close(base)


def _left() -> list[str]:
    """The same, while we hold the directory of all layers: nobody drops a repository's meanwhile."""
    base = ignored_directory()
    homes = sorted(os.listdir(base))
    halves = [f"{base}/{name}" for name in homes if name.startswith(HALF)]
    return halves + [
        f"{base}/{name}/{part}"
        for name in homes
        if not name.startswith(HALF)
        for part in os.listdir(f"{base}/{name}")
        if part.startswith(f"{HALF}gone-") and not _is_held(f"{base}/{name}/{part}")
    ]


def _is_held(path: str) -> bool:
    """Whether somebody is at work on a layer, or has just removed it."""
    try:
        descriptor = os.open(path, _DIRECTORY)
    except OSError as error:
        return error.errno == errno.ENOENT
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return not _is_there(path, descriptor)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)


def clear() -> list[str]:
    """Remove that; which it was."""
    from paddock.workspace import removal

    if not os.path.isdir(ignored_directory()):
        return []
    base = _lock_base()
    try:
        gone = _left()
        for path in gone:
            home, name = os.path.split(path)
            place = os.open(home, _DIRECTORY)
            try:
                removal.remove(place, name)
            finally:
                os.close(place)
    finally:
        os.close(base)
    return gone


def bury(home: str, name: str) -> None:
    """Remove a layer that we hold alone and that says nothing more."""
    from paddock.workspace import removal

    gone = f"{HALF}gone-{os.urandom(8).hex()}"
    place = os.open(home, _DIRECTORY)
    try:
        os.rename(name, gone, src_dir_fd=place, dst_dir_fd=place)
        removal.remove(place, gone)
    finally:
        os.close(place)


def _drop(home: str) -> bool:
    held = alone(home, names_in(home))
    if held is None:
        return False
    try:
        bury(*os.path.split(home))
    finally:
        held.close()
    return True


def _make_home(home: str, repository: str, root: os.stat_result) -> None:
    make_private(home)
    descriptor = os.open(home, _DIRECTORY)
    try:
        now = metas.now_ns(descriptor)
        metas.write(descriptor, metas.Meta(repository, root.st_dev, root.st_ino, metas.boot_id(), created_ns=now))
    finally:
        os.close(descriptor)


def _lock_base() -> int:
    """Hold the directory of all layers, for a moment, while a repository's directory gets its name or loses it."""
    while True:
        base = os.open(make_private(ignored_directory()), _DIRECTORY)
        fcntl.flock(base, fcntl.LOCK_EX)
        if _is_there(ignored_directory(), base):
            return base
        os.close(base)


def _is_there(path: str, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path, follow_symlinks=False), os.fstat(descriptor))
    except FileNotFoundError:
        return False
