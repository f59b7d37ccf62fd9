"""Two changes of one text put together (Khanna, Kunal and Pierce, "A formal investigation of diff3", 2007).

Where only one side changed, or both the same way, that is taken. Changes of both sides that touch the same lines, or
lines right beside each other, are a conflict: nobody knows then whether they belong together.
"""

from __future__ import annotations

from paddock.frozen import frozen
from paddock.workspace import lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@frozen
class Region:
    """A run of lines. `base` is what both started from; a conflict where `ours` and `theirs` both differ from it."""

    base: tuple[bytes, ...]
    ours: tuple[bytes, ...]
    theirs: tuple[bytes, ...]

    @property
    def conflict(self) -> bool:
        """Whether both sides changed it, and differently."""
        return self.ours != self.theirs and self.base not in (self.ours, self.theirs)

    @property
    def merged(self) -> tuple[bytes, ...]:
        """What it becomes, where it is no conflict."""
        return self.theirs if self.ours == self.base else self.ours


def merge(base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """Both changes in one text, or None where they conflict."""
    found = regions(base, ours, theirs)
    if any(region.conflict for region in found):
        return None
    return b"".join(line for region in found for line in region.merged)


def regions(base: bytes, ours: bytes, theirs: bytes) -> list[Region]:
    """The whole text in runs that are unchanged, changed by one side, or changed by both."""
    start, one, other = (lines.split_lines(text) for text in (base, ours, theirs))
    return list(_regions(start, (one, _changes(start, one)), (other, _changes(start, other))))


Hunk = tuple[int, int, int, int]  # base[start:end] becomes side[start:end]
Side = tuple[list[bytes], list[Hunk]]


def _changes(base: Sequence[bytes], side: Sequence[bytes]) -> list[Hunk]:
    return [
        (step.old_start, step.old_end, step.new_start, step.new_end)
        for step in lines.steps(base, side)
        if not step.same
    ]


def _regions(base: list[bytes], ours: Side, theirs: Side) -> Iterator[Region]:
    place = 0  # in the base
    offsets = [0, 0]  # what a line of the base, unchanged there, is called on either side
    left = [list(ours[1]), list(theirs[1])]
    while left[0] or left[1]:
        start, end, taken = _next(left)
        if start > place:
            same = tuple(base[place:start])
            yield Region(same, same, same)
        parts = []
        for side, (text, _) in enumerate((ours, theirs)):
            grown = sum(
                (new_end - new_start) - (old_end - old_start) for old_start, old_end, new_start, new_end in taken[side]
            )
            parts.append(tuple(text[start + offsets[side] : end + offsets[side] + grown]))
            offsets[side] += grown
        yield Region(tuple(base[start:end]), parts[0], parts[1])
        place = end
    if place < len(base):
        same = tuple(base[place:])
        yield Region(same, same, same)


def _next(left: list[list[Hunk]]) -> tuple[int, int, list[list[Hunk]]]:
    """The next run of the base that is changed, and the changes in it: all that touch each other."""
    start = min(hunks[0][0] for hunks in left if hunks)
    end = start
    taken: list[list[Hunk]] = [[], []]
    grew = True
    while grew:
        grew = False
        for side in (0, 1):
            while left[side] and left[side][0][0] <= end:
                hunk = left[side].pop(0)
                taken[side].append(hunk)
                end = max(end, hunk[1])
                grew = True
    return start, end, taken
