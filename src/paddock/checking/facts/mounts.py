"""All mounts of the container, whoever asks for them, and what their sources are on the host."""

from __future__ import annotations

import posixpath
import re

from paddock.checking.facts import container, host_path, places
from paddock.checking.facts.memory import kept
from paddock.devcontainer import mounts, runvalues
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.checking.facts.host_path import HostPath
    from paddock.devcontainer.model import Effective, Mount

_OF_HOST = ("bind", "npipe")  # the second is what Windows has for a socket
_SOURCE = re.compile(r"(?:^|,)\s*(?:source|src)=([^,]*)")


@frozen
class Mounted:
    """A path of the host that is mounted: `source` for people to read, where it leads, and what lies there."""

    mount: Mount
    source: str
    path: HostPath
    kinds: frozenset[str]
    disguised: bool = False  # a volume that is made of a directory

    @property
    def writable(self) -> bool:
        """Whether what is written there is on the host: what takes effect, whatever was asked for."""
        return not (self.mount.read_only or is_copied(self.mount))


@kept
def every(effective: Effective) -> Iterator[Mount]:
    """All mounts but that of the workspace, tmpfs and volumes included."""
    of_service = container.service(effective)
    found = [*effective.mounts, *(of_service.mounts if of_service else ())]
    for flag in container.flags(effective, "--volume", "--mount", "--tmpfs"):
        text = flag.value or ""
        read = {"--volume": runvalues.volume, "--tmpfs": runvalues.tmpfs}.get(flag.name, mounts.of_text)
        found.append(read(text, flag.origin))
    yield from dict.fromkeys(found)


@kept
def binds(effective: Effective) -> Iterator[Mounted]:
    """Every path of the host that is mounted, but for the workspace itself, if that is no more than the repository."""
    own = effective.workspace_mount
    if own and own.kind == "bind" and own.origin.layer != "default":
        path = path_of(own, effective)
        if path.base != "workspace" or path.above:
            yield _mounted(own, written(own), effective)
    for mount in every(effective):
        if mount.kind in _OF_HOST and mount.source:
            if not (is_workspace(mount, effective) and not path_of(mount, effective).above):
                yield _mounted(mount, written(mount), effective)
        elif device := bound_device(mount):
            yield _mounted(mount, device, effective, disguised=True)


def volumes(effective: Effective) -> Iterator[Mount]:
    """The named volumes."""
    yield from (mount for mount in every(effective) if mount.kind == "volume" and mount.source)


def workspace(effective: Effective) -> Mount | None:
    """The mount of the workspace: its own, or one of the others that puts the folder to the same use."""
    if effective.workspace_mount and effective.workspace_mount.kind != "none":
        return effective.workspace_mount
    return next((mount for mount in every(effective) if is_workspace(mount, effective)), None)


def is_workspace(mount: Mount, effective: Effective) -> bool:
    """Whether a bind brings in the opened folder, or what holds it, as a whole."""
    if mount.kind != "bind":
        return False
    path = path_of(mount, effective)
    return path.base == "workspace" and path.whole


def is_copied(mount: Mount) -> bool:
    """Whether it is an overlay (`:O` of podman), of which nothing reaches the host."""
    return any(name == "O" for name, _ in mount.options)


def bound_device(mount: Mount) -> str:
    """What of the host a volume is made of: a directory (`device=`, with `o=bind`), or a disk; empty for others."""
    options = [value.strip('"') for name, value in mount.options if name == "volume-opt"]
    found = [one.removeprefix("device=") for one in options if one.startswith("device=")]
    is_bound = any(one.startswith("o=") and "bind" in one for one in options)
    return found[0] if found and (is_bound or found[0].startswith("/dev/")) else ""


def path_of(mount: Mount, effective: Effective) -> HostPath:
    """Where a mount's source leads on the host."""
    return _read(written(mount), mount, effective)


def _read(source: str, mount: Mount, effective: Effective) -> HostPath:
    """A relative source is one of the compose project, whose folder is that of its first file; engines refuse it."""
    path = host_path.read(source, effective.folder, effective.repository)
    if path.base == "workspace" and path.above:  # out of the opened folder, which need not be out of the repository
        led = posixpath.normpath(posixpath.join(effective.folder, *[".."] * path.above, *path.parts))
        return host_path.read(led, "", effective.repository) if is_within(led, effective.repository) else path
    if path.base == "relative" and mount.origin.layer == "file" and effective.compose_files:
        project = posixpath.dirname(effective.compose_files[0].value)
        held = posixpath.join(effective.folder, posixpath.dirname(effective.file), project)
        return host_path.read(posixpath.normpath(posixpath.join(held, source)), effective.folder, effective.repository)
    return path


def written(mount: Mount) -> str:
    """The source with its variables: what is put in for them here would be this person's, and is nobody's business."""
    if "${localEnv:" not in mount.raw and "${env:" not in mount.raw:
        return mount.source
    found = _SOURCE.search(mount.raw)
    return found[1] if found else runvalues.parts(mount.raw)[0]


def is_within(path: str, folder: str) -> bool:
    """Whether a path is that of a folder, or lies in it. Both are absolute."""
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")


def _mounted(mount: Mount, source: str, effective: Effective, *, disguised: bool = False) -> Mounted:
    path = _read(source, mount, effective)
    kinds = places.kinds(path, source.replace("\\", "/"))
    other = container.defaulted(source)
    if path.base == "variable" and other != source:  # on a machine without the variable
        kinds |= places.kinds(_read(other, mount, effective), other.replace("\\", "/")) - {"harmless"}
    return Mounted(mount, _shown(source, mount, effective), path, kinds, disguised)


def _shown(source: str, mount: Mount, effective: Effective) -> str:
    """The source as it is written: what a report holds must not change with the folder in which somebody works."""
    if is_within(source, effective.folder):
        return f"${{localWorkspaceFolder}}{source[len(effective.folder) :]}"
    if mount.origin.layer != "compose":
        return source
    is_long = mount.raw.startswith("type=")
    found = mounts.of_text(mount.raw, mount.origin).source if is_long else runvalues.parts(mount.raw)[0]
    return found if found.startswith("..") else source
