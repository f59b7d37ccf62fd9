"""One changed text in pieces that are taken or left one by one: hunks, as `git add -p` has them.

Hunks never overlap, so that each is put in place by its line numbers alone and nothing is searched for. Content is
bytes; only what is shown is text.
"""

from __future__ import annotations

from paddock.frozen import frozen, replace
from paddock.workspace import lines
from paddock.workspace.diff import HUNK, NEW, OLD, SAME, Line, content_lines, range_text
from paddock.workspace.lines import split_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Range = tuple[int, int]

COMMENT = b"#"


class Nonsense(Exception):
    """What came back from the editor is no hunk for this place; the text says why."""


@frozen
class Run:
    """Lines of the old text that became lines of the new one; `same` where they are equal."""

    old: Range
    new: Range
    same: bool


@frozen
class Hunk:
    """Some changes close together, with equal lines around. `edited` are a person's lines in place of the new ones."""

    runs: tuple[Run, ...]
    edited: tuple[bytes, ...] | None = None

    @property
    def old(self) -> Range:
        """The lines of the old text that it covers."""
        return self.runs[0].old[0], self.runs[-1].old[1]

    @property
    def new(self) -> Range:
        """The lines of the new text that it covers."""
        return self.runs[0].new[0], self.runs[-1].new[1]


class Comparison:
    """Two texts as lines, and the hunks between them."""

    def __init__(self, old: bytes, new: bytes) -> None:
        self.old = split_lines(old)
        self.new = split_lines(new)

    def hunks(self) -> list[Hunk]:
        """All of them, in order."""
        return [
            Hunk(tuple(Run((s.old_start, s.old_end), (s.new_start, s.new_end), s.same) for s in group))
            for group in lines.hunks(self.old, self.new)
        ]

    def shown(self, hunk: Hunk) -> Iterator[Line]:
        """A hunk as a diff has it."""
        yield Line(HUNK, f"@@ -{range_text(*hunk.old)} +{range_text(*hunk.new)} @@")
        for run in hunk.runs:
            if run.same:
                yield from content_lines(SAME, self.old[slice(*run.old)])
            else:
                yield from content_lines(OLD, self.old[slice(*run.old)])
                yield from content_lines(NEW, self.new[slice(*run.new)])

    def text(self, hunk: Hunk) -> bytes:
        """The same for an editor."""
        return b"".join(line.text.encode("utf-8", "surrogateescape") + b"\n" for line in self.shown(hunk))

    def edited(self, hunk: Hunk, text: bytes) -> Hunk:
        """A hunk with the new lines that a person wrote. Raises Nonsense, and then nothing has changed."""
        old, new = _parsed(text)
        if not old and not new:
            raise Nonsense("nothing is left of it")
        if old != self.old[slice(*hunk.old)]:
            raise Nonsense("the lines with ' ' or '-' in front are not those of the file")
        return replace(hunk, edited=tuple(new))

    def composed(self, taken: Sequence[tuple[Hunk, bool]]) -> bytes:
        """The old text with the hunks that are taken. Raises Nonsense where a line would lose its end."""
        result: list[bytes] = []
        place = 0
        for hunk, is_taken in taken:
            start, end = hunk.old
            result += self.old[place:start]
            if is_taken:
                result += self.new[slice(*hunk.new)] if hunk.edited is None else hunk.edited
            else:
                result += self.old[start:end]
            place = end
        result += self.old[place:]
        if any(not line.endswith(b"\n") for line in result[:-1]):
            raise Nonsense("a line in the middle has no end")
        return b"".join(result)


def split(hunk: Hunk) -> list[Hunk]:
    """The hunk in as many as it has changes with equal lines between them; those lines are shared out."""
    parts: list[list[Run]] = [[]]
    for number, run in enumerate(hunk.runs):
        if run.same and 0 < number < len(hunk.runs) - 1:
            middle = (run.old[1] - run.old[0] + 1) // 2
            first, second = _cut(run, middle)
            parts[-1].append(first)
            parts.append([second])
        else:
            parts[-1].append(run)
    return [Hunk(tuple(run for run in part if run.old[0] < run.old[1] or not run.same)) for part in parts]


def _cut(run: Run, length: int) -> tuple[Run, Run]:
    old, new = run.old[0] + length, run.new[0] + length
    return Run((run.old[0], old), (run.new[0], new), same=True), Run((old, run.old[1]), (new, run.new[1]), same=True)


def _parsed(text: bytes) -> tuple[list[bytes], list[bytes]]:
    """The old and the new lines of an edited hunk."""
    sides: dict[bytes, tuple[int, ...]] = {b" ": (0, 1), b"-": (0,), b"+": (1,)}
    found: tuple[list[bytes], list[bytes]] = ([], [])
    last: tuple[int, ...] = ()
    for line in split_lines(text):
        sign, rest = line[:1], line[1:]
        if sign == COMMENT or line.startswith(b"@@"):
            continue
        if sign == b"\\":
            for side in last:
                found[side][-1] = found[side][-1].removesuffix(b"\n")
            continue
        if line == b"\n":  # editors take spaces at the end of a line away
            sign, rest = b" ", line
        if sign not in sides:
            raise Nonsense("each line begins with ' ', '-' or '+'")
        last = sides[sign]
        for side in last:
            found[side].append(rest)
    return found
