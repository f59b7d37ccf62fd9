"""What hardening changes: from which rule, what it was, what it may break; and what it keeps for a reason."""

from __future__ import annotations

import os
import re

from paddock.errors import Usage
from paddock.frozen import frozen
from paddock.reporting.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from paddock.checking.rule import Rule

_FILE = os.path.join(os.path.dirname(__file__), "breaks.toml")
_WIDTH = 110  # columns of a comment
_ENDS = re.compile(r"\s+")

_breaks: dict[str, str] = {}


@frozen
class Change:
    """One thing that is not as the team's files have it. `where` is the place of what was there, if anything was."""

    rule: str
    slug: str
    what: str
    breaks: str
    where: str = ""


@frozen
class Keep:
    """A rule whose findings stay, and the person's reason."""

    rule: str
    reason: str


def breaks(rule: str) -> str:
    """What a change for this rule may break. Every rule that changes something is in the table."""
    if not _breaks:
        import tomllib

        with open(_FILE, "rb") as file:
            _breaks.update(tomllib.load(file))
    return _breaks[rule]


def change(rule: Rule, what: str, where: str = "") -> Change:
    """A change for a rule of the catalogue."""
    return Change(rule.id, rule.slug, what, breaks(rule.id), where)


def comment(one: Change, mark: str = "//") -> tuple[str, ...]:
    """The change as a comment of JSON, or of YAML with the mark `#`."""
    return lines(f"{one.rule} {one.slug}: {one.what}. May break: {one.breaks}.", mark)


def lines(text: str, mark: str = "//") -> tuple[str, ...]:
    """A text as lines of comment. What is in it came out of files: it ends no comment, and hides nothing."""
    import textwrap

    flat = _ENDS.sub(" ", visible(text))
    wrapped = textwrap.wrap(flat, _WIDTH, break_long_words=False, break_on_hyphens=False)
    return tuple(f"{mark} {line}" for line in wrapped)


def suppression(keep: Keep, mark: str = "//") -> str:
    """The comment by which `paddock check` knows that somebody has decided this."""
    return f"{mark} paddock: ignore {keep.rule} because {keep.reason}"


def keeps(words: Iterable[str], rules: Mapping[str, Rule]) -> tuple[Keep, ...]:
    """`RULE=REASON`, by id or slug. Raises Usage."""
    known = {name: one.id for one in rules.values() for name in (one.id, one.slug)}
    found: dict[str, Keep] = {}
    for word in words:
        name, _, reason = (part.strip() for part in word.partition("="))
        rule = known.get(name) or known.get(name.upper())
        if rule is None or rule not in _kept_at_all():
            why = "harden changes nothing for" if rule else "there is no rule"
            raise Usage(
                f"--keep {visible(word)}: {why} {visible(name)}",
                why="a rule is named by its id or its slug: DC301, network-default",
                next_step="paddock harden --diff",
            )
        if not reason or visible(reason) != reason:
            raise Usage(
                f"--keep {name} needs a reason, in one line",
                why="the reason is written into the file, for whoever reads it later",
                next_step=f'paddock harden --keep {rule}="our tests need it"',
            )
        if found.get(rule, Keep(rule, reason)).reason != reason:
            raise Usage(f"--keep {rule} is given twice, with two reasons", next_step="keep one of them")
        found[rule] = Keep(rule, reason)
    return tuple(found.values())


def _kept_at_all() -> Mapping[str, str]:
    breaks("DC101")
    return _breaks
