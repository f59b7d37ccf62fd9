"""How a JSON file with comments is laid out: where its commas are, how deep it indents, which line ends it has.

Offsets are those of `devcontainer.document`: code points of the text.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from paddock.devcontainer.lines import lines_of
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from paddock.devcontainer.document import Document, Node

_BLANK = " \t"
_COMMENT = re.compile(r"//[^\n\r]*|/\*.*?\*/", re.DOTALL)  # as in `devcontainer.jsonc`
_WIDEST = 100  # columns; a longer list gets a line for each item


@frozen
class Part:
    """A member or item: its text, and the comma after it if there is one."""

    start: int
    end: int
    comma: int | None


class Layout:
    """The layout of one document."""

    def __init__(self, document: Document) -> None:
        self.text = document.text
        self._line_end = "\r\n" if "\r\n" in self.text else "\n"
        self._line_starts = lines_of(document.file, self.text).starts
        self._blanks: dict[int, int] = {}  # by the beginning of a line, where its blanks end
        self._parts: dict[int, list[Part]] = {}
        self._numbers: dict[int, dict[str, list[int]]] = {}
        root = document.root
        first = self.parts(root)[:1] if root.kind in ("object", "array") else []
        lead = self._lead(first[0].start) if first else None
        outer = self._lead(root.place.offset) or ""
        self._unit = (lead.removeprefix(outer) if lead else "") or "  "

    def parts(self, node: Node) -> list[Part]:
        """The members or items, in the order of the text."""
        if node.place.offset not in self._parts:
            self._parts[node.place.offset] = self._found(node)
        return self._parts[node.place.offset]

    def numbers(self, node: Node, key: str) -> list[int]:
        """Which members have a key, by their order in the text."""
        if node.place.offset not in self._numbers:
            found = self._numbers[node.place.offset] = {}
            for number, one in enumerate(node.members):
                found.setdefault(one.key, []).append(number)
        return self._numbers[node.place.offset].get(key, [])

    def _found(self, node: Node) -> list[Part]:
        spans = [(one.key_place.offset, one.node.place.end) for one in node.members]
        spans += [(one.place.offset, one.place.end) for one in node.items]
        stops = [*(start for start, _ in spans), node.place.end - 1][1:]
        return [Part(start, end, self._comma(end, stop)) for (start, end), stop in zip(spans, stops, strict=True)]

    def removal(self, part: Part) -> list[tuple[int, int]]:
        """What goes with a part: its comma, and its line with the comment at the end, when nothing else is on it."""
        start, end, apart = part.start, part.end, []
        if part.comma is not None and not self.text[end : part.comma].strip(_BLANK):
            end = part.comma + 1
        elif part.comma is not None:  # a comment or a line end stands between
            apart = [(part.comma, part.comma + 1)]
        line = self._to_line_end(end)
        lead = self._lead(start)
        if lead is not None and line is not None:
            return [(self._end_of_line_before(start - len(lead)), line), *apart]
        after = self._skip_blank(end)
        if self.text[after : after + 1] in ("]", "}", "\r", "\n"):
            while self.text[start - 1] in _BLANK:
                start -= 1
        else:
            end = after
        return [(start, end), *apart]

    def comma(self, at: int) -> tuple[int, int]:
        """What goes with a comma that has nothing left to part."""
        after = self._skip_blank(at + 1)
        return at, at + 1 if self.text[after : after + 1] in ("\r", "\n", "/") else after

    def after(self, part: Part, node: Node, texts: Sequence[str], *, trailing: bool) -> tuple[int, str]:
        """Where and what is written for new ones after the last part; the comma after that part is not in it."""
        at = part.end if part.comma is None else part.comma + 1
        indent, line = self._indent(node), self._to_line_end(at)
        if indent is None or line is None:
            return at, self._joined(texts, " ", trailing=trailing)
        return line, self._joined(texts, f"{self._line_end}{indent}", trailing=trailing)

    def into_empty(self, node: Node, texts: Sequence[str], *, trailing: bool) -> tuple[int, str]:
        """Where and what is written where nothing is left before it."""
        close = node.place.end - 1
        lead, indent = self._lead(close), self._indent(node)
        if lead is None or indent is None:
            text = self._joined(texts, " ", trailing=trailing).removeprefix(" ")
            return close, f"{text} " if self.text[close - 1] in _BLANK else text
        at = self._end_of_line_before(close - len(lead))
        return at, self._joined(texts, f"{self._line_end}{indent}", trailing=trailing)

    def member(self, key: str, value: Any, node: Node) -> str:
        """A new member of `node`."""
        return f"{as_json(key)}: {self._value(value, self._indent(node), len(key) + 4)}"

    def item(self, value: Any, node: Node) -> str:
        """A new item of `node`."""
        return self._value(value, self._indent(node), 0)

    def value(self, value: Any, node: Node) -> str:
        """What is written in place of `node`."""
        start, blanks = self._line(node.place.offset)
        return self._value(value, self.text[start:blanks], node.place.offset - start)

    def _value(self, value: Any, indent: str | None, used: int) -> str:
        if not isinstance(value, list | dict) or not value:
            return as_json(value)
        line = as_json(value)
        nested = isinstance(value, dict) or any(isinstance(one, list | dict) for one in value)
        if indent is None or (not nested and len(indent) + used + len(line) <= _WIDEST):
            return line
        deeper = indent + self._unit
        texts = (
            [f"{as_json(key)}: {self._value(one, deeper, len(key) + 4)}" for key, one in value.items()]
            if isinstance(value, dict)
            else [self._value(one, deeper, 0) for one in value]
        )
        inner = self._joined(texts, f"{self._line_end}{deeper}", trailing=False)
        opening, closing = "{}" if isinstance(value, dict) else "[]"
        return f"{opening}{inner}{self._line_end}{indent}{closing}"

    def _joined(self, texts: Sequence[str], lead: str, *, trailing: bool) -> str:
        return ",".join(f"{lead}{text}" for text in texts) + ("," if trailing else "")

    def _indent(self, node: Node) -> str | None:
        """The indentation of its parts; None where they share a line."""
        parts = self.parts(node)
        if parts:
            return self._lead(parts[0].start)
        lead = self._lead(node.place.end - 1)
        return None if lead is None else lead + self._unit

    def _lead(self, at: int) -> str | None:
        """The blanks between the line's beginning and `at`; None where something else is there."""
        start, blanks = self._line(at)
        return self.text[start:at] if start and at <= blanks else None

    def _line(self, at: int) -> tuple[int, int]:
        """Where the line of `at` begins, and where the blanks that it begins with end."""
        start = self._line_starts[bisect_right(self._line_starts, at) - 1]
        if start not in self._blanks:
            self._blanks[start] = self._skip_blank(start)
        return start, self._blanks[start]

    def _end_of_line_before(self, line_start: int) -> int:
        return line_start - (2 if self.text[line_start - 2 : line_start] == "\r\n" else 1)

    def _skip_blank(self, at: int) -> int:
        while at < len(self.text) and self.text[at] in _BLANK:
            at += 1
        return at

    def _to_line_end(self, at: int) -> int | None:
        """The end of the line, where only blanks and comments are before it."""
        while True:
            at = self._skip_blank(at)
            if at >= len(self.text) or self.text[at] in "\r\n":
                return at
            end = _comment(self.text, at)
            if end is None or "\n" in self.text[at:end] or "\r" in self.text[at:end]:
                return None
            at = end

    def _comma(self, at: int, stop: int) -> int | None:
        while at < stop:
            if self.text[at] == ",":
                return at
            at = _comment(self.text, at) or at + 1
        return None


def _comment(text: str, at: int) -> int | None:
    """The end of the comment that begins at `at`; that of `//` does not take in the line's end."""
    match = _COMMENT.match(text, at)
    return match.end() if match else None


def as_json(value: Any) -> str:
    """A value as JSON on one line; what does not print is escaped."""
    import json

    plain = json.dumps(value, ensure_ascii=False)
    return plain if plain.isprintable() else json.dumps(value)
