"""Where a finding is shown: in a file of the repository, also when an image or a Feature brings what is found."""

from __future__ import annotations

from paddock.devcontainer.document import Place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from paddock.checking.files import File
    from paddock.devcontainer.document import Node
    from paddock.devcontainer.source import Source

# The keys that bring in a layer. `dockerFile` and `context` at the top are the older form of `build`.
_BRINGING = {
    "label": ("image", "build", "dockerFile", "dockerComposeFile"),
    "image": ("image", "build", "dockerFile", "dockerComposeFile"),
    "dockerfile": ("build", "dockerFile"),
    "compose": ("dockerComposeFile",),
    "feature": ("features",),
}


def anchor(source: Source, configuration: File, files: Mapping[str, File]) -> Place:
    """The place of `source` if its file is at hand, else of what brings its layer in, else where the file begins."""
    if source.place and source.place.file in files:
        return source.place
    root = configuration.document.root if configuration.document else None
    bringing = root and _bringing(source, root)
    if bringing:
        return bringing
    if root:
        return Place(root.place.file, root.place.line, root.place.column, root.place.offset, root.place.offset + 1)
    return Place(configuration.name, 1, 1, 0, 0)


def _bringing(source: Source, root: Node) -> Place | None:
    if source.layer == "feature":
        features = root.get("features")
        used = features and features.member(source.name)
        if used:
            return used.key_place
    found = [root.member(key) for key in _BRINGING.get(source.layer, ())]
    return next((one.key_place for one in found if one), None)
