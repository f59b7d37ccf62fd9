"""A compose project as it stands on the disk: which files it is made of, and the Dockerfiles of its services."""

from __future__ import annotations

import os
import re

from paddock.devcontainer import compose, dockerfile, service_reading
from paddock.devcontainer.files import Files
from paddock.devcontainer.model import Text
from paddock.devcontainer.service import Beyond, Project, Service, Unread
from paddock.frozen import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from paddock.devcontainer.service import ServiceBuild
    from paddock.devcontainer.source import Source

# What the reference CLI names to Compose where the file names none; Compose itself would look for others, too.
NAME, OVERRIDE = "docker-compose.yml", "docker-compose.override.yml"


def default_files(folder: str, files: Files, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The files that the reference CLI takes where `dockerComposeFile` is empty: those of COMPOSE_FILE, else by name.

    The variable may be in a `.env` of the folder. The first of the two names is taken whether it is there or not.
    """
    named = environment.get("COMPOSE_FILE") or _of_dotenv(folder, files)
    if named:
        return tuple(os.path.normpath(os.path.join(folder, one)) for one in named.split(":"))
    override = f"{folder}/{OVERRIDE}"
    return (f"{folder}/{NAME}", *([override] if files.is_file(override) else []))


def read(
    paths: Sequence[str], service: str, repository: str, origin: Source, environment: Mapping[str, str] | None = None
) -> Project:
    """Read a compose project. `paths` are absolute, `service` is the one of devcontainer.json, `origin` what names it.

    Raises Broken where following `extends` has no end in sight; a file that cannot be read is in `unread`.
    """
    files = Files(repository)
    paths = tuple(os.path.normpath(path) for path in paths)
    loaded = compose.load(paths, files, environment or {}, origin)
    beyond, unread, services = list(loaded.beyond), list(loaded.unread), []
    for one in service_reading.services(loaded):
        beyond += [it for it in _paths(one) if _leads_out(it.path, files)]
        services.append(_with_dockerfile(one, files, unread))
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
        for flag in one.build.flags:
            if flag.name == "--build-context":
                yield Beyond("context", (flag.value or "").partition("=")[2], flag.origin)
        if one.build.dockerfile:
            yield Beyond(
                "dockerfile", os.path.join(context.value, one.build.dockerfile.value), one.build.dockerfile.origin
            )
    yield from (Beyond("env_file", it.value, it.origin) for it in one.env_files)


def _leads_out(path: str, files: Files) -> bool:
    """Whether a path leads out of the repository. What another variable leads to, and an address, is not known."""
    return not files.inside(path) if path.startswith("/") else path.startswith(("~", "$HOME", "${HOME"))


def _with_dockerfile(one: Service, files: Files, unread: list[Unread]) -> Service:
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
            unread.append(Unread(build.context.value, "it is built from elsewhere", build.context.origin))
            return one
        text, why = files.text(path)
        file = files.shown(path)
        if why:
            unread.append(Unread(path, why, named.origin))
            return one
    return replace(one, dockerfile=dockerfile.read(text, file, target, given))


def _is_address(build: ServiceBuild) -> bool:
    """A git or web address is no folder."""
    return not build.context.value.startswith("/")


def _of_dotenv(folder: str, files: Files) -> str:
    """The CLI reads the line itself: without quotes or variables."""
    found = re.search(r"^COMPOSE_FILE=(.+)$", files.text(f"{folder}/.env")[0], re.MULTILINE)
    return found[1].strip() if found else ""
