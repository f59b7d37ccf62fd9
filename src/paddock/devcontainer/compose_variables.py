"""`${NAME:-default}` in compose files, and the `.env` files that give the values (docs.docker.com: Interpolation)."""

from __future__ import annotations

import re

from paddock.devcontainer.braces import closings
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_FORM = re.compile(r":?[-+?]")
_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([a-zA-Z_][a-zA-Z0-9_.-]*)\s*(?:[=:]\s*(.*))?", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$"}
_ENDS = {"'": re.compile(r"[^']*'"), '"': re.compile(r'(?:[^"\\]|\\.)*"')}
_DEEPEST = 16
_LONGEST = 1 << 16  # of one value: `${A}${A}` in a row of definitions doubles with each of them


@frozen
class Interpolated:
    """A text with its variables put in. `used` are all their names, `unset` those without a value or default.

    `flaw` says what Compose would refuse: a form that is none.
    """

    text: str
    used: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()
    flaw: str = ""


def interpolate(text: str, values: Mapping[str, str]) -> Interpolated:
    """Put variables into one value of a compose file. `$$` is a dollar sign.

    A variable that has no value here stays as it is written, where Compose puts in nothing: the file is judged for
    every machine, and `${SSH_AUTH_SOCK}:/agent` is the person's agent on all that have one.
    """
    if "$" not in text:
        return Interpolated(text)
    reader = _Reader(values)
    result = reader.read(text, 0)
    if len(result) > _LONGEST:
        result, reader.flaw = result[:_LONGEST], f"with its variables, this has more than {_LONGEST} characters"
    return Interpolated(result, tuple(dict.fromkeys(reader.used)), tuple(dict.fromkeys(reader.unset)), reader.flaw)


def dotenv(text: str, around: Mapping[str, str] | None = None) -> dict[str, str | None]:
    """The variables of a `.env` or `env_file`; None for a name without a value, which is taken from the host.

    In single quotes a value is as it stands; in double quotes and without any, variables that came before (or are in
    `around`) are put in. Lines that mean nothing are left out, as Compose leaves them out or refuses the file.
    """
    found: dict[str, str | None] = {}
    scope = {**(around or {})}
    lines = iter(text.removeprefix("\ufeff").splitlines())
    for line in lines:
        match = None if line.lstrip().startswith("#") else _ASSIGNMENT.fullmatch(line)
        if match is None:
            continue
        if match[2] is None:
            found[match[1]] = None
            continue
        value = match[2]
        if value[:1] in ("'", '"') and _end_of_quote(value) < 0:  # goes on in the next lines
            value = "\n".join((value, *_rest_of_quote(lines, value[0])))
        found[match[1]] = scope[match[1]] = _dotenv_value(value, scope)
    return found


def _rest_of_quote(lines: Iterator[str], quote: str) -> Iterator[str]:
    """The lines up to the one in which a quote ends, each looked at once."""
    for line in lines:
        yield line
        if _ENDS[quote].match(line):
            return


class _Reader:
    """One text's variables: which were used, which had no value, and the first thing that is wrong."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values
        self.used: list[str] = []
        self.unset: list[str] = []
        self.flaw = ""
        self.left = _LONGEST

    def read(self, text: str, depth: int) -> str:
        out: list[str] = []
        position, ends = 0, closings(text)
        while (dollar := text.find("$", position)) >= 0 and self.left >= 0:
            out.append(text[position:dollar])
            value, position = self._variable(text, dollar, ends.get(dollar, -1), depth)
            self.left -= len(value)
            out.append(value)
        return "".join([*out, text[position:]])

    def _variable(self, text: str, start: int, end: int, depth: int) -> tuple[str, int]:
        """The value of the variable at `start`, whose brace is closed at `end`, and the position after it."""
        if text.startswith("$", start + 1):
            return "$", start + 2
        braced = text.startswith("{", start + 1)
        match = _NAME.match(text, start + (2 if braced else 1))
        if match is None or (braced and end < 0):
            self.flaw = self.flaw or f"{text[start : start + 20]!r} is no variable; a dollar sign is written $$"
            return "$", start + 1
        if not braced:
            return self._plain(match[0], text[start : match.end()]), match.end()
        form, whole = text[match.end() : end], text[start : end + 1]
        return (self._form(match[0], form, whole, depth) if form else self._plain(match[0], whole)), end + 1

    def _plain(self, name: str, whole: str) -> str:
        self.used.append(name)
        if name not in self.values:
            self.unset.append(name)
        return self.values.get(name, whole)

    def _form(self, name: str, form: str, whole: str, depth: int) -> str:
        self.used.append(name)
        operator = _FORM.match(form)
        if operator is None or depth >= _DEEPEST:
            self.flaw = self.flaw or f"${{{name}{form[:20]}}} is no form that Compose knows"
            return ""
        value = self.values.get(name)
        there = bool(value) if operator[0].startswith(":") else value is not None
        rest = form[operator.end() :]
        if operator[0].endswith("?"):
            if not there:
                self.unset.append(name)
            return value if there and value is not None else whole
        if operator[0].endswith("+"):
            return self.read(rest, depth + 1) if there else ""
        return value or "" if there else self.read(rest, depth + 1)


def _end_of_quote(value: str) -> int:
    """Where the quote ends that a value begins with, -1 where it does not."""
    position = 1
    while position < len(value):
        if value[position] == "\\" and value[0] == '"':
            position += 1
        elif value[position] == value[0]:
            return position
        position += 1
    return -1


def _dotenv_value(value: str, scope: Mapping[str, str]) -> str:
    if value[:1] in ("'", '"'):
        end = _end_of_quote(value)
        inner = value[1 : end if end > 0 else len(value)]
        if value[0] == "'":
            return inner
        inner = re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[0]), inner)
        return interpolate(inner, scope).text
    bare = re.split(r"\s#", value, maxsplit=1)[0].strip()
    return interpolate(bare, scope).text
