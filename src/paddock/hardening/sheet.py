"""A JSON file with comments as values: each member and item with the comments that stand above or beside it.

Reading and writing come to a fixed point: what was written is read as the same value, comments included, so that a
file in which nothing is to be changed is written byte for byte as it was.
"""

from __future__ import annotations

from paddock.checking.layout import as_json
from paddock.frozen import frozen
from paddock.reporting.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Literal, TypeAlias

    from paddock.devcontainer.document import Comment, Document, Node

    Scalar: TypeAlias = str | int | float | bool | None
    Value: TypeAlias = "Scalar | Body"

_UNIT = "  "
_WIDEST = 120  # columns; a longer list gets a line for each item


@frozen
class Part:
    """A member (with a key) or an item of a list (without), and the comments about it, with their marks."""

    value: Value
    key: str | None = None
    remarks: tuple[str, ...] = ()


@frozen
class Body:
    """An object or a list. `after` are the comments behind its last part."""

    kind: Literal["object", "array"]
    parts: tuple[Part, ...] = ()
    after: tuple[str, ...] = ()

    def get(self, key: str) -> Value:
        """The value of a member; None where there is none."""
        return next((one.value for one in self.parts if one.key == key), None)


@frozen
class Sheet:
    """A whole file: `head` are the comments before its value, `tail` those behind it."""

    root: Body
    head: tuple[str, ...] = ()
    tail: tuple[str, ...] = ()


def read(document: Document) -> Sheet:
    """The sheet of a document, whose root is an object. Of members with one key the last value counts."""
    root, comments = document.root, document.comments
    head = [one for one in comments if one.place.offset < root.place.offset]
    tail = [one for one in comments if one.place.offset >= root.place.end]
    inside = [one for one in comments if root.place.offset <= one.place.offset < root.place.end]
    return Sheet(_Reader(document.text).body(root, inside), _texts(head), _texts(tail))


def of_data(value: object) -> Value:
    """Plain dicts, lists and scalars as a value without comments."""
    if isinstance(value, dict):
        return Body("object", tuple(Part(of_data(one), key) for key, one in value.items()))
    if isinstance(value, list | tuple):
        return Body("array", tuple(Part(of_data(one)) for one in value))
    assert value is None or isinstance(value, str | int | float | bool)  # noqa: S101 - nothing else is in JSON
    return value


class _Reader:
    """Gives every comment to the part that it is about."""

    def __init__(self, text: str) -> None:
        self.text = text

    def body(self, node: Node, comments: Sequence[Comment]) -> Body:
        spans: list[tuple[int, Node, str | None]] = []
        spans += [(one.key_place.offset, one.node, one.key) for one in node.members]
        spans += [(one.place.offset, one, None) for one in node.items]
        left = list(comments)
        found: dict[object, Part] = {}
        stops = [*(start for start, _, _ in spans), node.place.end][1:]
        for number, ((_, value, key), stop) in enumerate(zip(spans, stops, strict=True)):
            end = value.place.end
            mine = [one for one in left if one.place.offset < end or self._beside(end, one, stop)]
            left = left[len(mine) :]
            kept = [one for one in mine if value.place.offset <= one.place.offset < end]
            about = [one for one in mine if one not in kept]
            inner = self.value(value, kept)
            name: object = number if key is None else key
            found[name] = Part(inner, key, _texts(about))  # the first one's position, the last one's value
        return Body("object" if node.kind == "object" else "array", tuple(found.values()), _texts(left))

    def value(self, node: Node, comments: Sequence[Comment]) -> Value:
        if node.kind in ("object", "array"):
            return self.body(node, comments)
        return node.value

    def _beside(self, end: int, comment: Comment, stop: int) -> bool:
        """Whether a comment stands behind a part on its line, before the next one begins at `stop`."""
        between = self.text[end : comment.place.offset]
        return comment.place.offset < stop and "\n" not in between and "\r" not in between


def _texts(comments: Iterable[Comment]) -> tuple[str, ...]:
    return tuple(_shown(one.text) for one in comments)


def _shown(text: str) -> str:
    """A comment without what hides other text in an editor; lines and tabs stay what they are."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(visible(line.replace("\t", "    ")).rstrip() for line in lines)


def written(sheet: Sheet) -> str:
    """The text of a sheet, indented by two blanks."""
    lines = [*sheet.head, _value(sheet.root, "", 0), *sheet.tail]
    return "\n".join(lines) + "\n"


def _value(value: Value, indent: str, used: int) -> str:
    if not isinstance(value, Body):
        return as_json(value)
    opening, closing = "{}" if value.kind == "object" else "[]"
    if not value.parts and not value.after:
        return opening + closing
    line = _line(value)
    if line is not None and len(indent) + used + len(line) <= _WIDEST:
        return line
    deeper = indent + _UNIT
    lines: list[str] = []
    for number, part in enumerate(value.parts):
        lead = "" if part.key is None else f"{as_json(part.key)}: "
        lines += [f"{deeper}{remark}" for remark in part.remarks]
        comma = "," if number < len(value.parts) - 1 else ""
        lines.append(f"{deeper}{lead}{_value(part.value, deeper, len(lead))}{comma}")
    lines += [f"{deeper}{remark}" for remark in value.after]
    return "\n".join((opening, *lines, indent + closing))


def _line(body: Body) -> str | None:
    """A short list on one line; None for what needs several."""
    plain = all(not part.remarks and not isinstance(part.value, Body) for part in body.parts)
    if body.kind == "object" or body.after or not plain:
        return None
    return f"[{', '.join(as_json(part.value) for part in body.parts)}]"
