"""Two proofs beside each other, for a person."""

from __future__ import annotations

from paddock.cli.style import paint, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.probes.comparing import Change, Comparison

_COLORS = {"worse": "red", "other": "yellow", "better": "green"}


def text(found: Comparison, name: str) -> str:
    """What changed, the worse first, and in what the two runs differ."""
    return "".join(f"{line}\n" for line in _lines(found, name))


def _lines(found: Comparison, name: str) -> Iterator[str]:
    yield f"{paint(plain(name), 'bold')}: {found.same} verdicts are the same, {len(found.changes)} are not"
    if found.disturbed:
        yield paint("worse   the new run cannot be believed: it was disturbed", "red")
    for change in found.changes:
        yield from _change(change)
    for what, before, after in found.surroundings:
        yield f"{paint('differs', 'dim')} {plain(what)}: {plain(before) or 'none'} -> {plain(after) or 'none'}"
    verdict = "Worse than before." if found.worse else "Nothing got worse."
    yield paint(verdict, "bold", "red" if found.worse else "green")


def _change(change: Change) -> Iterator[str]:
    word = paint(f"{change.direction:<7}", _COLORS[change.direction])
    yield f"{word} {plain(change.id)}: {change.before} -> {change.after}   {plain(change.title)}"
    if change.why and change.direction == "worse":
        yield f"        {plain(change.why)}"
