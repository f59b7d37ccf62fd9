"""From an offset in a text to the line and column that an editor shows."""

from __future__ import annotations

from bisect import bisect_right

from paddock.devcontainer.document import Place
from paddock.frozen import frozen


@frozen
class Lines:
    """A text and where its lines begin. Make one with `lines_of`."""

    file: str
    text: str
    starts: tuple[int, ...]

    def place(self, offset: int, end: int) -> Place:
        """The place of `text[offset:end]`. Columns count characters; a byte order mark is none."""
        line = bisect_right(self.starts, offset)
        begin = self.starts[line - 1]
        marked = line == 1 and offset > 0 and self.text.startswith("\ufeff")
        return Place(self.file, line, offset - begin + (0 if marked else 1), offset, max(end, offset))


def lines_of(file: str, text: str) -> Lines:
    """The lines of a text; only a line feed ends one."""
    starts, position = [0], text.find("\n")
    while position >= 0:
        starts.append(position + 1)
        position = text.find("\n", position + 1)
    return Lines(file, text, tuple(starts))
