"""The rules as data (`catalogue/*.toml`) and as functions (`rules/*.py`), which meet by the rule's id.

The ids are stable: suppressions, baselines and other pages cite them. One id may have several functions, say one for
devcontainer.json and one for Dockerfiles.
"""

from __future__ import annotations

import functools
import os
import re

from paddock.checking.findings import SEVERITIES
from paddock.errors import PaddockError
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from paddock.checking.context import Context
    from paddock.checking.findings import Hit
    from paddock.devcontainer.model import Effective

    Function = Callable[[Effective, Context], Iterable[Hit]]

_DIRECTORY = os.path.dirname(__file__)
_TEXTS = ("id", "slug", "title", "severity", "why", "fix")
_LISTS = ("references", "covers")  # the second may be left out
_SWITCHES = ("safe_fix", "secret")
_ID = re.compile(r"DC[0-9]{3}")
_FUNCTIONS: dict[str, list[Function]] = {}


@frozen
class Rule:
    """One thing that a dev container should not have.

    `title` says what is wrong in one line, `why` what it lets happen, `references` where that is written (a CVE, a
    CIS number, a section of the specification), `fix` what to do. `safe_fix` says that some hits carry edits. `covers`
    are the rules that say less about the same value: theirs are left out where this one speaks. `secret` says that the
    value itself must not be shown, or kept in a baseline.
    """

    id: str
    slug: str
    title: str
    severity: str
    why: str
    references: tuple[str, ...]
    fix: str
    safe_fix: bool = False
    covers: tuple[str, ...] = ()
    secret: bool = False


def rule(id: str) -> Callable[[Function], Function]:  # noqa: A002 - so it is called in the catalogue
    """Decorator: this function finds the hits of the rule `id`. It is pure, and gives them in any order."""

    def register(function: Function) -> Function:
        _FUNCTIONS.setdefault(id, []).append(function)
        return function

    return register


@functools.cache
def functions() -> Mapping[str, tuple[Function, ...]]:
    """The functions of every rule, by id. Imports all of `checking/rules`."""
    import importlib

    for name in sorted(os.listdir(f"{_DIRECTORY}/rules")):
        if name.endswith(".py") and name != "__init__.py":
            importlib.import_module(f"paddock.checking.rules.{name.removesuffix('.py')}")
    return {name: tuple(found) for name, found in _FUNCTIONS.items()}


def load(directory: str = f"{_DIRECTORY}/catalogue") -> tuple[Rule, ...]:
    """All rules, by id. Raises ValueError where a file of ours is wrong."""
    import tomllib

    found: dict[str, Rule] = {}
    for name in sorted(os.listdir(directory)):
        if not name.endswith(".toml"):
            continue
        with open(f"{directory}/{name}", "rb") as file:
            content = tomllib.load(file)
        if content.keys() != {"rule"}:
            message = f"{name}: holds {sorted(content)}, not [[rule]] alone"
            raise ValueError(message)
        for entry in content["rule"]:
            one = _rule(name, entry)
            if one.id in found:
                message = f"{name}: {one.id} is there twice"
                raise ValueError(message)
            found[one.id] = one
    for one in found.values():
        if not found.keys() >= set(one.covers):
            message = f"{one.id}: covers {sorted(set(one.covers) - found.keys())}, which is no rule"
            raise ValueError(message)
    return tuple(found[name] for name in sorted(found))


def choose(rules: Iterable[Rule], wanted: Iterable[str]) -> tuple[Rule, ...]:
    """Those that the words name: an id, a slug, or the beginning of ids ("DC1"). Raises PaddockError."""
    rules, words = tuple(rules), tuple(wanted)
    for word in words:
        if not any(_means(word, one) for one in rules):
            raise PaddockError(
                f"no rule is called {word!r}",
                why="a rule is named by its id (DC201), its slug (privileged), or the beginning of ids (DC2)",
                next_step="paddock check --list",
                code="unknown-rule",
            )
    return tuple(one for one in rules if any(_means(word, one) for word in words))


def _means(word: str, one: Rule) -> bool:
    upper = word.upper()
    return word == one.slug or upper == one.id or (len(upper) in (3, 4) and one.id.startswith(upper))


def _rule(name: str, entry: Mapping[str, Any]) -> Rule:
    required = {*_TEXTS, "references"}
    unknown, missing = entry.keys() - required - {"covers", *_SWITCHES}, required - entry.keys()
    wrong = (
        [field for field in _TEXTS if not (isinstance(entry.get(field), str) and entry[field].strip())]
        + [field for field in _LISTS if not all(isinstance(it, str) and it for it in entry.get(field, []))]
        + [field for field in ("severity",) if entry.get(field) not in SEVERITIES]
        + [field for field in _SWITCHES if not isinstance(entry.get(field, False), bool)]
    )
    if unknown or missing or wrong or not _ID.fullmatch(entry["id"]):
        message = f"{name}: {entry.get('id')}: {sorted({*unknown, *missing, *wrong}) or 'the id is not DC and digits'}"
        raise ValueError(message)
    values: dict[str, Any] = {field: entry[field] for field in _TEXTS}
    values |= {field: tuple(entry.get(field, ())) for field in _LISTS}
    values |= {field: entry.get(field, False) for field in _SWITCHES}
    return Rule(**values)
