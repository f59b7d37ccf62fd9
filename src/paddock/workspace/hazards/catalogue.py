"""The catalogue as rules: what Paddock knows, what the policy adds, and what it lets pass.

`tomllib` and the file are read only when there is a change to judge.
"""

from __future__ import annotations

import os

from paddock.errors import PaddockError, PolicyError
from paddock.frozen import frozen
from paddock.policy.additions import FAMILIES, SEVERITIES
from paddock.workspace.hazards.contents import CONTENTS
from paddock.workspace.hazards.matching import Glob, Matcher
from paddock.workspace.hazards.named import Named
from paddock.workspace.hazards.rule import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from paddock.policy.model import Added, Text

FILE = os.path.join(os.path.dirname(__file__), "catalogue.toml")
LARGE_BYTES = 50 << 20
NAMED = "shape-named"
ADDED = "added"  # the name of every rule that a policy adds
_TEXTS = ("name", "family", "severity", "why", "content", "deleted", "reference")
_LISTS = ("patterns", "keys", "addresses", "harmless", "restrains")


@frozen
class Allowance:
    """A rule that does not apply, everywhere or where the pattern says. `firmly`: it comes from the floor itself."""

    name: str
    glob: Glob | None
    firmly: bool


@frozen
class Rules:
    """Everything that changes are judged by. `large_bytes` is None where no size is a hazard.

    `named` are the files that the host's own configuration runs.
    """

    rules: tuple[Rule, ...]
    allowances: tuple[Allowance, ...]
    large_bytes: int | None
    matcher: Matcher
    shapes: Mapping[str, Rule]
    named: Named = Named()

    def matching(self, path: str) -> tuple[Rule, ...]:
        """The rules for a file of that name, whatever it holds, less what is allowed. Who is named runs by that."""
        found = self.matcher.matching(path)
        if self.named.by(path):
            found = (*found, self.shapes[NAMED])
        return tuple(rule for rule in found if not self.allowed(rule, path))

    def allowed(self, rule: Rule, path: str) -> bool:
        """Whether the policy lets a rule pass for a path."""
        return any(
            one.name == rule.name and (one.firmly or not rule.firm) and (one.glob is None or one.glob.fits(path))
            for one in self.allowances
        )


def load(
    additions: Sequence[Added] = (),
    allowed: Sequence[Text] = (),
    *,
    large_bytes: int | None = LARGE_BYTES,
    named: Named = Named(),  # noqa: B008 - a frozen value
) -> Rules:
    """The catalogue with a policy's word on it.

    Raises PolicyError for an allowance of a rule that does not exist, PaddockError when the installation is broken.
    """
    rules = (*_built_in(), *map(_added, additions))
    allowances = tuple(_allowance(text, rules) for text in allowed)
    shapes = {rule.name: rule for rule in rules if not rule.patterns}
    return Rules(rules, allowances, large_bytes, Matcher(rules), shapes, named)


def _built_in() -> tuple[Rule, ...]:
    import tomllib

    try:
        with open(FILE, "rb") as file:
            return parse(tomllib.load(file))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PaddockError(
            "the catalogue of hazards cannot be read", why=f"{FILE}: {error}", next_step="install Paddock again"
        ) from error


def parse(data: Mapping[str, Any]) -> tuple[Rule, ...]:
    """The rules of a catalogue's data. Raises KeyError, TypeError or ValueError with what was expected."""
    if set(data) != {"rule"}:
        message = f"expected [[rule]] alone, not {', '.join(sorted(set(data) - {'rule'}))}"
        raise ValueError(message)
    rules = tuple(map(_rule, data["rule"]))
    names = [rule.name for rule in rules]
    if len(set(names)) != len(names):
        message = f"two rules are called {next(name for name in names if names.count(name) > 1)}"
        raise ValueError(message)
    return rules


def _rule(table: Mapping[str, Any]) -> Rule:
    name = table.get("name", "a rule without a name")
    for key, value in table.items():
        good = isinstance(value, str) if key in _TEXTS else key in _LISTS and _is_texts(value)
        if not good or not value:
            message = f"{name}: {key} is not a text or list of texts that a rule has"
            raise ValueError(message)
    texts = {key: table[key] for key in _TEXTS if key in table}
    texts.setdefault("family", name.partition("-")[0])
    for key, known in (("family", FAMILIES), ("severity", SEVERITIES), ("content", CONTENTS)):
        if texts.get(key, known[0]) not in known:
            message = f"{name}: expected {key} to be one of {', '.join(known)}"
            raise ValueError(message)
    lists: dict[str, Any] = {key: tuple(table[key]) for key in _LISTS if key in table}
    return Rule(**texts, **lists)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) and one for one in value)


def _added(one: Added) -> Rule:
    from paddock.workspace.quoting import quoted

    why = f"{one.why} (the policy says so: {one.origin.where})"
    return Rule(
        ADDED,
        one.family,
        one.severity,  # type: ignore[arg-type]  # `additions` has checked the word
        why,
        (one.pattern,),
        deleted=why,
        reference=quoted(one.pattern),
        firm=one.origin.kind == "floor",
    )


def _allowance(text: Text, rules: Iterable[Rule]) -> Allowance:
    name, colon, pattern = text.value.partition(":")
    names = (*(rule.name for rule in rules), ADDED)
    if name not in names:
        from paddock.policy.keys import nearest

        near = nearest(name, names)
        raise PolicyError(
            f"{text.origin.where}: hazards.allow names {name!a}, which is no hazard",
            why=f"did you mean {near}?" if near else "expected the name of a rule, or name:pattern",
            next_step="names and patterns: docs/reference/hazards.md",
        )
    return Allowance(name, Glob(pattern) if colon else None, text.origin.kind == "floor")
