"""Which devcontainer.json counts: the two places that tools look at by themselves, and those that a person names.

containers.dev/implementors/spec, "devcontainer.json": `.devcontainer/devcontainer.json`, then `.devcontainer.json`,
then `.devcontainer/FOLDER/devcontainer.json`, one level deep. The reference CLI takes the last only with `--config`.
"""

from __future__ import annotations

import os

from paddock.devcontainer.files import Files
from paddock.errors import PaddockError
from paddock.frozen import frozen

FIRST = (".devcontainer/devcontainer.json", ".devcontainer.json")
NAMES = ("devcontainer.json", ".devcontainer.json")  # the reference CLI refuses any other
_MOST = 200  # folders below .devcontainer that are looked at


@frozen
class Found:
    """The configuration that counts, and where it stands.

    `folder` is what an editor would open, its links resolved. `file` is relative to it, or absolute where it lies
    elsewhere. `content` is the file whose text is read: `file` itself, or the override, whose relative paths still
    start at `file`. `others` are further configurations that an editor would offer. `instead` are the bytes that are
    read in place of the file's own: what it would say after a change.
    """

    folder: str
    repository: str
    file: str
    content: str
    others: tuple[str, ...]
    instead: bytes | None = None

    @property
    def overridden(self) -> bool:
        """Whether the text comes from another file."""
        return self.content != self.file

    @property
    def path(self) -> str:
        """The absolute path of the file."""
        return os.path.join(self.folder, self.file)


def configurations(folder: str) -> tuple[str, ...]:
    """All that there are in a folder, relative to it, the one that tools take by themselves first."""
    files = Files(repository_of(folder), folder)
    inner = f"{folder}/.devcontainer"
    names = sorted(os.listdir(inner))[:_MOST] if os.path.isdir(inner) and files.inside(inner) else []
    places = (*FIRST, *(f".devcontainer/{name}/devcontainer.json" for name in names))
    return tuple(place for place in places if files.is_file(place))


def find(folder: str, *, config: str = "", override: str = "") -> Found:
    """The configuration of an opened folder, or the one that a person names with `config`, relative to here.

    Raises PaddockError where there is none, or where a person must choose.
    """
    folder = os.path.realpath(folder)
    repository = repository_of(folder)
    present = configurations(folder)
    if config:
        file = _named(config, folder)
    else:
        first = [one for one in present if one in FIRST]
        if not (first or override):
            raise _none(folder, present)
        file = first[0] if first else FIRST[0]
    content = os.path.abspath(override) if override else file
    return Found(folder, repository, file, content, tuple(one for one in present if one != file))


def repository_of(folder: str) -> str:
    """The nearest folder upwards with a `.git`, which the reference CLI mounts; the folder itself without one."""
    here = os.path.realpath(folder)
    while True:
        if os.path.lexists(f"{here}/.git"):
            return here
        above = os.path.dirname(here)
        if above == here:
            return os.path.realpath(folder)
        here = above


def _named(config: str, folder: str) -> str:
    path = os.path.abspath(config)
    if os.path.basename(path) not in NAMES:
        raise PaddockError(
            f"{config} is not named {' or '.join(NAMES)}",
            why="the reference CLI and editors refuse other names",
            next_step=f"put it at .devcontainer/NAME/devcontainer.json, or: --override-config {config}",
            code="configuration-name",
        )
    if not os.path.isfile(path):
        raise PaddockError(f"{config} is no file", next_step=f"ls -ld {config}", code="no-devcontainer")
    # The folder's own links are resolved, so those of the file's folder must be as well, to be found relative to it.
    real = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
    relative = os.path.relpath(real, folder)
    return real if relative.startswith("../") else relative


def _none(folder: str, present: tuple[str, ...]) -> PaddockError:
    if present:
        return PaddockError(
            f"{folder} has several configurations, and none that tools take by themselves",
            why="\n".join(present),
            next_step=f"paddock devcontainer show --config {present[0]}",
            code="several-configurations",
        )
    return PaddockError(
        f"{folder} has no devcontainer.json",
        why=f"looked for {', '.join(FIRST)} and .devcontainer/*/devcontainer.json",
        next_step="paddock devcontainer show --config FILE",
        code="no-devcontainer",
    )
