"""A dev container's configuration for people and for programs: each value with the place that says it."""

from __future__ import annotations

from paddock.checking.facts import hiding
from paddock.cli.outcome import Outcome
from paddock.cli.style import paint, plain
from paddock.devcontainer.rows import TAKEN_AWAY, rows
from paddock.frozen import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.devcontainer.document import Place
    from paddock.devcontainer.model import Configuration, Effective
    from paddock.devcontainer.rows import Row
    from paddock.devcontainer.source import Source

_WIDEST_KEY = 40
_WIDEST_VALUE = 72  # a hook may have pages; --json has all of it


def shown(said: Configuration | Effective, others: tuple[str, ...]) -> Outcome:
    """What a configuration says, or what all layers come to; `others` are further files that a tool would offer."""
    found = tuple(map(_showable, rows(said)))
    layers = getattr(said, "unknown_layers", ())
    lines = [*_table(found), *_remarks(said, others), *_unseen(said), *_hidden(found)]
    data = {
        "schema": 1,
        "values": [_row(row) for row in found],
        "unknown_keys": [
            {"key": one.origin.key, "meant": one.meant, "origin": _source(one.origin)} for one in said.unknown
        ],
        "flaws": [{"code": one.code, "message": one.message, **_place(one.place)} for one in said.flaws],
        "not_known": [
            {"layer": one.layer, "name": one.name, "why": one.why, "origin": _source(one.origin)} for one in layers
        ],
        "others": list(others),
    }
    return Outcome("\n".join(lines) + "\n", data)


def _table(found: tuple[Row, ...]) -> Iterator[str]:
    keys = min(_WIDEST_KEY, max((len(plain(row.key)) for row in found), default=0))
    values = min(_WIDEST_VALUE, max((len(plain(row.value)) for row in found), default=0))
    for row in found:
        value = f"{_cut(plain(row.value)):<{values}}"
        known = row.origin.layer != "default"
        place = paint(plain(_where(row.origin)), "dim")
        notes = "".join(f"  {paint(note, 'yellow')}" for note in row.notes)
        yield f"{plain(row.key):<{keys}}  {paint(value, 'bold') if known else value}  {place}{notes}".rstrip()


def _where(origin: Source) -> str:
    """The place; of a Feature, which stands in the file only as the line that asks for it, its name as well."""
    if origin.layer == "feature" and origin.place:
        return f"{origin.place} by {origin.name}"
    return origin.where


def _remarks(said: Configuration | Effective, others: tuple[str, ...]) -> Iterator[str]:
    for one in said.unknown:
        meant = f"; `{one.meant}` is meant?" if one.meant else ""
        yield f"{paint('unknown', 'yellow')}  {plain(one.origin.where)}: no tool knows `{plain(one.origin.key)}`{meant}"
    for flaw in said.flaws:
        yield f"{paint('flaw', 'yellow')}  {plain(str(flaw.place))}: {plain(flaw.message)}"
    for other in others:
        yield f"{paint('note', 'yellow')}  {plain(other)} is there too, and editors offer it"


def _unseen(said: Configuration | Effective) -> Iterator[str]:
    """Of the file alone: that it is not all. Of all layers: which of them could not be looked at."""
    if not hasattr(said, "unknown_layers"):
        yield paint("this is the file alone; with its image, Features and compose file: --effective", "dim")
        return
    for one in said.unknown_layers:
        yield f"{paint('not known', 'yellow')}  {one.layer} {plain(one.name)}: {plain(one.why)}"


def _showable(row: Row) -> Row:
    return row if row.value == TAKEN_AWAY else replace(row, value=hiding.shown(row.key, row.value))


def _hidden(found: tuple[Row, ...]) -> Iterator[str]:
    count = sum(hiding.HIDDEN in row.value for row in found)
    if count:
        yield paint(f"{count} value{'s' * (count != 1)} hidden: of secrets, by their names or forms", "dim")


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST_VALUE else text[: _WIDEST_VALUE - 1] + "…"


def _row(row: Row) -> dict[str, object]:
    return {"key": row.key, "value": row.value, "notes": list(row.notes), "origin": _source(row.origin)}


def _source(origin: Source) -> dict[str, object]:
    place = _place(origin.place) if origin.place else {}
    return {"layer": origin.layer, "name": origin.name, "path": list(origin.path), **place}


def _place(place: Place) -> dict[str, object]:
    return {"file": place.file, "line": place.line, "column": place.column}
