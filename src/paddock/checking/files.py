"""The files that are checked, as they were read."""

from __future__ import annotations

from functools import cached_property

from paddock.checking.editing import Editor
from paddock.devcontainer.lines import Lines, lines_of
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from paddock.checking.comments import Comment
    from paddock.devcontainer.document import Document


@frozen
class File:
    """One file. `name` is what reports call it, relative to the repository; `document` is None if it is no JSON.

    `writable`: it lies in the repository and is text that comes out of UTF-8 as it went in.
    """

    name: str
    kind: Literal["json", "compose", "dockerfile"]
    raw: bytes
    text: str
    document: Document | None = None

    @property
    def writable(self) -> bool:
        """Whether a fix may change it."""
        return not self.name.startswith(("../", "/")) and self.text.encode("utf-8", "surrogatepass") == self.raw

    @cached_property
    def editor(self) -> Editor:
        """What makes changes of its text from edits."""
        return Editor(self.document)

    @cached_property
    def lines(self) -> Lines:
        """Where its lines begin."""
        return lines_of(self.name, self.text)

    def comments(self) -> tuple[Comment, ...]:
        """Its comments, and the lines that they are about."""
        from paddock.checking import comments

        if self.kind == "json":
            return comments.of_json(self.name, self.document) if self.document else ()
        return (comments.of_yaml if self.kind == "compose" else comments.of_dockerfile)(self.name, self.text)

    def reads(self, text: str) -> bool:
        """Whether `text` would be read in its place."""
        from paddock.devcontainer import jsonc
        from paddock.devcontainer.document import Broken

        try:
            return not self.document or bool(jsonc.parse(self.name, text))
        except Broken:
            return False
