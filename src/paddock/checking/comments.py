"""The comments of the files that are checked, and the lines that they are about."""

from __future__ import annotations

import re
from bisect import bisect_left

from paddock.devcontainer.lines import lines_of
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from paddock.devcontainer.document import Document, Place

# In YAML a comment begins after a blank; in a Dockerfile at the beginning of a line only.
_YAML = re.compile(r"(?:^|(?<=[ \t]))#[^\n]*", re.MULTILINE)
_DOCKERFILE = re.compile(r"^[ \t]*(#[^\n]*)", re.MULTILINE)


@frozen
class Comment:
    """One comment: its words without the marks around them, where it is, and the line that it is about.

    That is its own line if there is anything else on it, and else the next line that is more than a comment.
    """

    words: str
    place: Place
    about: int


def of_json(file: str, document: Document) -> tuple[Comment, ...]:
    """The comments of a JSON file that may have some."""
    spans = [(one.place.offset, one.place.end) for one in document.comments]
    return tuple(_placed(file, document.text, spans))


def of_yaml(file: str, text: str) -> tuple[Comment, ...]:
    """What may be a comment of a compose file: a `#` in a quoted text or block is taken for one too."""
    return tuple(_placed(file, text, [match.span() for match in _YAML.finditer(text)]))


def of_dockerfile(file: str, text: str) -> tuple[Comment, ...]:
    """The comments of a Dockerfile."""
    return tuple(_placed(file, text, [match.span(1) for match in _DOCKERFILE.finditer(text)]))


def _placed(file: str, text: str, spans: Sequence[tuple[int, int]]) -> Iterator[Comment]:
    rest = _without(text, spans).split("\n")
    said = [number for number, line in enumerate(rest, 1) if line.strip(" \t\r\ufeff")]
    lines = lines_of(file, text)
    for start, end in spans:
        place, last = lines.place(start, end), lines.place(end, end).line
        own, after = bisect_left(said, place.line), bisect_left(said, last)
        alone = said[own : own + 1] != [place.line] and after < len(said)
        yield Comment(_words(text[start:end]), place, said[after] if alone else place.line)


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    parts, place = [], 0
    for start, end in spans:
        parts += [text[place:start], "\n" * text.count("\n", start, end)]
        place = end
    return "".join((*parts, text[place:]))


def _words(text: str) -> str:
    if text.startswith("/*"):
        return " ".join(text[2:].removesuffix("*/").split())
    return text.lstrip("/#").strip()
