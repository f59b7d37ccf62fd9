"""Variables and quotes in a Dockerfile, as BuildKit's `frontend/dockerfile/shell` lexer reads them."""

from __future__ import annotations

import re

from paddock.devcontainer.braces import closings
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SPACE = " \t\v\f\r"
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*|[0-9]+|[@*#]")
_OPERATOR = re.compile(r":?[-+?]")
_DEPTH = 16  # defaults inside of defaults; nobody writes three
_LONGEST = 1 << 12  # a value may name itself twice, and the next one that twice


@frozen
class Expanded:
    """A word with its variables put in. `unknown` are those whose value only the builder knows."""

    text: str
    unknown: tuple[str, ...] = ()


def expand(word: str, values: Mapping[str, str | None], escape: str = "\\") -> Expanded:
    """Put variables into a word and take its quotes off.

    `values` has None for a variable that is there but whose value is not known here (an ARG of the platform). What
    is not in `values` at all is empty, as for the builder. An unknown one stays as it is written.
    """
    lexer = _Lexer(values, escape)
    text = lexer.expand(word)
    return Expanded(text[:_LONGEST], tuple(dict.fromkeys(lexer.unknown)))


def assignments(text: str, words: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Names and values of ENV, LABEL or ARG, values as written. `ENV NAME a b` is the old form of one variable."""
    if words and "=" not in words[0]:
        name, _, rest = text.partition(words[0])[2].lstrip().partition("\n")
        return ((words[0], name + rest),)
    return tuple((one.partition("=")[0], one.partition("=")[2]) for one in words)


def split(text: str, start: int = 0) -> Iterator[tuple[int, int]]:
    """Where the words of a text begin and end, as BuildKit has them: blanks inside of quotes do not part words."""
    position = start
    while position < len(text):
        if text[position] in _SPACE:
            position += 1
            continue
        begin, quote = position, ""
        while position < len(text) and (quote or text[position] not in _SPACE):
            character = text[position]
            if character == "\\" and quote != "'":
                position += 1
            elif quote:
                quote = "" if character == quote else quote
            elif character in "\"'":
                quote = character
            position += 1
        position = min(position, len(text))
        yield begin, position


def balanced(text: str) -> bool:
    """Whether every quote in a text has its end."""
    quote, position = "", 0
    while position < len(text):
        character = text[position]
        if character == "\\" and quote != "'":
            position += 1
        elif quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        position += 1
    return not quote


class _Lexer:
    """One word's variables: what they are, and which of them were not known."""

    def __init__(self, values: Mapping[str, str | None], escape: str) -> None:
        self.values = values
        self.escape = escape
        self.unknown: list[str] = []

    def expand(self, text: str, depth: int = 0) -> str:
        out: list[str] = []
        quote, position, ends = "", 0, closings(text)
        while position < len(text):
            character = text[position]
            if character == self.escape and quote != "'" and position + 1 < len(text):
                following = text[position + 1]
                keeps = quote == '"' and following not in f'"${self.escape}'
                out.append(character + following if keeps else following)
                position += 2
            elif character in "\"'" and quote in ("", character):
                quote = "" if quote else character
                position += 1
            elif character == "$" and quote != "'":
                value, position = self._variable(text, position, ends.get(position, len(text)), depth)
                out.append(value)
            else:
                out.append(character)
                position += 1
        return "".join(out)

    def _variable(self, text: str, start: int, end: int, depth: int) -> tuple[str, int]:
        """The value of the variable at `start`, whose brace is closed at `end`, and the position after it."""
        braced = text.startswith("{", start + 1)
        match = _NAME.match(text, start + (2 if braced else 1))
        if match is None:
            return "$", start + 1
        if not braced:
            return self._value(match[0], text[start : match.end()]), match.end()
        whole, form = text[start : end + 1], text[match.end() : end]
        return self._form(match[0], form, whole, depth) if form else self._value(match[0], whole), end + 1

    def _form(self, name: str, form: str, whole: str, depth: int) -> str:
        """`:-`, `-`, `:+`, `+`, `:?` and `?`. `#`, `%` and `/` cut and replace patterns: not worked out here."""
        operator = _OPERATOR.match(form)
        value = self.values.get(name)
        if operator is None or depth >= _DEPTH or (name in self.values and value is None):
            self.unknown.append(name)
            return whole
        there = bool(value) if operator[0].startswith(":") else name in self.values
        if operator[0].endswith("+"):
            return self.expand(form[operator.end() :], depth + 1) if there else ""
        if there or operator[0].endswith("?"):
            return value or ""
        return self.expand(form[operator.end() :], depth + 1)

    def _value(self, name: str, whole: str) -> str:
        value = self.values.get(name, "")
        if value is None:
            self.unknown.append(name)
            return whole
        return value
