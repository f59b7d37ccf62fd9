"""One mapping of a compose project's tree, with who says it, and its values in the types that are asked for."""

from __future__ import annotations

import posixpath

from paddock.devcontainer.compose_merging import scalar
from paddock.devcontainer.model import Switch, Text
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from paddock.devcontainer.document import Node
    from paddock.devcontainer.source import Source

TRUE = frozenset({"true", "yes", "on", "1", "y", "t"})  # what Compose's schema takes for a yes


@frozen
class Part:
    """A mapping. `folders` has by file what its paths start from, `written` the texts before their variables."""

    node: Node
    origin: Source
    folders: Mapping[str, str]
    written: Mapping[tuple[str, int], str]

    def below(self, *steps: str | int) -> Part:
        """What stands at a path, or this mapping itself where nothing does."""
        node = self.node.at(*steps) or self.node
        return Part(node, self.origin.below(*steps, place=node.place), self.folders, self.written)

    def items(self, key: str) -> tuple[Part, ...]:
        """The items of a list."""
        node = self.node.get(key)
        return tuple(self.below(key, number) for number in range(len(node.items) if node else 0))

    def plain(self, key: str) -> str:
        """A scalar, empty where there is none."""
        return scalar(self.node.get(key)) or ""

    def text(self, key: str) -> Text | None:
        """A scalar with its origin."""
        node = self.node.get(key)
        value = scalar(node)
        if node is None or value is None:
            return None
        return Text(value, self.origin.below(key, place=node.place), self.raw(node))

    def texts(self, key: str) -> tuple[Text, ...]:
        """The scalars of a list, or the one that stands in its place."""
        node = self.node.get(key)
        if node is None:
            return ()
        if node.kind != "array":
            one = self.text(key)
            return (one,) if one else ()
        return tuple(
            Text(value, self.origin.below(key, number, place=item.place), self.raw(item))
            for number, item in enumerate(node.items)
            if (value := scalar(item)) is not None
        )

    def switch(self, key: str) -> Switch | None:
        """Yes or no."""
        text = self.text(key)
        return Switch(text.value.lower() in TRUE, text.origin) if text else None

    def raw(self, node: Node) -> str:
        """A text as it is written."""
        return self.written.get((node.place.file, node.place.offset), scalar(node) or "")

    def path(self, path: str, node: Node) -> str:
        """A path of the host that `node` says: absolute, if it is not the person's own (`~`, `${HOME}`)."""
        if not path or path.startswith(("/", "~", "$", "\\\\", "git@")) or path[1:2] == ":" or "://" in path:
            return path
        return posixpath.normpath(posixpath.join(self.folders.get(node.place.file, "/"), path))
