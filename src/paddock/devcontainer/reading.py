"""From the place of a devcontainer.json to its configuration: the one way in which the file itself is read."""

from __future__ import annotations

import os

from paddock.devcontainer import jsonc, properties, workspace
from paddock.devcontainer.document import Broken
from paddock.devcontainer.files import Files
from paddock.devcontainer.substitution import Context, id_labels, resolved_folder, substitute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from paddock.devcontainer.document import Document
    from paddock.devcontainer.finding import Found
    from paddock.devcontainer.model import Configuration
    from paddock.devcontainer.source import Layer

_LONGEST_PATH = 4096  # PATH_MAX of Linux
_MOST_GROWN = jsonc.LARGEST


def read(found: Found, *, environment: Mapping[str, str] | None = None, with_id: bool = False) -> Configuration:
    """The configuration as it is written, with what is known of its variables.

    Without `environment`, what asks for the host's variables stays as it is; so does `${devcontainerId}` unless
    `with_id`. Raises Broken, and Unread where the file is none, too large, or led out of the repository by a link.
    """
    document = load(found)
    layer: Layer = "override" if found.overridden else "file"
    known = substituter(found, document, environment=environment, with_id=with_id)
    return properties.read(document, layer, document.file, substitute=known)


def load(found: Found) -> Document:
    """The document. A file that the person named may lie anywhere; one that was found must be in the repository."""
    files = Files(found.repository, found.folder)
    named = os.path.isabs(found.content)
    if named:
        files = Files(os.path.dirname(os.path.realpath(found.content)), found.folder)
    raw = found.instead
    if raw is None:
        raw = files.raw(os.path.realpath(found.content) if named else found.content, jsonc.LARGEST)
    return jsonc.parse(found.content, jsonc.decode(found.content, raw))


def context(
    found: Found, document: Document, *, environment: Mapping[str, str] | None = None, with_id: bool = False
) -> Context:
    """What is known to put in for variables of the file, of image labels and of Features' metadata."""
    return Context(
        local_folder=found.folder,
        container_folder=workspace.of(document.root, found.folder, found.repository).folder,
        environment=environment,
        id_labels=id_labels(found.folder, found.path) if with_id else None,
    )


def substituter(
    found: Found, document: Document, *, environment: Mapping[str, str] | None = None, with_id: bool = False
) -> Callable[[str], str]:
    """What puts these in.

    Raises Broken, also when it is called: a folder of a thousand characters may be asked for ten thousand times.
    """
    known = context(found, document, environment=environment, with_id=with_id)
    if len(known.container_folder or "") > _LONGEST_PATH or len(resolved_folder(known) or "") > _LONGEST_PATH:
        place = (document.root.get("workspaceFolder") or document.root).place
        raise Broken(f"a path has at most {_LONGEST_PATH} characters", place, document.text)
    grown = 0

    def put_in(text: str) -> str:
        nonlocal grown
        result = substitute(text, known)
        grown += max(len(result) - len(text), 0)
        if grown > _MOST_GROWN:
            said = f"with its variables, this has {_MOST_GROWN} characters more than without"
            raise Broken(said, document.root.place, document.text)
        return result

    return put_in
