"""Which lines differ: Myers' algorithm ("An O(ND) Difference Algorithm", 1986), with a bound.

The texts come from a sandbox: a difference of more than `FARTHEST` edits is not searched for, everything
between the common beginning and the common end is then shown as replaced. That is still a correct diff.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FARTHEST = 1000
CONTEXT = 3


def split_lines(data: bytes) -> list[bytes]:
    """At line feeds only, as git does; the ends stay on, so that a missing last one is a difference."""
    parts = data.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


class Step:
    """A run of lines: old[old_start:old_end] becomes new[new_start:new_end]; equal ones are `same`."""

    __slots__ = ("new_end", "new_start", "old_end", "old_start", "same")

    def __init__(self, old: tuple[int, int], new: tuple[int, int], *, same: bool) -> None:
        self.old_start, self.old_end = old
        self.new_start, self.new_end = new
        self.same = same


def hunks(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[list[Step]]:
    """The differences in groups, with up to three equal lines around each."""
    group: list[Step] = []
    for step in steps(old, new):
        if not step.same:
            group.append(step)
            continue
        length = step.old_end - step.old_start
        if group and length > 2 * CONTEXT:
            group.append(_part(step, 0, CONTEXT))
            yield group
            group = []
        if not group:
            group.append(_part(step, max(0, length - CONTEXT), length))
        else:
            group.append(step)
    if any(not step.same for step in group):
        if group[-1].same:
            last = group.pop()
            group.append(_part(last, 0, min(CONTEXT, last.old_end - last.old_start)))
        yield group


def _part(step: Step, start: int, end: int) -> Step:
    old, new = step.old_start, step.new_start
    return Step((old + start, old + end), (new + start, new + end), same=True)


def steps(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[Step]:
    """The whole way from old to new, equal and different runs in turn."""
    start = _common(old, new)
    end = _common_end(old, new, start)
    if start:
        yield Step((0, start), (0, start), same=True)
    yield from _middle(old[start : len(old) - end], new[start : len(new) - end], start)
    if end:
        yield Step((len(old) - end, len(old)), (len(new) - end, len(new)), same=True)


def _common(old: Sequence[bytes], new: Sequence[bytes]) -> int:
    length = 0
    for one, other in zip(old, new, strict=False):
        if one != other:
            break
        length += 1
    return length


def _common_end(old: Sequence[bytes], new: Sequence[bytes], start: int) -> int:
    length = 0
    while length < min(len(old), len(new)) - start and old[-1 - length] == new[-1 - length]:
        length += 1
    return length


def _middle(old: Sequence[bytes], new: Sequence[bytes], offset: int) -> Iterator[Step]:
    if not old and not new:
        return
    numbers: dict[bytes, int] = {}
    a = [numbers.setdefault(line, len(numbers)) for line in old]
    b = [numbers.setdefault(line, len(numbers)) for line in new]
    trace = _search(a, b) if a and b else None
    x = y = 0
    for same_x, same_y, length in [] if trace is None else _runs(trace, len(a), len(b)):
        if same_x > x or same_y > y:
            yield Step((offset + x, offset + same_x), (offset + y, offset + same_y), same=False)
        x, y = same_x + length, same_y + length
        yield Step((offset + same_x, offset + x), (offset + same_y, offset + y), same=True)
    if x < len(a) or y < len(b):
        yield Step((offset + x, offset + len(a)), (offset + y, offset + len(b)), same=False)


def _search(a: Sequence[int], b: Sequence[int]) -> list[dict[int, int]] | None:
    """For each number of edits, how far each diagonal got; None when the end is too far away."""
    reached = {1: 0}
    trace: list[dict[int, int]] = []
    for edits in range(min(len(a) + len(b), FARTHEST) + 1):
        row: dict[int, int] = {}
        for diagonal in range(-edits, edits + 1, 2):
            down, right = reached.get(diagonal + 1, -1), reached.get(diagonal - 1, -1) + 1
            x = down if diagonal == -edits or (diagonal != edits and right <= down) else right
            y = x - diagonal
            while x < len(a) and y < len(b) and a[x] == b[y]:
                x += 1
                y += 1
            row[diagonal] = x
            if x >= len(a) and y >= len(b):
                trace.append(row)
                return trace
        trace.append(row)
        reached = row
    return None


def _runs(trace: list[dict[int, int]], x: int, y: int) -> list[tuple[int, int, int]]:
    """Walk back through the trace; the runs of equal lines as (old, new, length), first one first."""
    runs = []
    for edits in range(len(trace) - 1, 0, -1):
        row, diagonal = trace[edits - 1], x - y
        down, right = row.get(diagonal + 1, -1), row.get(diagonal - 1, -1) + 1
        went_down = diagonal == -edits or (diagonal != edits and right <= down)
        start = down if went_down else right
        if x > start:
            runs.append((start, start - diagonal, x - start))
        x = down if went_down else right - 1
        y = x - diagonal - 1 if went_down else x - diagonal + 1
    if x > 0:
        runs.append((0, 0, x))
    return runs[::-1]
