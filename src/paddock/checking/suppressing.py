"""Suppressions: comments that say which rule may find something on a line, why, and until when.

`paddock: ignore DC201 until 2027-01-31 because the runner has no other engine yet`. Without a reason it suppresses
nothing. What it suppresses is still counted and told; whoever can write the file can write the comment.
"""

from __future__ import annotations

import re

from paddock.checking.findings import Hit
from paddock.devcontainer.source import Source
from paddock.frozen import frozen, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from paddock.checking.comments import Comment
    from paddock.checking.report import Row
    from paddock.checking.rule import Rule
    from paddock.devcontainer.document import Place

ENDED, UNUSED, WRONG = "DC002", "DC003", "DC004"
_MARK = re.compile(r"paddock:\s*ignore\b", re.IGNORECASE)
_WHOLE = re.compile(
    r"(?P<rules>[\w-]+(?:\s*,\s*[\w-]+)*)(?:\s+until\s+(?P<until>\S+))?\s+because\s+(?P<reason>\S.*)", re.DOTALL
)
_FORM = "paddock: ignore RULE [until YEAR-MONTH-DAY] because REASON"


@frozen
class Suppression:
    """One comment: for these rules (ids), on this line of this file. `until` is a date, the last day, or ""."""

    rules: tuple[str, ...]
    until: str
    reason: str
    file: str
    line: int
    comment: Place


def read(
    comments: Iterable[Comment], rules: Iterable[Rule]
) -> tuple[tuple[Suppression, ...], tuple[tuple[str, Hit], ...]]:
    """The suppressions among these comments, and hits of DC004 for those that are none although they want to be."""
    known = {name: one.id for one in rules for name in (one.id, one.slug)}
    good, bad = [], []
    for comment in comments:
        mark = _MARK.match(comment.words)
        if mark:
            found = _suppression(comment, comment.words[mark.end() :].strip(), known)
            if isinstance(found, Suppression):
                good.append(found)
            else:
                bad.append((WRONG, Hit(f"this suppresses nothing: {found}", _at(comment.place))))
    return tuple(good), tuple(bad)


def _suppression(comment: Comment, words: str, known: dict[str, str]) -> Suppression | str:
    match = _WHOLE.fullmatch(words)
    if not match:
        with_one = _WHOLE.fullmatch(f"{words.removesuffix('because').rstrip()} because of it")
        return "it gives no reason" if with_one else f"it is not of the form {_FORM}"
    named = [name.strip() for name in match["rules"].split(",")]
    unknown = [name for name in named if name not in known and name.upper() not in known]
    if unknown:
        return f"there is no rule {unknown[0]!r}"
    until = match["until"] or ""
    if until and not _is_date(until):
        return f"{until!r} is no date like 2027-01-31"
    ids = tuple(known.get(name) or known[name.upper()] for name in named)
    return Suppression(ids, until, match["reason"], comment.place.file, comment.about, comment.place)


def _is_date(text: str) -> bool:
    from datetime import date

    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def sift(
    rows: Sequence[Row], suppressions: Sequence[Suppression], *, today: str, ran: frozenset[str]
) -> tuple[tuple[Row, ...], tuple[tuple[str, Hit], ...]]:
    """The rows, some of them suppressed, and what there is to say of the comments (hits by the id of the rule).

    `today` is a date, `ran` are the rules that were asked: the others could not have found anything.
    """
    by_line: dict[tuple[str, int, str], list[Suppression]] = {}
    for one in suppressions:
        for rule in one.rules:
            by_line.setdefault((one.file, one.line, rule), []).append(one)
    sifted, used = [], set()
    for row in rows:
        line = (row.place.file, row.place.line, row.finding.rule)
        used.add(line)
        valid = [one for one in by_line.get(line, ()) if not _has_ended(one, today)]
        sifted.append(replace(row, state="suppressed", reason=valid[0].reason) if valid else row)
    hits = []
    for line, ones in by_line.items():
        rule = line[2]
        for one in ones:
            if line in used and _has_ended(one, today):
                text = f"the suppression of {rule} ended on {one.until}; its reason was: {one.reason}"
                hits.append((ENDED, Hit(text, _at(one.comment))))
            elif line not in used and rule in ran:
                hits.append((UNUSED, Hit(f"{rule} finds nothing on line {one.line}", _at(one.comment))))
    return tuple(sifted), tuple(hits)


def _has_ended(one: Suppression, today: str) -> bool:
    return bool(one.until) and one.until < today


def _at(place: Place) -> Source:
    return Source("file", place.file, (), place)
