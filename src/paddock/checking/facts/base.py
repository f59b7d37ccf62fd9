"""What a configuration stands on, which is where a finding points about what is missing; and who brings a value."""

from __future__ import annotations

import posixpath

from paddock.devcontainer.source import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.devcontainer.document import Node
    from paddock.devcontainer.model import Configuration, Effective

ROOT = frozenset(("root", "0"))


def own(effective: Effective) -> Configuration:
    """The file itself: the highest of the layers."""
    return effective.layers[-1]


def source(effective: Effective, *path: str | int) -> Source:
    """A part of the file by its path; where it has none, the line that says what the container is made of."""
    found = own(effective)
    node = found.node.at(*path) if path else None
    if node:
        return Source("file", effective.file, path, node.place)
    for key in ("image", "build", "dockerFile", "dockerComposeFile"):
        member = found.node.member(key)
        if member:
            return Source("file", effective.file, (key,), member.node.place)
    return Source("file", effective.file, (), found.node.place)


def written(origin: Source, effective: Effective) -> Node | None:
    """The value at `origin` as it stands in its layer, with its variables."""
    for layer in effective.layers:
        if (layer.layer, layer.name) == (origin.layer, origin.name):
            found = layer.node.at(*origin.path)
            if found and (origin.place is None or found.place == origin.place):
                return found
    return None


def brought_by(origin: Source) -> str:
    """Who brings a value, where it is not this file: what a reader of the file alone cannot see."""
    if origin.layer in ("label", "image"):
        return f", by the label of the image {origin.name.partition('@')[0]}"
    if origin.layer == "feature":
        return f", by the Feature {origin.name}"
    return ""


def shown(path: str, effective: Effective) -> str:
    """A path of the host for people: relative to the repository where it lies in it, on whatever machine that is."""
    inside = path.startswith(f"{effective.repository}/")
    return posixpath.relpath(path, effective.repository) if inside else path


def user(effective: Effective) -> str | None:
    """The name of the user that hooks and tools run as, without its group; None where nobody here knows it."""
    for one in (effective.remote_user, effective.container_user, effective.image_user):
        if one is not None and one.value:
            return one.value.partition(":")[0]
    return None


def from_folder(path: str, configuration: str) -> str:
    """A path that is relative to the configuration's folder, relative to the opened one; `..` first where it leaves."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(configuration), path))
