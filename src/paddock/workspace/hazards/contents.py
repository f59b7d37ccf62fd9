"""What of a changed file's content is dangerous: evidence, as the lines or entries that are new.

`any`     every change counts; the new lines are the evidence
`make`    the same, without blank lines and comments
others    of the formats in `formats`, the entries that the rule's keys name

A file that cannot be read where its program perhaps can is dangerous as a whole.
"""

from __future__ import annotations

from paddock.policy.matching import matches
from paddock.workspace.hazards import formats

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from paddock.workspace.hazards.formats import Entry
    from paddock.workspace.hazards.rule import Rule

LARGEST_BYTES = {"lock": 32 << 20, "lines": 32 << 20}  # of a file whose content is compared; no honest file is as large
LARGEST_OTHERS_BYTES = 4 << 20
MOST_LINES, LONGEST_LINE = 10, 200
CONTENTS = ("any", "make", *formats.READERS)


def evidence(rule: Rule, old: bytes | None, new: bytes) -> tuple[str, ...] | None:
    """The evidence that a change is dangerous by a rule; None when it is not. `old` is None for a new file."""
    if old == new:
        return None
    if rule.content in ("any", "make"):
        return _whole(rule.content, old, new)
    if rule.content == "lines" and not _is_mentioned(rule.keys, new) and not _is_mentioned(rule.restrains, old or b""):
        return None
    try:
        found = formats.read(rule.content, new)
    except formats.Unreadable as error:
        return shown([f"cannot be read as {rule.content}: {error}"])
    try:
        known = None if old is None else formats.read(rule.content, old)
    except formats.Unreadable:
        known = None  # what it said cannot be known, so all of it is new
    lines = _selected(rule, known, found)
    return shown(lines) if lines else None


def _is_mentioned(patterns: Sequence[str], data: bytes) -> bool:
    """Whether some line could match: a quick look, since every source file of some languages is asked for it."""
    return any(max(pattern.replace(" ", "*").split("*"), key=len).encode() in data for pattern in patterns)


def limit_bytes(rule: Rule) -> int:
    """How large a file may be that is compared by a rule."""
    return LARGEST_BYTES.get(rule.content, LARGEST_OTHERS_BYTES)


def too_large(rule: Rule) -> tuple[str, ...]:
    """The evidence of a file that is not compared."""
    return (f"larger than {limit_bytes(rule) >> 20} MiB, so nobody has looked inside",)


def shown(lines: Iterable[str]) -> tuple[str, ...]:
    """As many lines as a person reads, none too long."""
    listed = list(lines)
    cut = [line if len(line) <= LONGEST_LINE else line[:LONGEST_LINE] + "…" for line in listed[:MOST_LINES]]
    if len(listed) > MOST_LINES:
        cut.append(f"… and {len(listed) - MOST_LINES} more")
    return tuple(cut)


def cut(lines: Sequence[str]) -> tuple[str, ...]:
    """The same for lines that were cut before: one list of them stays as it is."""
    return tuple(lines) if len(lines) <= MOST_LINES + 1 else shown(lines)


def _whole(content: str, old: bytes | None, new: bytes) -> tuple[str, ...] | None:
    if b"\0" in new[:8000]:
        return ("binary content",)
    ours = _lines(content, new)
    theirs = _lines(content, old or b"")
    if ours == theirs and old is not None:
        return None if content == "make" else ("only ends of lines were changed",)
    added = _beyond(ours, theirs)
    return shown(added or [f"taken away: {line}" for line in _beyond(theirs, ours)] or ours)


def _lines(content: str, data: bytes) -> list[str]:
    lines = [line.rstrip() for line in formats.text_of(data).split("\n")]
    if content == "any":
        return [line for line in lines if line]
    kept: list[str] = []
    goes_on = False  # a comment that ends in a backslash goes on, and what follows a line that does is no comment
    for line in lines:  # nor is a line in a `define`, which is expanded all the same
        if line and (goes_on or not line.lstrip(" ").startswith("#") or line.endswith("\\") or "$" in line):
            kept.append(line)
        goes_on = line.endswith("\\")
    return kept


def _beyond(lines: Sequence[str], others: Sequence[str]) -> list[str]:
    """The lines that the others do not have, or not as often."""
    from collections import Counter

    left = Counter(others)
    found = []
    for line in lines:
        if left[line] > 0:
            left[line] -= 1
        else:
            found.append(line)
    return found


def _selected(rule: Rule, old: list[Entry] | None, new: list[Entry]) -> list[str]:
    if rule.content == "lock":
        return _sources(old, new)
    chosen = _Chosen(rule)
    ours = [entry for entry in new if chosen.matters(entry)]
    theirs = [entry for entry in old or () if chosen.matters(entry)]
    known, kept = set(theirs), set(new)
    lines = [_said(entry) for entry in dict.fromkeys(ours) if entry not in known]
    if not lines and not _is_part(ours, theirs):
        lines = [f"in another order: {_said(entry)}" for entry in ours]
    gone = [entry for entry in old or () if entry not in kept and chosen.restrains(entry)]
    return lines + [f"taken away: {_said(entry)}" for entry in gone]


class _Chosen:
    """Which entries a rule means. Names repeat, so what was found out about one is kept."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._known: dict[tuple[str, ...], bool] = {}

    def matters(self, entry: Entry) -> bool:
        rule, word = self._rule, self._word(entry)
        if rule.content == "json" and entry[1] == formats.TWICE:
            return True  # readers disagree about which of them counts
        if self._covers(rule.addresses, word) and _is_address(entry[1]):
            return True
        return (not rule.keys or self._covers(rule.keys, word)) and not self._covers(rule.harmless, word)

    def restrains(self, entry: Entry) -> bool:
        return self._covers(self._rule.restrains, self._word(entry))

    def _covers(self, patterns: tuple[str, ...], word: str) -> bool:
        """Whether one of the patterns is the word, or names something that it is in."""
        if not patterns:
            return False
        place = (patterns[0], word)
        found = self._known.get(place)
        if found is None:
            found = any(matches(pattern, word) or matches(f"{pattern}.*", word) for pattern in patterns)
            self._known[place] = found
        return found

    def _word(self, entry: Entry) -> str:
        """What the patterns are held against: the names, or the line itself where there are none."""
        return " ".join(entry[1].split()) if self._rule.content == "lines" else entry[0]


def _is_address(value: str) -> bool:
    """Whether a dependency comes from a URL, a path or under another name, and not from the usual place."""
    bare = value.strip('"')
    return not bare.startswith(("workspace:", "catalog:")) and (":" in bare or "/" in bare)


def _is_part(some: Sequence[Entry], all_of_them: Sequence[Entry]) -> bool:
    """Whether entries are the others in their order, with some left out."""
    rest = iter(all_of_them)
    return all(entry in rest for entry in some)


def _said(entry: Entry) -> str:
    path, value = entry
    return f"{path}: {value}" if path else value.strip()


def _sources(old: list[Entry] | None, new: list[Entry]) -> list[str]:
    """A new lock file may name one host for each kind of thing; every further one, and every later one, is a hazard.

    Which packages run a script is no news in a new file.
    """
    if old is None:
        new = [entry for entry in new if entry[0].endswith(" from")]
        old = list({path: (path, value) for path, value in reversed(new)}.values())
    known = set(old)
    return [_said(entry) for entry in new if entry not in known]
