"""Which of two values is looser. Everything that bounds a policy asks here and nowhere else.

A value is looser when something becomes possible that was not: for a floor any loosening is an error, for
a repository's file that nobody trusts it is left out. What is neither looser nor the same is tighter.
"""

from __future__ import annotations

from paddock.policy.credentials import is_secret_name
from paddock.policy.keys import KEYS, LIMITS, ONLY_TIGHTEN
from paddock.policy.model import Added, Allowed, Assignment, Binding, Denial, Publication, Text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from paddock.policy.model import Value

    Entry = Text | Assignment | Allowed | Added | Denial | Publication | Binding

UNLIMITED = float("inf")
_AUTO_IS_AT_LEAST = "bubblewrap"


def looseness(key: str, value: Value, minimum: str = "landlock") -> float:
    """A scalar as a number: the larger, the looser. `minimum` is what bounds `boundary.use = "auto"`."""
    table = KEYS[key]
    if table.kind in LIMITS:
        return UNLIMITED if not isinstance(value, int | float) else value
    if key == "boundary.use":
        ranks = KEYS["boundary.minimum"].choices
        word = _AUTO_IS_AT_LEAST if value == "auto" else str(value)
        bound = ranks.index(minimum) if value == "auto" else len(ranks)
        return min(ranks.index(word), bound)
    return table.choices.index(str(value))


def covers(key: str, entry: Entry, others: Iterable[Entry]) -> bool:
    """Whether `others` already allow everything that `entry` of the list `key` allows."""
    if key in ONLY_TIGHTEN:
        return True
    if isinstance(entry, Allowed):
        from paddock.policy.reach import is_covered

        return is_covered(entry, (other for other in others if isinstance(other, Allowed)))
    if isinstance(entry, Binding):
        from paddock.policy import bindings

        return any(bindings.covers(other, entry) for other in others if isinstance(other, Binding))
    return any(_covers(key, entry, other) for other in others)


def _covers(key: str, entry: Entry, other: Entry) -> bool:
    if isinstance(entry, Publication) and isinstance(other, Publication):
        return (entry.inside, entry.outside) == (other.inside, other.outside)
    if isinstance(entry, Assignment) and isinstance(other, Assignment):
        return (entry.name, entry.value) == (other.name, other.value)
    if not isinstance(entry, Text) or not isinstance(other, Text):
        return False
    if key == "environment.pass":
        return entry.value == other.value or _pattern_covers(other.value, entry.value)
    if key == "hazards.allow":  # a rule as a whole takes in the same rule for some files
        return other.value in (entry.value, entry.value.partition(":")[0])
    return entry.value == other.value


def _pattern_covers(pattern: str, name: str) -> bool:
    """Whether everything that `name` (which may be a pattern too) lets through, `pattern` lets through.

    A `*` of `name` is matched as if it were a character: only a `*` of `pattern` takes it in, and that
    one takes in anything. An exact secret is never covered, since patterns do not pass secrets.
    """
    if "*" not in pattern or ("*" not in name and is_secret_name(name)):
        return False
    from paddock.policy.matching import matches

    return matches(pattern, name)
