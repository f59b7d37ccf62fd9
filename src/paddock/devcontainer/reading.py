"""From the place of a devcontainer.json to its configuration: the one way in which the file itself is read."""

from __future__ import annotations

import os

from paddock.devcontainer import jsonc, properties, workspace
from paddock.devcontainer.files import Files
from paddock.devcontainer.substitution import Context, id_labels, substitute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from paddock.devcontainer.document import Document
    from paddock.devcontainer.finding import Found
    from paddock.devcontainer.model import Configuration, Layer


def read(found: Found, *, environment: Mapping[str, str] | None = None, with_id: bool = False) -> Configuration:
    """The configuration as it is written, with what is known of its variables.

    Without `environment`, what asks for the host's variables stays as it is; so does `${devcontainerId}` unless
    `with_id`. Raises Broken, and Unread where the file is none, too large, or led out of the repository by a link.
    """
    document = load(found)
    known = context(found, document, environment=environment, with_id=with_id)
    layer: Layer = "override" if found.overridden else "file"
    return properties.read(document, layer, document.file, substitute=lambda text: substitute(text, known))


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
