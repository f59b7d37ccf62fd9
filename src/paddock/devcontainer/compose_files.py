"""The files of a compose project, read from the disk: regular files of the repository, and none that are too large."""

from __future__ import annotations

import os
import stat

from paddock.devcontainer import compose, dockerfile, service_reading
from paddock.devcontainer.model import Source, Text
from paddock.devcontainer.service import Beyond, Project, Service, Unread
from paddock.devcontainer.yaml_document import LARGEST
from paddock.frozen import frozen, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from paddock.devcontainer.service import ServiceBuild

# In the order in which Compose looks for them; an override of the same kind is laid over the first that is there.
NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)


@frozen
class Disk:
    """The files below one repository (absolute, without links). Nothing outside of it is read."""

    repository: str

    def text(self, path: str) -> tuple[str, str]:
        """The text of a file, and why it was not read where that is so."""
        if not self.inside(path):
            return "", "it lies outside of the repository"
        try:
            descriptor = os.open(os.path.realpath(path), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except (OSError, ValueError) as error:
            return "", (getattr(error, "strerror", None) or "no such path").lower()
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            return "", "it is no regular file"
        with os.fdopen(descriptor, "rb") as file:
            content = file.read(4 * LARGEST + 1)
        if len(content) > 4 * LARGEST:
            return "", f"it has more than {4 * LARGEST} bytes"
        return content.decode("utf-8", "replace"), ""

    def shown(self, path: str) -> str:
        """Relative to the repository."""
        return os.path.relpath(path, self.repository) if self.inside(path) else path

    def inside(self, path: str) -> bool:
        """Whether a path lies in the repository, with links followed."""
        if "\0" in path:
            return False
        real = os.path.realpath(path)
        return real == self.repository or real.startswith(self.repository.rstrip("/") + "/")


def default_files(folder: str, disk: Disk, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The files that Compose takes where none is named: those of COMPOSE_FILE, else by their names."""
    named = environment.get("COMPOSE_FILE") or _of_dotenv(folder, disk, "COMPOSE_FILE")
    if named:
        return tuple(os.path.normpath(os.path.join(folder, one)) for one in named.split(":") if one)
    found = [f"{folder}/{name}" for name in NAMES if os.path.exists(f"{folder}/{name}")][:1]
    found += [f"{folder}/{name}" for name in OVERRIDES if os.path.exists(f"{folder}/{name}")][:1] if found else []
    return tuple(found)


def read(
    paths: Sequence[str], service: str, repository: str, origin: Source, environment: Mapping[str, str] | None = None
) -> Project:
    """Read a compose project. `paths` are absolute, `service` is the one of devcontainer.json, `origin` what names it.

    Raises Broken where following `extends` has no end in sight; a file that cannot be read is in `unread`.
    """
    disk = Disk(os.path.realpath(repository))
    paths = tuple(os.path.normpath(path) for path in paths)
    loaded = compose.load(paths, disk, environment or {}, origin)
    beyond, unread, services = list(loaded.beyond), list(loaded.unread), []
    for one in service_reading.services(loaded):
        beyond += [it for it in _paths(one) if not _personal(it.path) and not disk.inside(it.path)]
        services.append(_with_dockerfile(one, disk, unread))
    found = {one.name: one for one in services}
    directory = os.path.dirname(paths[0]) if paths else repository
    return Project(
        directory,
        loaded.files,
        loaded.root,
        found.get(service),
        tuple(services),
        tuple(service_reading.shared(loaded)),
        tuple(beyond),
        tuple(unread),
        loaded.unset,
        loaded.written,
        loaded.flaws,
    )


def _paths(one: Service) -> Iterator[Beyond]:
    """What a service's image and environment are made from. Its mounts are judged as mounts."""
    if one.build:
        context = one.build.context
        yield Beyond("context", context.value, context.origin)
        if one.build.dockerfile:
            yield Beyond(
                "dockerfile", os.path.join(context.value, one.build.dockerfile.value), one.build.dockerfile.origin
            )
    yield from (Beyond("env_file", it.value, it.origin) for it in one.env_files)


def _personal(path: str) -> bool:
    return not path.startswith("/")  # `~`, `${HOME}`, an address


def _with_dockerfile(one: Service, disk: Disk, unread: list[Unread]) -> Service:
    build = one.build
    if build is None:
        return one
    given = {it.name: it.value for it in build.args if it.value is not None}
    target = build.target.value if build.target else ""
    if build.inline:
        place = build.inline.origin.place
        text, file = build.inline.value, f"{place.file if place else ''}#{one.name}"
    else:
        named = build.dockerfile or Text("Dockerfile", build.context.origin)
        path = os.path.normpath(os.path.join(build.context.value, named.value))
        if _is_address(build):
            return one
        text, why = disk.text(path)
        file = disk.shown(path)
        if why:
            unread.append(Unread(path, why, named.origin))
            return one
    return replace(one, dockerfile=dockerfile.read(text, file, target, given))


def _is_address(build: ServiceBuild) -> bool:
    """A git or web address is no folder."""
    return not build.context.value.startswith("/")


def _of_dotenv(folder: str, disk: Disk, name: str) -> str:
    from paddock.devcontainer.compose_variables import dotenv

    return dotenv(disk.text(f"{folder}/.env")[0]).get(name) or ""
