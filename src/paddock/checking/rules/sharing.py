"""DC107 to DC109: what else is shared with the host or with other projects."""

from __future__ import annotations

import posixpath

from paddock.checking.facts import mounts
from paddock.checking.findings import Hit
from paddock.checking.rule import rule
from paddock.checking.rules.mounts import hit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.checking.context import Context
    from paddock.checking.facts.mounts import Mounted
    from paddock.devcontainer.model import Effective, Mount

_ID = "${devcontainerId}"


@rule("DC107")
def outside(effective: Effective, _: Context) -> Iterator[Hit]:
    """A path that is not in the repository."""
    for one in mounts.binds(effective):
        inside = one.path.base in ("workspace", "relative") and not one.path.above
        inside = inside or _protects(one, effective.workspace_mount)
        if not inside and "harmless" not in one.kinds and not one.disguised:
            is_workspace = one.mount is effective.workspace_mount
            what = "the workspace is not the repository alone" if is_workspace else "not in the repository"
            yield hit(one, what, effective)


def _protects(one: Mounted, own: Mount | None) -> bool:
    """Whether it makes a part of the workspace read-only, wherever that is: the whole of it is told already."""
    if own is None or own.kind != "bind" or one.mount is own or one.writable:
        return False
    return mounts.is_within(posixpath.normpath(one.mount.source), posixpath.normpath(own.source))


@rule("DC108")
def writable(effective: Effective, _: Context) -> Iterator[Hit]:
    """A bind that is not read-only."""
    for one in mounts.binds(effective):
        if one.mount is effective.workspace_mount:
            continue  # that work reaches the host is what it is for
        if one.writable and not one.mount.asked_read_only and "harmless" not in one.kinds:
            inside = one.path.base == "workspace" and not one.path.above
            yield hit(one, "changes reach the host at once", effective, severity="low" if inside else "medium")


@rule("DC109")
def shared(effective: Effective, _: Context) -> Iterator[Hit]:
    """A cache that other projects run or believe."""
    for one in mounts.binds(effective):
        if "cache" in one.kinds and one.writable and "home" not in one.kinds:
            yield hit(one, "a cache of the person's", effective)
    for volume in mounts.volumes(effective):
        if not volume.read_only and _is_shared(volume, effective):
            yield Hit(f"the volume {volume.source} is the same one for every project that names it", volume.origin)


def _is_shared(volume: Mount, effective: Effective) -> bool:
    """With compose, the project's name comes before each volume's, those of devcontainer.json and Features included.

    (devcontainers/cli: the generated file declares them.) A volume keeps its name where it is external, or named.
    """
    if effective.kind == "compose":
        return any(name == "name" and "$" not in fixed for name, fixed in volume.options)
    return _ID not in volume.raw
