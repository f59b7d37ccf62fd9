"""Suppressions: comments that say which rule may find something on a line, why, and until when.

`paddock: ignore DC201 until 2027-01-31 because the runner has no other engine yet`. Without a reason it suppresses
nothing. What it suppresses is still counted and told; whoever can write the file can write the comment.
"""

from __future__ import annotations

import re

from paddock.checking.findings import Hit
from paddock.devcontainer.model import Source
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from paddock.checking.comments import Comment
    from paddock.checking.findings import Finding
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


@frozen
class Sifted:
    """Findings that count, those that a comment suppresses, and what there is to say of the comments themselves."""

    counting: tuple[Finding, ...]
    suppressed: tuple[tuple[Finding, Suppression], ...]
    hits: tuple[tuple[str, Hit], ...]  # by the id of the rule


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
        return "it gives no reason" if words and " because" not in words else f"it is not of the form {_FORM}"
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
    findings: Sequence[Finding],
    suppressions: Sequence[Suppression],
    *,
    at: Callable[[Finding], Place],
    today: str,
    ran: frozenset[str],
) -> Sifted:
    """Which findings count. `at` says where a finding stands, `today` is a date, `ran` are the rules that were asked.

    One that has ended counts as unused too where there is nothing for it to suppress any more.
    """
    counting, suppressed, hits = [], [], []
    used: set[tuple[int, str]] = set()
    by_line: dict[tuple[str, int], list[int]] = {}
    for number, one in enumerate(suppressions):
        by_line.setdefault((one.file, one.line), []).append(number)
    for finding in findings:
        place = at(finding)
        numbers = [it for it in by_line.get((place.file, place.line), ()) if finding.rule in suppressions[it].rules]
        used.update((it, finding.rule) for it in numbers)
        valid = next((it for it in numbers if not _has_ended(suppressions[it], today)), None)
        if valid is None:
            counting.append(finding)
        else:
            suppressed.append((finding, suppressions[valid]))
    for number, one in enumerate(suppressions):
        for rule in one.rules:
            if (number, rule) in used:
                if _has_ended(one, today):
                    text = f"the suppression of {rule} ended on {one.until}; its reason was: {one.reason}"
                    hits.append((ENDED, Hit(text, _at(one.comment))))
            elif rule in ran:
                hits.append((UNUSED, Hit(f"{rule} finds nothing on line {one.line}", _at(one.comment))))
    return Sifted(tuple(counting), tuple(suppressed), tuple(hits))


def _has_ended(one: Suppression, today: str) -> bool:
    return bool(one.until) and one.until < today


def _at(place: Place) -> Source:
    return Source("file", place.file, (), place)
