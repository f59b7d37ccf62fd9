"""Baselines: findings that were there before, and that a team has not yet got round to.

A fingerprint stays the same when lines move, and when comments or indentation change. It changes with the rule, the
file, the key and the value: another credential mounted at the same place is another finding.
"""

from __future__ import annotations

from paddock.errors import PaddockError
from paddock.frozen import frozen, values_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from paddock.checking.findings import Finding

SCHEMA = 1
_HEX_DIGITS = 32


@frozen
class Entry:
    """One known finding. Only the fingerprint is compared; the rest is for people who read the file."""

    fingerprint: str
    rule: str
    file: str
    message: str


@frozen
class Compared:
    """Findings beside a baseline: `new` ones count, `known` ones do not, `gone` are entries that nothing meets."""

    new: tuple[Finding, ...]
    known: tuple[Finding, ...]
    gone: tuple[Entry, ...]


def fingerprints(
    findings: Sequence[Finding], texts: Mapping[str, str], secret: frozenset[str] = frozenset()
) -> tuple[str, ...]:
    """One for each finding, all different: the second of two that are alike is numbered. `texts` are the files.

    `secret` are rules whose values must not be guessed from a hash.
    """
    import hashlib

    counted: dict[tuple[str, ...], int] = {}
    found = []
    for one in findings:
        source = one.source
        path = ".".join("[]" if isinstance(step, int) else step.replace(".", "..") for step in source.path)
        parts = (one.rule, source.layer, source.name, path, one.message if one.rule in secret else _subject(one, texts))
        counted[parts] = counted.get(parts, 0) + 1
        whole = "\0".join((*parts, str(counted[parts])))
        found.append(hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:_HEX_DIGITS])
    return tuple(found)


def _subject(finding: Finding, texts: Mapping[str, str]) -> str:
    """The value in the file, where it is one; else what is said about it."""
    place = finding.source.place
    text = texts.get(place.file, "")[place.offset : place.end] if place else ""
    if not text or text[0] in "{[":  # a whole object changes with every line in it
        return finding.message
    return " ".join(text.split())


def compare(findings: Sequence[Finding], prints: Sequence[str], entries: Sequence[Entry]) -> Compared:
    """Which findings the baseline does not know. `prints` are those of `findings`."""
    known, there = {entry.fingerprint for entry in entries}, set(prints)
    pairs = list(zip(findings, prints, strict=True))
    return Compared(
        tuple(one for one, mark in pairs if mark not in known),
        tuple(one for one, mark in pairs if mark in known),
        tuple(entry for entry in entries if entry.fingerprint not in there),
    )


def written(findings: Sequence[Finding], prints: Sequence[str], files: Sequence[str]) -> str:
    """The baseline file that knows these findings, a line for each, so that its changes can be reviewed."""
    import json

    entries = sorted(
        {"rule": one.rule, "file": file, "message": one.message, "fingerprint": mark}.items()
        for one, mark, file in zip(findings, prints, files, strict=True)
    )
    lines = ",\n".join(f"  {json.dumps(dict(entry))}" for entry in entries)
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
        next_step=f"paddock check --write-baseline {name}",
        code="baseline",
    )
