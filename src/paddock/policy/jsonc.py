"""JSON with comments and trailing commas, as development containers write it, with the line of every entry.

The grammar is RFC 8259 plus what the Dev Container specification allows (`//`, `/* */`, a comma before a
closing bracket). Duplicate names are reported, since readers disagree about which of them counts.
"""

from __future__ import annotations

from bisect import bisect_right

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Place = tuple[str | int, ...]

DEEPEST = 64
_WORDS = {"true": True, "false": False, "null": None}


class NotJson(ValueError):
    """A text that is not JSON, with the line and column of the first error, from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


@frozen
class Document:
    """The data, the line of every place in it, and the places that were written twice."""

    data: object
    lines: Mapping[Place, int]
    repeated: tuple[Place, ...]


def parse(text: str) -> Document:
    """Read a whole text. Raises NotJson."""
    reader = _Reader(text)
    data = reader.value((), 0)
    reader.blanks()
    if reader.at < len(text):
        raise reader.wrong("expected the end of the document")
    return Document(data, reader.lines, tuple(reader.repeated))


class _Reader:
    """Recursive descent; the depth is bounded."""

    def __init__(self, text: str) -> None:
        # The standard library's own scanners, for strings and numbers alone.
        from json import decoder, scanner

        self.scan_string: Callable[[str, int, bool], tuple[str, int]] = decoder.scanstring  # type: ignore[attr-defined]
        self.number = scanner.NUMBER_RE  # both are public but missing in the stubs
        self.text = text
        self.at = 0
        self.lines: dict[Place, int] = {}
        self.repeated: list[Place] = []
        self.ends = [offset for offset, character in enumerate(text) if character == "\n"]

    def wrong(self, message: str, at: int | None = None) -> NotJson:
        at = self.at if at is None else at
        line = bisect_right(self.ends, at - 1) if at else 0
        start = self.ends[line - 1] + 1 if line else 0
        return NotJson(message, line + 1, at - start + 1)

    def line(self) -> int:
        return bisect_right(self.ends, self.at - 1) + 1 if self.at else 1

    def blanks(self) -> None:
        text = self.text
        while self.at < len(text):
            if text[self.at] in " \t\r\n":
                self.at += 1
            elif text.startswith("//", self.at):
                end = text.find("\n", self.at)
                self.at = len(text) if end < 0 else end
            elif text.startswith("/*", self.at):
                end = text.find("*/", self.at + 2)
                if end < 0:
                    raise self.wrong("a comment that does not end")
                self.at = end + 2
            else:
                return

    def peek(self) -> str:
        """The next character that is no blank; nothing at the end."""
        self.blanks()
        return self.text[self.at : self.at + 1]

    def value(self, place: Place, depth: int) -> object:
        opening = self.peek()
        self.lines[place] = self.line()
        if depth > DEEPEST:
            raise self.wrong(f"nested more than {DEEPEST} levels deep")
        if opening == "{":
            return self.table(place, depth)
        if opening == "[":
            return self.array(place, depth)
        return self.string() if opening == '"' else self.plain()

    def table(self, place: Place, depth: int) -> dict[str, object]:
        self.at += 1
        found: dict[str, object] = {}
        while self.peek() != "}":
            line = self.line()
            name = self.string()
            here = (*place, name)
            if name in found:
                self.repeated.append(here)
            if self.peek() != ":":
                raise self.wrong("expected : after a name")
            self.at += 1
            found[name] = self.value(here, depth + 1)
            self.lines[here] = line
            self.comma("}")
        self.at += 1
        return found

    def array(self, place: Place, depth: int) -> list[object]:
        self.at += 1
        found: list[object] = []
        while self.peek() != "]":
            found.append(self.value((*place, len(found)), depth + 1))
            self.comma("]")
        self.at += 1
        return found

    def comma(self, closing: str) -> None:
        after = self.peek()
        if after == ",":
            self.at += 1
        elif after != closing:
            raise self.wrong(f"expected , or {closing}")

    def string(self) -> str:
        if self.peek() != '"':
            raise self.wrong('expected a name in "')
        try:
            text, self.at = self.scan_string(self.text, self.at + 1, True)  # noqa: FBT003 -- strict, by position only
        except ValueError as error:
            at = getattr(error, "pos", self.at)
            raise self.wrong("expected a string that ends on its line", at) from None
        return text

    def plain(self) -> object:
        for word, meaning in _WORDS.items():
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return meaning
        match = self.number.match(self.text, self.at)
        if match is None:
            raise self.wrong("expected a value" if self.at < len(self.text) else "the document ends too early")
        whole, fraction, exponent = match.groups()
        self.at = match.end()
        try:
            return float(whole + (fraction or "") + (exponent or "")) if fraction or exponent else int(whole)
        except ValueError:  # more digits than Python converts (CVE-2020-10735)
            raise self.wrong("a number with too many digits") from None
