"""A JSON file with comments, as a tree that knows where each part stands in the text.

Offsets, columns and ends count characters (code points), not bytes: `text[place.offset : place.end]` is the
very text of a value, which is what an edit replaces and an excerpt shows.
"""

from __future__ import annotations

from functools import cached_property

from paddock.errors import PaddockError
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Literal

    Kind = Literal["object", "array", "string", "number", "boolean", "null"]


@frozen
class Place:
    """Where something stands: `line` and `column` count from 1, `offset` and `end` from 0, `end` is past the last.

    A byte order mark is part of the text, and so of offsets, but not of columns: editors do not show it.
    """

    file: str
    line: int
    column: int
    offset: int
    end: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@frozen
class Node:
    """One value. `value` is that of a string, number, boolean or null; objects have `members`, arrays `items`."""

    kind: Kind
    value: str | int | float | bool | None
    place: Place
    members: tuple[Member, ...] = ()
    items: tuple[Node, ...] = ()

    def member(self, key: str) -> Member | None:
        """The member that counts: of several with one key, the last, as in every JSON parser in use."""
        return self._by_key.get(key)

    def get(self, key: str) -> Node | None:
        """The value of the member that counts."""
        found = self.member(key)
        return found.node if found else None

    def counting(self) -> tuple[Member, ...]:
        """The members that count, each key once: the first one's position, the last one's value, as parsers do."""
        return tuple(self._by_key.values())

    @cached_property
    def _by_key(self) -> Mapping[str, Member]:
        return {one.key: one for one in self.members}

    def at(self, *path: str | int) -> Node | None:
        """The node at a path such as `("mounts", 2, "source")`, None where there is none."""
        node: Node | None = self
        for step in path:
            if node is None:
                return None
            if isinstance(step, str):
                node = node.get(step)
            else:
                node = node.items[step] if 0 <= step < len(node.items) else None
        return node

    def data(self) -> Any:
        """The value as plain dicts, lists and scalars."""
        if self.kind == "object":
            return {one.key: one.node.data() for one in self.members}
        if self.kind == "array":
            return [one.data() for one in self.items]
        return self.value


@frozen
class Member:
    """One `"key": value` of an object. `key_place` is that of the key with its quotes."""

    key: str
    key_place: Place
    node: Node


@frozen
class Flaw:
    """What is wrong with a text or a value that could be read all the same.

    Codes of texts: `byte-order-mark`, `trailing-comma`, `duplicate-key`, `control-character`, `nul-character`,
    `lone-surrogate`. Codes of values: see `properties`.
    """

    code: str
    message: str
    place: Place


@frozen
class Comment:
    """A comment with its marks, `// …` or `/* … */`."""

    text: str
    place: Place


@frozen
class Document:
    """A file that was read: its text as it stands, its tree, and what was accepted although it is not right.

    `file` is the path as it is shown to people, relative where that is shorter.
    """

    file: str
    text: str
    root: Node
    flaws: tuple[Flaw, ...] = ()
    comments: tuple[Comment, ...] = ()


class Broken(PaddockError):
    """A text that cannot be read. `place` is where reading stopped."""

    code = "broken-text"

    def __init__(self, message: str, place: Place, text: str) -> None:
        """`message` says what is wrong in words that follow the place; the excerpt is made from `text`."""
        super().__init__(
            f"{place}: {message}", why=excerpt(text, place), next_step=f"correct line {place.line} of {place.file}"
        )
        self.message = message
        self.place = place


_AROUND = 60  # characters of a long line on each side: generated files have lines of any length


def excerpt(text: str, place: Place) -> str:
    """The line of a place, cut to what is near, and below it a caret at the column. Without control characters."""
    begin = text.rfind("\n", 0, place.offset) + 1
    end = text.find("\n", place.offset)
    end = len(text) if end < 0 else end
    left, right = max(begin, place.offset - _AROUND), min(end, place.offset + _AROUND)
    line = ("…" if left > begin else "") + _visible(text[left:right]) + ("…" if right < end else "")
    caret = place.offset - left + (1 if left > begin else 0)
    return f"{line}\n{' ' * caret}^"


def _visible(text: str) -> str:
    """One column for each character, so that the caret stands below the right one."""
    return "".join(one if one.isprintable() else " " if one in "\t\r" else "\N{REPLACEMENT CHARACTER}" for one in text)
