"""A conflict as lines: where both sides changed one text, what it was before, what the host has and the sandbox's.

The form is git's `diff3` conflict style, which editors and people know. It is shown, never written to a file.
"""

from __future__ import annotations

from paddock.workspace.applying.hunks import Comparison
from paddock.workspace.applying.three_way import regions
from paddock.workspace.diff import HEADER, HUNK, NEW, NOTE, OLD, SAME, Line
from paddock.workspace.lines import CONTEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from paddock.workspace.applying.merging import Sides
    from paddock.workspace.applying.three_way import Region

OURS, BASE, THEIRS = "host, now", "before", "sandbox"


def shown(sides: Sides) -> Iterator[Line]:
    """The lines of a conflict; where both sides merge cleanly, everything that either changed.

    Content is given as it is; whoever prints to a terminal makes it plain first.
    """
    if sides.mode is None or sides.our_mode != sides.base_mode:
        modes = (sides.base_mode, sides.our_mode, sides.their_mode)
        before, ours, theirs = (f"{mode & 0o7777:04o}" if mode else "not known" for mode in modes)
        yield Line(NOTE, f"# mode before {before}, host {ours}, sandbox {theirs}")
    if sides.base is None:
        yield Line(
            NOTE, "# what the sandbox started from was not kept; this is the way from the host's to the sandbox's"
        )
        comparison = Comparison(sides.ours, sides.theirs)
        yield Line(HEADER, f"--- {OURS}")
        yield Line(HEADER, f"+++ {THEIRS}")
        for hunk in comparison.hunks():
            yield from comparison.shown(hunk)
        return
    found = regions(sides.base, sides.ours, sides.theirs)
    clean = not any(region.conflict for region in found)
    line = 1
    for number, region in enumerate(found):
        if region.conflict or (clean and not region.base == region.ours == region.theirs):
            yield Line(HUNK, f"@@ line {line} of the host's file @@")
            yield from _content(SAME, found[number - 1].ours[-CONTEXT:] if number else ())
            yield from _sides(region)
            yield from _content(SAME, found[number + 1].ours[:CONTEXT] if number + 1 < len(found) else ())
        line += len(region.ours)


def _sides(region: Region) -> Iterator[Line]:
    yield Line(HEADER, f"<<<<<<< {OURS}")
    yield from _content(OLD, region.ours)
    yield Line(HEADER, f"||||||| {BASE}")
    yield from _content(SAME, region.base)
    yield Line(HEADER, "=======")
    yield from _content(NEW, region.theirs)
    yield Line(HEADER, f">>>>>>> {THEIRS}")


def _content(kind: str, lines: Sequence[bytes]) -> Iterator[Line]:
    for line in lines:
        yield Line(kind, line.removesuffix(b"\n").decode("utf-8", "surrogateescape"))
