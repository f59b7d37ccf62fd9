"""DC501 to DC505, DC508, DC510, DC514, DC515: where images, Features and extensions come from."""

from __future__ import annotations

import re

from paddock.checking.facts import base, editor, features
from paddock.checking.findings import Hit
from paddock.checking.rule import rule
from paddock.devcontainer import feature_lock, references
from paddock.devcontainer.document import Broken
from paddock.devcontainer.source import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from paddock.checking.context import Context
    from paddock.devcontainer.feature_lock import Locked
    from paddock.devcontainer.model import Configuration, Effective

_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
_OURS = "devcontainers/features/"  # the specification's own
_MINOR = re.compile(r"[0-9]+\.[0-9]+")
_READ = "put the Dockerfile into the repository; a link in it must not lead out"
_EXTENSION = re.compile(r"-?[^@\s]+@[0-9][^@\s]*")


@rule("DC501")
def image(effective: Effective, _: Context) -> Iterator[Hit]:
    """The image of the file; those of Dockerfiles and compose files have functions of their own."""
    found = effective.image
    if effective.kind != "image" or found is None or _DIGEST.search(found.value):
        return
    tag = tag_of(found.value)
    if tag in ("", "latest"):
        yield Hit(f"{found.value} is whatever was pushed last", found.origin, "medium")
    else:
        yield Hit(f"the tag {tag} can be moved to another image", found.origin, "low")


def tag_of(name: str) -> str:
    """The tag of an image's name, empty where it has none."""
    last = name.rpartition("/")[2]
    return last.partition(":")[2] if ":" in last else ""


@rule("DC502")
def feature(effective: Effective, context: Context) -> Iterator[Hit]:
    """Features without an exact version."""
    locked = _locked(context)
    for use in effective.features:
        found = references.parse(use.reference)
        if found.digest or use.reference in locked or use.origin.layer != "file":
            continue
        if use.kind == "tarball":
            yield Hit(f"{use.reference} may be another file tomorrow", use.origin, "high")
        elif found.kind == "registry" and not found.exact:
            severity = "low" if _MINOR.fullmatch(found.tag) else "medium"
            yield Hit(f"{found.path} is taken in whatever version {found.tag} has", use.origin, severity)


def _locked(context: Context) -> Mapping[str, Locked]:
    path = feature_lock.path_of(context.configuration)
    try:
        return feature_lock.parse(path, context.texts.get(path, "")).entries
    except Broken:
        return {}


@rule("DC503")
def third_party(effective: Effective, _: Context) -> Iterator[Hit]:
    """Features of others than the specification's maintainers."""
    for use in effective.features:
        found = references.parse(use.reference)
        if use.kind == "tarball" or (found.kind == "registry" and not found.path.startswith(_OURS)):
            whose = found.resource.rpartition("/")[0]
            yield Hit(f"{found.id} is published by {whose}", use.origin)


@rule("DC504")
def known_feature(effective: Effective, _: Context) -> Iterator[Hit]:
    """What Features bring, in one line: each right is also told by its own rule."""
    for use in effective.features:
        layer = next((one for one in effective.layers if one.layer == "feature" and one.name == use.reference), None)
        brings = _rights(layer) if layer else []
        brings += [effect.why for mine, effect in features.effects(effective) if mine == use]
        if brings:
            yield Hit(f"{references.parse(use.reference).id} brings: {'; '.join(brings)}", use.origin)


@rule("DC505")
def label(effective: Effective, _: Context) -> Iterator[Hit]:
    """What the label of the image adds, in one line for each of its entries."""
    for layer in effective.layers:
        brings = _rights(layer) if layer.layer == "label" else []
        if brings:
            whole = Source("label", layer.name, (), layer.node.place)
            severity = "critical" if layer.privileged and layer.privileged.value else ""
            yield Hit(f"the label of {layer.name.partition('@')[0]} adds: {'; '.join(brings)}", whole, severity)


def _rights(layer: Configuration) -> list[str]:
    """What a layer gives to the container beyond programs and variables."""
    found = ["privileged"] if layer.privileged and layer.privileged.value else []
    found += [f"the capability {one.value}" for one in layer.cap_add]
    found += [f"the security option {one.value}" for one in layer.security_opt]
    found += [f"the mount {one.source or one.kind} at {one.target}" for one in layer.mounts]
    found += [f"the entrypoint {layer.entrypoint.value}"] if layer.entrypoint else []
    return found + [f"the hook {hook.event}" for hook in layer.hooks]


@rule("DC508")
def extensions(effective: Effective, _: Context) -> Iterator[Hit]:
    """Extensions without a version: one hit for a list."""
    for names, origin in editor.extensions(effective):
        wanted = [name for name in names if not name.startswith("-")]  # "-ID" takes one away
        loose = [name for name in wanted if not _EXTENSION.fullmatch(name)]
        if loose:
            first = ", ".join(loose[:3]) + (" …" if len(loose) > 3 else "")  # noqa: PLR2004
            message = f"without a version: {first} ({len(loose)} of {len(wanted)} extensions)"
            yield Hit(f"{message}{base.brought_by(origin)}", origin)


@rule("DC510")
def cache(effective: Effective, _: Context) -> Iterator[Hit]:
    """build.cacheFrom, and DevPod's prebuilt images."""
    for one in effective.build.cache_from if effective.build else ():
        if not _DIGEST.search(one.value) and not one.value.startswith("type=local"):
            yield Hit(f"layers are taken from {one.value}", one.origin)
    for custom in effective.customizations:
        found = custom.node.get("prebuildRepository") if custom.tool == "devpod" else None
        if found:
            origin = custom.origin.below("prebuildRepository", place=found.place)
            yield Hit(f"the image is taken from {found.value} where it has one", origin)


@rule("DC514")
def unseen_feature(effective: Effective, _: Context) -> Iterator[Hit]:
    """Features that nobody could look at."""
    for one in effective.unknown_layers:
        if one.layer == "feature":
            yield Hit(f"what {one.name} brings was not checked: {one.why}", one.origin)


@rule("DC515")
def unseen_image(effective: Effective, _: Context) -> Iterator[Hit]:
    """Images, and Dockerfiles of images, that nobody could look at."""
    for one in effective.unknown_layers:
        if one.layer in ("label", "image"):
            yield Hit(f"the label of {one.name} was not checked: {one.why}", one.origin)
        elif one.layer == "dockerfile":
            yield Hit(f"the Dockerfile {one.name} was not checked: {one.why}", one.origin, "medium", _READ)
