"""Baselines: findings that were there before, and that a team has not yet got round to.

A fingerprint stays the same when lines move, and when comments or indentation change. It changes with the rule, the
file, the key and the value: another credential mounted at the same place is another finding.
"""

from __future__ import annotations

from paddock.errors import PaddockError
from paddock.frozen import frozen, replace, values_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import Any

    from paddock.checking.findings import Finding
    from paddock.checking.report import Row

SCHEMA = 1
_HEX_DIGITS = 32


@frozen
class Entry:
    """One known finding. Only the fingerprint is compared; the rest is for people who read the file."""

    fingerprint: str
    rule: str
    file: str
    message: str


def marked(rows: Sequence[Row], texts: Mapping[str, str], secret: Collection[str]) -> tuple[Row, ...]:
    """The rows with fingerprints, all different: the second of two that are alike is numbered.

    `texts` are the files; `secret` are rules whose values must not be guessed from a hash.
    """
    import hashlib

    counted: dict[tuple[str, ...], int] = {}
    found = []
    for row in rows:
        one = row.finding
        path = ".".join("[]" if isinstance(step, int) else step.replace(".", "..") for step in one.source.path)
        subject = one.message if one.rule in secret else _subject(one, texts)
        parts = (one.rule, row.place.file, one.source.layer, one.source.name, path, subject)
        counted[parts] = counted.get(parts, 0) + 1
        whole = "\0".join((*parts, str(counted[parts])))
        mark = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:_HEX_DIGITS]
        found.append(replace(row, fingerprint=mark))
    return tuple(found)


def _subject(finding: Finding, texts: Mapping[str, str]) -> str:
    """The value in the file, where it is one; else what is said about it."""
    place = finding.source.place
    text = texts.get(place.file, "")[place.offset : place.end] if place else ""
    if not text or text[0] in "{[":  # a whole object changes with every line in it
        return finding.message
    return " ".join(text.split())


def compared(rows: Sequence[Row], entries: Sequence[Entry]) -> tuple[tuple[Row, ...], tuple[Entry, ...]]:
    """The rows, those that the baseline knows marked so, and the entries that nothing meets any more."""
    known, there = {entry.fingerprint for entry in entries}, {row.fingerprint for row in rows}
    found = [replace(row, state="known") if row.state == "counts" and row.fingerprint in known else row for row in rows]
    return tuple(found), tuple(entry for entry in entries if entry.fingerprint not in there)


def written(rows: Sequence[Row]) -> str:
    """The baseline file that knows these rows, a line for each, so that its changes can be reviewed."""
    import json

    entries = sorted((row.finding.rule, row.place.file, row.finding.message, row.fingerprint) for row in rows)
    names = ("rule", "file", "message", "fingerprint")
    lines = ",\n".join(f"  {json.dumps(dict(zip(names, entry, strict=True)))}" for entry in entries)
    return f'{{"schema": {SCHEMA}, "findings": [\n{lines}\n]}}\n'


def parsed(text: str, name: str) -> tuple[Entry, ...]:
    """The entries of a baseline file, that anybody may have written. Raises PaddockError."""
    import json

    try:
        data: Any = json.loads(text)
        if data["schema"] != SCHEMA:
            raise _wrong(name, f"its schema is {data['schema']!r}, not {SCHEMA}")
        entries = [Entry(one["fingerprint"], one["rule"], one["file"], one["message"]) for one in data["findings"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _wrong(name, f"{type(error).__name__} where it was read") from error
    if not all(isinstance(value, str) for entry in entries for value in values_of(entry)):
        raise _wrong(name, "a value in it is no text")
    return tuple(entries)


def _wrong(name: str, why: str) -> PaddockError:
    return PaddockError(
        f"{name} is no baseline of this version",
        why=why,
        next_step=f"paddock check --baseline {name} --write-baseline",
        code="baseline",
    )
