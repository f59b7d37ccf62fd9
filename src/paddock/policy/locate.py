"""On which line a key or a list's entry of a TOML document stands; `tomllib` does not say.

It runs before `tomllib` and follows the same grammar (TOML 1.0), but only to find places: it is lenient, and
of a document that is not TOML it returns what it saw before the first error. It takes linear time and no
recursion, and refuses depths at which `tomllib` would need quadratic time or run out of stack.
"""

from __future__ import annotations

from bisect import bisect_right
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    Place = tuple[str | int, ...]

DEEPEST = 16  # parts of a key, and levels of nesting; a policy needs five
_BLANK = " \t\r\n"
_BARE_KEY = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b", '"': '"', "\\": "\\"}
_HEX = {"u": 4, "U": 8, "x": 2}


class TooDeep(ValueError):
    """Nested more deeply than any policy is."""

    def __init__(self, line: int) -> None:
        super().__init__(f"nested more than {DEEPEST} levels deep")
        self.line = line


class _Lost(Exception):
    """A signal: this is not TOML from here on."""


def locate(text: str) -> dict[Place, int]:
    """The line, from 1, of every section, key and list entry. Raises TooDeep."""
    scan = _Scan(text)
    with suppress(_Lost, IndexError):  # tomllib says it better
        scan.document()
    return scan.lines


class _Scan:
    """One pass over a text. `at` is the offset of the next character."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Place, int] = {}
        self.tables: dict[Place, int] = {}  # how many entries an array of tables has so far
        self.ends = [offset for offset, character in enumerate(text) if character == "\n"]

    def line(self) -> int:
        return bisect_right(self.ends, self.at - 1) + 1 if self.at else 1

    def note(self, start: Place, place: Place, line: int) -> None:
        """Remember the line of a place and of the tables that a dotted key makes on the way to it."""
        for length in range(len(start) + 1, len(place) + 1):
            self.lines.setdefault(place[:length], line)

    def document(self) -> None:
        section: Place = ()
        while self.blanks():
            line = self.line()
            if self.text[self.at] == "[":
                section = self.header(line)
            else:
                place = (*section, *self.key())
                self.note(section, place, line)
                self.expect("=")
                self.value(place)

    def blanks(self) -> bool:
        """Skip blanks, ends of lines and comments; whether anything is left."""
        text, length = self.text, len(self.text)
        while self.at < length:
            character = text[self.at]
            if character == "#":
                end = text.find("\n", self.at)
                self.at = length if end < 0 else end
            elif character in _BLANK:
                self.at += 1
            else:
                return True
        return False

    def spaces(self) -> None:
        while self.text[self.at] in " \t":
            self.at += 1

    def expect(self, character: str) -> None:
        self.spaces()
        if self.text[self.at] != character:
            raise _Lost
        self.at += 1
        self.spaces()

    def header(self, line: int) -> Place:
        """`[a.b]` or `[[a.b]]`; parts that are arrays of tables mean their last entry."""
        several = self.text.startswith("[[", self.at)
        self.at += 2 if several else 1
        self.spaces()
        place: Place = ()
        parts = self.key()
        for number, part in enumerate(parts):
            place = (*place, part)
            self.lines.setdefault(place, line)
            if place in self.tables and not (several and number == len(parts) - 1):
                place = (*place, self.tables[place] - 1)
        if several:
            index = self.tables.get(place, 0)
            self.tables[place] = index + 1
            place = (*place, index)
            self.lines[place] = line
        self.expect_closing("]]" if several else "]")
        return place

    def expect_closing(self, closing: str) -> None:
        self.spaces()
        if not self.text.startswith(closing, self.at):
            raise _Lost
        self.at += len(closing)

    def key(self) -> Place:
        """A key of one or several parts with dots between."""
        parts: list[str] = []
        while True:
            if len(parts) == DEEPEST:
                raise TooDeep(self.line())
            parts.append(self.key_part())
            after = self.at
            while self.text[after] in " \t":
                after += 1
            if self.text[after] != ".":
                return tuple(parts)
            self.at = after + 1
            self.spaces()

    def key_part(self) -> str:
        start = self.at
        if self.text[start] in "\"'":
            self.string()
            return _unescaped(self.text[start + 1 : self.at - 1], self.text[start])
        while self.text[self.at] in _BARE_KEY:
            self.at += 1
        if self.at == start:
            raise _Lost
        return self.text[start : self.at]

    def value(self, place: Place) -> None:
        """One value with all that it holds."""
        stack: list[tuple[Place, list[int] | None]] = []  # a container, and its next index if it is an array
        current: Place | None = place
        while current is not None:
            opening = self.text[self.at]
            if opening in "[{":
                if len(stack) == DEEPEST:
                    raise TooDeep(self.line())
                stack.append((current, [0] if opening == "[" else None))
                self.at += 1
            else:
                self.plain()
            current = self.next_in(stack)

    def next_in(self, stack: list[tuple[Place, list[int] | None]]) -> Place | None:
        """The place of the next value in the innermost open container; None when all are closed."""
        while stack:
            self.blanks()
            if self.text[self.at] == ",":
                self.at += 1
                self.blanks()
            if self.text[self.at] in "]}":
                self.at += 1
                stack.pop()
                continue
            container, index = stack[-1]
            line = self.line()
            if index is None:
                place = (*container, *self.key())
                self.expect("=")
            else:
                place = (*container, index[0])
                index[0] += 1
            self.note(container, place, line)
            return place
        return None

    def plain(self) -> None:
        """A string, or anything else that ends at a comma, a bracket or the end of its line."""
        if self.text[self.at] in "\"'":
            self.string()
            return
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in ",]}#\n":
            self.at += 1
        if self.at == start:
            raise _Lost

    def string(self) -> None:
        quote = self.text[self.at]
        long = self.text.startswith(quote * 3, self.at)
        closing = quote * 3 if long else quote
        self.at += len(closing)
        self.at = self._end_of_string(closing, escapes=quote == '"') + len(closing)
        for _ in range(2 if long else 0):  # a long string may end in one or two quotes of its own
            if self.text.startswith(quote, self.at):
                self.at += 1

    def _end_of_string(self, closing: str, *, escapes: bool) -> int:
        end = self.text.find(closing, self.at)
        while end >= 0:
            escape = self.text.find("\\", self.at, end) if escapes else -1
            if escape < 0:
                return end
            self.at = escape + 2
            if self.at > end:
                end = self.text.find(closing, self.at)
        raise _Lost


def _unescaped(text: str, quote: str) -> str:
    if quote == "'" or "\\" not in text:
        return text
    done: list[str] = []
    at = 0
    while at < len(text):
        if text[at] != "\\":
            done.append(text[at])
            at += 1
            continue
        kind = text[at + 1]
        digits = _HEX.get(kind, 0)
        try:
            done.append(chr(int(text[at + 2 : at + 2 + digits], 16)) if digits else _ESCAPES[kind])
        except (KeyError, ValueError, OverflowError):
            raise _Lost from None
        at += 2 + digits
    return "".join(done)
