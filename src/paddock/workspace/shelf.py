"""Where change sets are kept: STATE/changes/REPOSITORY-KEY/NAME/{upper,work,meta}, mode 0700.

One rule for crashes: a change set appears under its name by one rename, complete, and leaves it by one
rename, whole. Names with a dot in front are half-made or half-gone and are cleared by whoever comes next.
Two locks, both released by the kernel when their holder dies: the repository's directory, for a moment, around
every such rename; the change set's own, for as long as a session lives or an apply runs.
"""

from __future__ import annotations

import fcntl
import os

from paddock.errors import PaddockError, WorkspaceError
from paddock.frozen import frozen
from paddock.state import make_private, repository_key, state_directory
from paddock.workspace import meta as metas
from paddock.workspace import naming
from paddock.workspace.directory import (
    OWN,
    UPPER,
    WORK,
    ChangeSetDirectory,
    both,
    gone,
    lost,
    open_repository,
    open_upper,
    opened,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.workspace.meta import Meta

__all__ = [
    "OWN",
    "UPPER",
    "WORK",
    "ChangeSetDirectory",
    "Held",
    "both",
    "changes_directory",
    "clear_halves",
    "create",
    "current",
    "discard",
    "find",
    "gone",
    "halves_in",
    "home_locked",
    "home_of",
    "ignored_directory",
    "ignored_home_of",
    "in_home",
    "listing",
    "lost",
    "make_layers",
    "make_part",
    "names_in",
    "open_or_create",
    "open_repository",
    "open_upper",
    "opened",
    "repository_for",
    "try_lock",
]

_HALF = "."  # in front of a name


@frozen
class Held:
    """One line of a listing."""

    directory: ChangeSetDirectory
    meta: Meta
    in_use: bool


def changes_directory() -> str:
    """Where all repositories' change sets are."""
    return f"{state_directory()}/changes"


def home_of(repository: str) -> str:
    """Where one repository's change sets are; it need not exist."""
    return f"{changes_directory()}/{repository_key(repository)}"


def ignored_directory() -> str:
    """Where what git ignores is kept of all repositories (`paddock.workspace.ignored`)."""
    return f"{state_directory()}/ignored"


def ignored_home_of(repository: str) -> str:
    """Where it is kept of one repository; it need not exist."""
    return f"{ignored_directory()}/{repository_key(repository)}"


def repository_for(cwd: str) -> str | None:
    """The nearest directory at or above `cwd` that has change sets, or None."""
    place = cwd
    while not names_in(home_of(place)):
        if place == "/":
            return None
        place = os.path.dirname(place)
    return place


def listing(repository: str | None = None) -> tuple[Held, ...]:
    """The change sets of a repository, or of all; the last used first."""
    if repository is not None:
        homes = [(home_of(repository), repository)]
    else:
        homes = [(f"{changes_directory()}/{key}", "") for key in _entries(changes_directory())]
    found = [held for home, known in homes for held in in_home(home, known)]
    return tuple(sorted(found, key=lambda held: held.meta.used_ns, reverse=True))


def current(repository: str) -> ChangeSetDirectory | None:
    """The change set that a run without a name continues: the one used last, of the repository as it is now."""
    try:
        root = os.stat(repository)
    except OSError as error:
        raise WorkspaceError(f"cannot look at {repository!a}", why=error.strerror or str(error)) from error
    for held in listing(repository):
        if metas.belongs(held.meta, root):
            return held.directory
    return None


def find(repository: str, name: str) -> ChangeSetDirectory:
    """A held change set by name. Raises WorkspaceError when there is none."""
    naming.validate(name)
    home = home_of(repository)
    if name not in names_in(home):
        raise WorkspaceError(f"no change set {name!r} of {repository!a}", next_step="paddock changes")
    return ChangeSetDirectory(name, f"{home}/{name}", repository)


def open_or_create(repository: str, name: str) -> ChangeSetDirectory:
    """The change set of that name, made if need be; not locked."""
    naming.validate(name)
    with home_locked(home_of(repository)) as home:
        if name not in names_in(home):
            os.close(create(home, repository, name))
        return ChangeSetDirectory(name, f"{home}/{name}", repository)


def create(home: str, repository: str, name: str) -> int:
    """Make a change set complete and locked, then give it its name. `home` is locked. Gives the lock."""
    half = f"{home}/{_HALF}new-{os.urandom(8).hex()}"
    root = os.stat(repository)
    os.mkdir(half, 0o700)
    os.chmod(half, 0o700)  # whatever the umask is
    descriptor = os.open(half, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    make_layers(descriptor, root)
    now = metas.now_ns(descriptor)
    metas.write(
        descriptor,
        metas.Meta(repository, root.st_dev, root.st_ino, metas.boot_id(), created_ns=now, used_ns=now, state="held"),
    )
    os.rename(half, f"{home}/{name}")
    return descriptor


def make_layers(directory: int, root: os.stat_result) -> None:
    """The upper and work directories of an overlay over `root`, which shows the upper one's mode and owner.

    Root gives them, and the directory that holds them, to the repository's owner: the boundary maps ids by the
    owner of what it mounts. Nobody but root reaches them, since their home has mode 0700.
    """
    make_part(directory, UPPER, root, root.st_mode & 0o1777 | 0o700)
    make_part(directory, WORK, root)
    if os.geteuid() == 0:
        os.fchown(directory, root.st_uid, root.st_gid)


def make_part(directory: int, part: str, root: os.stat_result, mode: int = 0o700) -> None:
    """One directory of a change set, of the repository's owner; nothing where it is there."""
    try:
        os.mkdir(part, dir_fd=directory)
    except FileExistsError:
        return
    os.chmod(part, mode, dir_fd=directory)
    if os.geteuid() == 0:
        os.chown(part, root.st_uid, root.st_gid, dir_fd=directory)


def discard(directory: ChangeSetDirectory) -> None:
    """Remove a whole change set that we hold, and let go of it. A later `clear_halves` finishes a killed one."""
    from paddock.workspace import removal

    half = f"{_HALF}gone-{os.urandom(8).hex()}"
    with home_locked(directory.home) as home:
        os.rename(directory.path, f"{home}/{half}")
    with opened(directory.home) as place:
        removal.remove(place, half)
    os.close(directory.lock)
    with home_locked(directory.home) as home:
        if not _entries(home):
            os.rmdir(home)


def clear_halves(home: str) -> None:
    """Remove what a killed Paddock left half-made or half-gone, unless its owner is still at it.

    What cannot be removed stays: `cleaning.left_over` tells.
    """
    halves = halves_in(home)
    if not halves:
        return
    from paddock.workspace import removal

    with opened(home) as place:
        for entry in halves:
            try:
                descriptor = try_lock(f"{home}/{entry}")
            except (OSError, WorkspaceError):
                continue  # gone meanwhile, or damaged: no reason to keep anybody from a new one
            if descriptor is not None:
                try:
                    removal.remove(place, entry)
                except OSError:
                    continue
                finally:
                    os.close(descriptor)


def try_lock(path: str) -> int | None:
    """Lock a change set's directory, or None when somebody else has. Its home is locked, so that it stays one."""
    try:
        descriptor = _open_own(path)
    except FileNotFoundError:
        raise gone(os.path.basename(path)) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.lstat(path), os.fstat(descriptor)):
            return descriptor
    except BlockingIOError:
        os.close(descriptor)
        return None
    except FileNotFoundError:
        pass
    os.close(descriptor)  # its holder removed it, and let go only then
    raise gone(os.path.basename(path))


def _open_own(path: str) -> int:
    """Open a directory of ours, though it was left with a mode (by an umask of 777) that keeps us out."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(path, flags)
    except PermissionError:
        from paddock.kernel import files

        place = os.open(path, flags | os.O_PATH)
    try:
        files.change_mode(place, 0o700)
        return files.reopen(place, os.O_RDONLY)
    finally:
        os.close(place)


def halves_in(home: str) -> list[str]:
    """What is half-made or half-gone there, by whomever."""
    return [name for name in _entries(home) if name.startswith(_HALF)]


def names_in(home: str) -> list[str]:
    """The complete change sets below a home."""
    return [name for name in _entries(home) if not name.startswith(_HALF)]


def in_home(home: str, repository: str = "") -> Iterator[Held]:
    """The change sets below one home, by name."""
    for name in names_in(home):
        try:
            with opened(f"{home}/{name}") as place:
                meta = metas.read(place, repository)
            with home_locked(home):  # until it is let go of again: who claims one would find it in use
                free = try_lock(f"{home}/{name}")
                if free is not None:
                    os.close(free)
        except (FileNotFoundError, WorkspaceError):
            continue  # gone since we listed it
        yield Held(ChangeSetDirectory(name, f"{home}/{name}", repository or meta.repository), meta, free is None)


def _entries(home: str) -> list[str]:
    try:
        return sorted(os.listdir(home))
    except (FileNotFoundError, NotADirectoryError):
        return []


class home_locked:  # noqa: N801 - as `opened`
    """Hold a repository's directory of change sets, for a moment. It is made if need be."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._descriptor = _lock_home(home)

    def __enter__(self) -> str:
        return self._home

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


def _lock_home(home: str) -> int:
    while True:
        for directory in (state_directory(), changes_directory()):
            make_private(directory)
        try:
            make_private(home)
        except PaddockError as error:
            if not isinstance(error.__cause__, FileNotFoundError):
                raise
            continue  # there a moment ago, and then it went away, as below
        try:
            descriptor = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.path.samestat(os.stat(home), os.fstat(descriptor)):
                return descriptor
        except FileNotFoundError:
            pass  # the last change set went away, and its home with it
        else:
            os.close(descriptor)
