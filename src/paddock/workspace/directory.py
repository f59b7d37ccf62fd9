"""One change set on disk: its parts, and the repository that it was made over."""

from __future__ import annotations

import os

from paddock.errors import WorkspaceError
from paddock.frozen import frozen
from paddock.workspace import meta as metas

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.workspace.ignored.layers import Hold
    from paddock.workspace.meta import Meta

UPPER, WORK = "upper", "work"
OWN = "own"  # what git ignores in directories that only this change set has, between two sessions


@frozen
class ChangeSetDirectory:
    """A change set on disk. `lock` is the descriptor that holds it, or -1.

    `layers` are what a sandbox sees between the change set and the repository, from the top; `ignored` keeps those
    of them that are the repository's as they are.
    """

    name: str
    path: str
    repository: str
    lock: int = -1
    layers: tuple[str, ...] = ()
    ignored: Hold | None = None

    @property
    def home(self) -> str:
        """The directory of the repository's change sets."""
        return os.path.dirname(self.path)

    @property
    def upper(self) -> str:
        """The overlay's upper directory: the change set itself."""
        return f"{self.path}/{UPPER}"

    @property
    def work(self) -> str:
        """The overlay's work directory."""
        return f"{self.path}/{WORK}"

    def has_git_work(self) -> bool:
        """Whether there is more than files: commits in the layer of a git directory outside of the repository."""
        if not os.path.isdir(f"{self.path}/git"):
            return False
        from paddock.workspace.git import layer

        return layer.has_work(self.path)

    def count_changes(self) -> int:
        """How many paths differ from the repository; 0 when that is not there to compare with."""
        from paddock.workspace.change_set import walk

        try:
            with both(self) as (upper, lower):
                return sum(1 for _ in walk(upper, lower)) + self.has_git_work()
        except WorkspaceError:
            return 0


def open_upper(directory: ChangeSetDirectory) -> int:
    """A descriptor of the upper directory. It is made readable for us where `chmod 000 .` inside took that away."""
    from paddock.workspace.descent import open_beneath

    try:
        with opened(directory.path) as place:
            found = os.stat(UPPER, dir_fd=place, follow_symlinks=False)
            if found.st_uid == os.geteuid() and ~found.st_mode & 0o700:
                os.chmod(UPPER, found.st_mode & 0o7777 | 0o700, dir_fd=place)
            return open_beneath(place, UPPER, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        if os.path.lexists(directory.path):  # damaged
            raise
        raise gone(directory.name) from None


def open_repository(directory: ChangeSetDirectory, meta: Meta | None = None) -> int:
    """A descriptor of the repository's root. Raises WorkspaceError when it is not the one that it was."""
    if meta is None:
        try:
            with opened(directory.path) as place:
                meta = metas.read(place, directory.repository)
        except FileNotFoundError:
            raise gone(directory.name) from None
    root = meta.repository or directory.repository
    try:
        descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise lost(directory, f"{root!a}: {error.strerror}") from error
    if metas.belongs(meta, os.fstat(descriptor)):
        return descriptor
    os.close(descriptor)
    raise lost(directory, f"{root!a} is another directory than the sandbox worked on")


class both:  # noqa: N801 - used as contextlib's functions are
    """Descriptors of a change set's upper directory and of its repository, for a while."""

    def __init__(self, directory: ChangeSetDirectory, meta: Meta | None = None) -> None:
        """Raises WorkspaceError where the repository is lost."""
        self._lower = open_repository(directory, meta)
        try:
            self._upper = open_upper(directory)
        except BaseException:
            os.close(self._lower)
            raise

    def __enter__(self) -> tuple[int, int]:
        return self._upper, self._lower

    def __exit__(self, *_: object) -> None:
        os.close(self._upper)
        os.close(self._lower)


def lost(directory: ChangeSetDirectory, why: str) -> WorkspaceError:
    """The repository vanished, moved or was replaced; nothing is touched then."""
    return WorkspaceError(
        f"the repository of change set {directory.name!r} is not there",
        why=why,
        next_step=f"move it back; its changes are kept in {directory.upper!a}",
        code="repository-lost",
    )


def gone(name: str) -> WorkspaceError:
    """It was there, and somebody has applied or discarded it meanwhile."""
    return WorkspaceError(f"change set {name!r} is gone", next_step="paddock changes")


class opened:  # noqa: N801 - used as contextlib's functions are, which a start would pay for with their import
    """A directory's descriptor, for a while."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)

    def __enter__(self) -> int:
        return self._descriptor

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
