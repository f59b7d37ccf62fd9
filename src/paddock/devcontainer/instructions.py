"""A Dockerfile as a list of instructions, each of whose characters knows where it stands in the file.

The grammar is that of BuildKit's `frontend/dockerfile/parser`: leading `# directive=value` comments, lines that go on
after the escape character, comments and empty lines between them (which do not end an instruction), here-documents.
The tests hold it against that parser.
"""

from __future__ import annotations

import re

from paddock.devcontainer.dockerfile_words import balanced, split
from paddock.devcontainer.document import Flaw, Place
from paddock.devcontainer.lines import Lines, lines_of
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

KNOWN = frozenset((
    "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD",
    "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
))  # fmt: skip
_WITH_HEREDOCS = frozenset({"ADD", "COPY", "RUN"})
_WITH_JSON = frozenset({"ADD", "CMD", "COPY", "ENTRYPOINT", "RUN", "SHELL", "VOLUME"})
_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$")
_DIRECTIVES = frozenset({"escape", "syntax", "check"})
_HEREDOC = re.compile(r"""[0-9]*<<(-?)(["']?)([^<"'\s\\]+)\2""")


@frozen
class Word:
    """A part of an instruction, as written or as JSON means it, and its place."""

    text: str
    place: Place


@frozen
class Heredoc:
    """A here-document: `expands` unless its name was quoted; `text` has lost leading tabs after `<<-`."""

    name: str
    text: str
    expands: bool
    place: Place


@frozen
class Instruction:
    """One instruction. `text` is what follows its name and flags, on one line; `words` are its parts.

    `json` says that it was the JSON form, whose items are then the `words`. ONBUILD has the other instruction as
    `trigger`. `pieces` are (position in text, offset in the file), from which `place_of` finds places.
    """

    name: str
    flags: tuple[Word, ...]
    text: str
    words: tuple[Word, ...]
    json: bool
    heredocs: tuple[Heredoc, ...]
    trigger: Instruction | None
    place: Place
    pieces: tuple[tuple[int, int], ...]
    lines: Lines

    def place_of(self, start: int, end: int) -> Place:
        """The place of `text[start:end]` in the file, which includes what lies between where lines go on."""
        offset = _offset(self.pieces, start)
        return self.lines.place(offset, max(_offset(self.pieces, max(end - 1, start)) + 1, offset + 1))

    def flag(self, name: str) -> str | None:
        """The value of `--name=value`, the last one; empty for `--name` alone."""
        found = [one.text.partition("=")[2] for one in self.flags if one.text.partition("=")[0] == f"--{name}"]
        return found[-1] if found else None


@frozen
class Listing:
    """All of a Dockerfile: its directives (`syntax`, `escape`, `check`), instructions, and what is wrong with it."""

    directives: tuple[tuple[str, Word], ...]
    instructions: tuple[Instruction, ...]
    flaws: tuple[Flaw, ...]


class _Line:
    """An instruction's text while it is put together from lines."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.pieces: list[tuple[int, int]] = []
        self.length = self.end = 0

    def add(self, text: str, offset: int) -> None:
        self.pieces.append((self.length, offset))
        self.parts.append(text)
        self.length += len(text)
        self.end = offset + len(text)

    @property
    def text(self) -> str:
        return "".join(self.parts)


def parse(text: str, file: str) -> Listing:
    """Every instruction of a Dockerfile. Nothing is refused: what no builder would take is a flaw."""
    lines = lines_of(file, text)
    physical = list(_physical(text))
    directives, escape, index = _directives(physical, lines)
    found: list[Instruction] = []
    flaws: list[Flaw] = []
    while index < len(physical):
        line, index = _logical(physical, index, escape)
        if line is None:
            continue
        heredocs, index = _heredocs(line.text, physical, index, lines, flaws)
        found.append(_instruction(line, heredocs, lines, flaws))
    return Listing(directives, tuple(found), tuple(flaws))


def _physical(text: str) -> Iterator[tuple[int, str]]:
    """Lines as (offset, text without its end). Go's scanner ends them at line feeds only."""
    offset = 0
    for line in text.split("\n"):
        bare = line.rstrip("\r")
        mark = 1 if offset == 0 and bare.startswith("\ufeff") else 0
        yield offset + mark, bare[mark:]
        offset += len(line) + 1


def _directives(physical: list[tuple[int, str]], lines: Lines) -> tuple[tuple[tuple[str, Word], ...], str, int]:
    """Directives stand before everything else, each at most once; any other line ends them."""
    found: dict[str, Word] = {}
    index = 0
    for offset, line in physical:
        match = _DIRECTIVE.match(line.lstrip())
        name = match[1].lower() if match else ""
        if match is None or name not in _DIRECTIVES or name in found:
            break
        start = offset + len(line) - len(line.lstrip()) + match.start(2)
        found[name] = Word(match[2], lines.place(start, start + len(match[2])))
        index += 1
    escape = found["escape"].text if "escape" in found else "\\"
    return tuple(found.items()), escape if escape in ("\\", "`") else "\\", index


def _logical(physical: list[tuple[int, str]], index: int, escape: str) -> tuple[_Line | None, int]:
    """The next instruction's text, and the line after it. None for a comment or an empty line."""
    offset, raw = physical[index]
    index += 1
    bare = raw.lstrip()
    if not bare or bare.startswith("#"):
        return None, index
    line = _Line()
    more = _append(line, bare, offset + len(raw) - len(bare), escape)
    while more and index < len(physical):
        offset, raw = physical[index]
        index += 1
        if not raw.strip() or raw.lstrip().startswith("#"):
            continue  # neither ends the instruction, whatever it looks like
        more = _append(line, raw, offset, escape)
    return (line if line.text.strip() else None), index


def _append(line: _Line, text: str, offset: int, escape: str) -> bool:
    """Take in one line; whether the instruction goes on. Two escape characters at the end are none."""
    bare = text.rstrip(" \t")
    if bare.endswith(escape) and not bare.endswith(escape * 2):
        line.add(bare[:-1], offset)
        return True
    line.add(text, offset)
    return False


def _heredocs(
    text: str, physical: list[tuple[int, str]], index: int, lines: Lines, flaws: list[Flaw]
) -> tuple[tuple[Heredoc, ...], int]:
    """The here-documents that an instruction names, in their order, and the line after the last of them."""
    name = text.split(None, 1)[0].upper()
    rest = text.split(None, 2)
    name = rest[1].upper() if name == "ONBUILD" and len(rest) > 1 else name
    if name not in _WITH_HEREDOCS or "<<" not in text or _is_json(text) or not balanced(text):
        return (), index  # where a quote has no end BuildKit finds no here-document either
    found = []
    for start, end in split(text):
        match = _HEREDOC.fullmatch(text, start, end)
        if match:
            one, index = _heredoc(match, physical, index, lines, flaws)
            found.append(one)
    return tuple(found), index


def _heredoc(
    match: re.Match[str], physical: list[tuple[int, str]], index: int, lines: Lines, flaws: list[Flaw]
) -> tuple[Heredoc, int]:
    chomp, name, content = bool(match[1]), match[3], []
    begin = physical[index][0] if index < len(physical) else len(lines.text)
    end = begin
    while index < len(physical):
        offset, raw = physical[index]
        index += 1
        line = raw.lstrip("\t") if chomp else raw
        end = offset
        if line == name:
            break
        content.append(line + "\n")
        end = min(offset + len(raw) + 1, len(lines.text))
    else:
        message = f"the here-document {name} has no end"
        flaws.append(Flaw("unterminated-heredoc", message, lines.place(min(begin, len(lines.text)), end)))
    return Heredoc(name, "".join(content), not match[2], lines.place(begin, end)), index


def _instruction(line: _Line, heredocs: tuple[Heredoc, ...], lines: Lines, flaws: list[Flaw]) -> Instruction:
    last = heredocs[-1].place.end if heredocs else line.end
    place = lines.place(line.pieces[0][1], max(last, line.end))
    found = _parsed(line.text, tuple(line.pieces), heredocs, place, lines)
    if found.name not in KNOWN:
        flaws.append(Flaw("unknown-instruction", f"{found.name} is no instruction of a Dockerfile", place))
    return found


def _parsed(
    text: str, pieces: tuple[tuple[int, int], ...], heredocs: tuple[Heredoc, ...], place: Place, lines: Lines
) -> Instruction:
    name = text.split(None, 1)[0]
    position = text.index(name) + len(name)

    def word(start: int, end: int) -> Word:
        first = _offset(pieces, start)
        return Word(text[start:end], lines.place(first, _offset(pieces, end - 1) + 1))

    flags = []
    for start, end in split(text, position):
        if not text.startswith("--", start) or text[start:end] == "--":
            break
        flags.append(word(start, end))
        position = end
    position += len(text[position:]) - len(text[position:].lstrip())
    body = text[position:].rstrip()
    below = tuple((max(at - position, 0), offset + max(position - at, 0)) for at, offset in _from(pieces, position))
    trigger = _parsed(body, below, heredocs, place, lines) if name.upper() == "ONBUILD" and body else None
    items = _json_items(body) if name.upper() in _WITH_JSON else None
    if items is not None:
        whole = word(position, position + len(body)).place
        words = tuple(Word(item, whole) for item in items)
    else:
        words = tuple(word(start, end) for start, end in split(text[: position + len(body)], position))
    return Instruction(
        name.upper(), tuple(flags), body, words, items is not None, heredocs, trigger, place, below, lines
    )


def _json_items(body: str) -> tuple[str, ...] | None:
    """The items of a JSON list of texts; anything else is the shell form, as it is for BuildKit."""
    if not body.startswith("["):
        return None
    import json

    try:
        items = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return tuple(items) if isinstance(items, list) and all(isinstance(one, str) for one in items) else None


def _is_json(text: str) -> bool:
    parts = text.split(None, 1)
    return len(parts) == 2 and _json_items(parts[1].strip()) is not None  # noqa: PLR2004 - a name and the rest


def _from(pieces: tuple[tuple[int, int], ...], position: int) -> Iterator[tuple[int, int]]:
    """The pieces that reach beyond a position."""
    for number, piece in enumerate(pieces):
        if number + 1 == len(pieces) or pieces[number + 1][0] > position:
            yield piece


def _offset(pieces: tuple[tuple[int, int], ...], position: int) -> int:
    """The offset in the file of a position in an instruction's text."""
    low, high = 0, len(pieces)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if pieces[middle][0] <= position else (low, middle)
    start, offset = pieces[low] if pieces else (0, 0)
    return offset + position - start
