"""Where a value of a dev container comes from, in places and in words."""

from __future__ import annotations

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from paddock.devcontainer.document import Place

    Layer = Literal["label", "feature", "file", "override", "compose", "dockerfile", "image", "default"]
    Path = tuple[str | int, ...]


@frozen
class Source:
    """Who says a value: the layer, which one of its kind, the path in it, and the place where that is a text at
    hand.

    `name` is the file as shown, the Feature's reference, the image or the compose service. A label is parsed like a
    file, so its values have places too, in a file called `label of IMAGE`.
    """

    layer: Layer
    name: str
    path: Path = ()
    place: Place | None = None

    @property
    def key(self) -> str:
        """The path as people write it: `mounts[2].source`."""
        shown = ""
        for step in self.path:
            shown += f"[{step}]" if isinstance(step, int) else f".{step}" if shown else step
        return shown

    @property
    def where(self) -> str:
        """`file:line:column`, or in words what has no place."""
        if self.place:
            return str(self.place)
        if self.layer == "default":
            return self.name or "default"
        return f"{self.layer} {self.name}".rstrip()

    def below(self, *steps: str | int, place: Place | None = None) -> Source:
        """The same source, further down its path."""
        return Source(self.layer, self.name, (*self.path, *steps), place or self.place)
