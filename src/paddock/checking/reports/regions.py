"""Where a finding begins and ends, as editors and code hosts count: lines and columns from 1, the end past the last."""

from __future__ import annotations

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from paddock.checking.files import File


@frozen
class Region:
    """From a line and column to another."""

    line: int
    column: int
    end_line: int
    end_column: int


def region(file: File, start: int, end: int) -> Region:
    """The lines and columns of `file.text[start:end]`."""
    first, last = file.lines.place(start, end), file.lines.place(end, end)
    return Region(first.line, first.column, last.line, last.column)


def marked(file: File, start: int, end: int) -> Region:
    """The same for what is marked: of a whole object or list its first line, or all of the file would be marked."""
    line_end = file.text.find("\n", start, end)
    if line_end >= 0:
        end = line_end - 1 if file.text[line_end - 1] == "\r" else line_end
    return region(file, start, max(start, end))
