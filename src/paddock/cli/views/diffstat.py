"""A summary of differences: one line for each, with a bar, and a total; for any number of them."""

from __future__ import annotations

from itertools import islice

from paddock.cli.views import held
from paddock.frozen import frozen
from paddock.workspace.quoting import quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from paddock.cli.diff import Look
    from paddock.workspace.change import Change
    from paddock.workspace.diff import FileDiff

BLOCK = 10_000  # rows that are lined up with each other
_WIDEST_NAME, _WIDEST_BAR = 60, 40


@frozen
class _Row:
    """What is kept of a difference: not its lines."""

    change: Change
    added: int
    removed: int


def lines(differences: Iterable[FileDiff], look: Look) -> Iterator[str]:
    """The summary; its lines come in blocks, so that a million files need no more memory than some thousand."""
    rows = (_Row(found.change, found.added, found.removed) for found in differences)
    count, added, removed, dangerous = 0, 0, 0, 0
    while block := list(islice(rows, BLOCK)):
        yield from _block(block, look)
        count += len(block)
        added += sum(row.added for row in block)
        removed += sum(row.removed for row in block)
        dangerous += sum(bool(row.change.hazards) for row in block)
    hazards = f", {held.counted(dangerous, 'hazard')}" if dangerous else ""
    yield f" {held.counted(count, 'change')}, {added}(+), {removed}(-){hazards}\n"


def _block(rows: Sequence[_Row], look: Look) -> Iterator[str]:
    names = [look.text(_name(row.change)) for row in rows]
    width = min(max(map(len, names)), _WIDEST_NAME)
    most = max(row.added + row.removed for row in rows)
    for name, row in zip(names, rows, strict=True):
        families = ", ".join(dict.fromkeys(hazard.family for hazard in row.change.hazards))
        hazards = look.text(f"  hazard: {families}", "bold", "red") if families else ""
        yield f" {name:<{width}} | {_amount(row, most, look)}{hazards}\n"


def _name(change: Change) -> str:
    name = quoted(change.path + ("/" if change.type == "directory" else ""))
    return f"{quoted(change.source)} => {name}" if change.source else name


def _amount(row: _Row, most: int, look: Look) -> str:
    change = row.change
    if change.held:
        return f"held: {change.held}"
    if change.binary:
        return f"Bin {change.old_size} -> {change.new_size} bytes"
    total = row.added + row.removed
    if change.kind in ("mode", "renamed") or change.type != "file" or not total:
        return change.kind
    scale = min(1.0, _WIDEST_BAR / most)
    plus, minus = (round(number * scale) or min(number, 1) for number in (row.added, row.removed))
    return f"{total} {look.text('+' * plus, 'green')}{look.text('-' * minus, 'red')}"
