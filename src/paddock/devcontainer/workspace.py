"""Where the repository is in the container: the mount and the folder that the reference CLI makes of a file.

With compose there is no mount. Else, without `workspaceMount`, the git root is mounted at `/workspaces/NAME`, so that
opening one folder of a repository shows all of it; `""` mounts nothing.
"""

from __future__ import annotations

import os
import posixpath

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.devcontainer.document import Node

_PLACE = "/workspaces"


@frozen
class Workspace:
    """`mount` is in the syntax of `--mount`, None where nothing is mounted. Variables in both are as written."""

    folder: str
    mount: str | None


def of(node: Node, folder: str, repository: str) -> Workspace:
    """The workspace of a file's object. `folder` is opened, `repository` its git root; both are absolute."""
    said = node.get("workspaceFolder")
    inside = str(said.value) if said and said.kind == "string" else ""
    if node.get("dockerComposeFile"):
        return Workspace(inside or "/", None)
    mount = node.get("workspaceMount")
    target = posixpath.join(_PLACE, os.path.basename(repository))
    if not inside:
        inside = posixpath.normpath(posixpath.join(target, os.path.relpath(folder, repository)))
    if mount is None:
        return Workspace(inside, f"type=bind,{_quoted('source', repository)},{_quoted('target', target)}")
    return Workspace(inside, str(mount.value) or None if mount.kind == "string" else None)


def _quoted(name: str, value: str) -> str:
    return f'"{name}={value}"' if "," in value else f"{name}={value}"
