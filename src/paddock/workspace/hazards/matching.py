"""Which rules speak of a path. Made for a million paths: a name is looked up, not compared with every pattern.

Patterns are those of gitignore(5), with three differences. They match at any depth, also with a slash in the
middle; only a slash at the start ties one to the top. They match every spelling of a name (`spelling`). One with a
slash at the end means all that is below, and whatever stands in the directory's place.
"""

from __future__ import annotations

from paddock.plan.patterns import is_literal, matches
from paddock.workspace.hazards.spelling import folded, numbered, shortened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from paddock.workspace.hazards.rule import Rule

    Directory = tuple[tuple[str, ...], frozenset[int]]  # its folded names, and the rules for all that is below

_REMEMBERED = 4096  # directories
_ANY_DEPTH = "**"


class _Name:
    """One component of a pattern. Before it is matched as a whole, what it starts and ends with is."""

    __slots__ = ("is_simple", "literal", "prefix", "short", "suffix", "text")

    def __init__(self, text: str, *, exact: bool) -> None:
        self.text = text if exact else folded(text)
        self.literal = is_literal(self.text)
        self.short = shortened(self.text) if self.literal and not exact else ""
        signs = [at for at, character in enumerate(self.text) if character in "*?[]"]
        self.prefix = self.text[: signs[0]] if signs else ""
        self.suffix = self.text[signs[-1] + 1 :] if signs else ""
        self.is_simple = len(signs) == 1 and self.text[signs[0]] == "*"

    def fits(self, name: str) -> bool:
        if self.literal:
            return name in (self.text, self.short)
        if not (name.startswith(self.prefix) and name.endswith(self.suffix)):
            return False
        return len(name) >= len(self.prefix) + len(self.suffix) if self.is_simple else matches(name, self.text)


class _Pattern:
    """The last component leads to a pattern; the others, None for any depth, are compared from the right."""

    __slots__ = ("anchored", "last", "needed", "parents", "rule", "start", "tree")

    def __init__(self, text: str, rule: int, *, exact: bool = False) -> None:
        self.rule = rule
        self.tree = text.endswith(("/", "/**"))
        self.anchored = text.startswith("/")
        *parents, last = text.strip("/").removesuffix("/**").split("/")
        self.last = _Name(last, exact=exact)
        self.parents = [None if part == _ANY_DEPTH else _Name(part, exact=exact) for part in reversed(parents)]
        self.start = self._skip({0})
        literals = [part for part in self.parents if part and part.literal]
        self.needed = (literals[0].text, literals[0].short or literals[0].text) if literals else None

    def fits_parents(self, names: Sequence[str]) -> bool:
        """Whether the components before the last fit. In O(parents · names), whoever wrote the pattern."""
        if not self.parents:
            return not self.anchored or not names
        if self.needed and self.needed[0] not in names and self.needed[1] not in names:
            return False
        end = len(self.parents)
        reached = self.start
        for name in reversed(names):
            if end in reached and not self.anchored:
                return True
            reached = self._skip(
                {
                    at if part is None else at + 1
                    for at in reached
                    if at < end and ((part := self.parents[at]) is None or part.fits(name))
                }
            )
            if not reached:
                return False
        return end in reached

    def _skip(self, reached: set[int]) -> set[int]:
        """Any depth may also be none."""
        found = set(reached)
        for at in reached:
            inner = at
            while inner < len(self.parents) and self.parents[inner] is None:
                inner += 1
                found.add(inner)
        return found

    def may_be_below(self, names: Sequence[str]) -> bool:
        """Whether the pattern could match something below a directory: a start of it fits the end of the path."""
        parts = self.parents[::-1]
        for length in range(1, min(len(parts), len(names)) + 1):
            if self.anchored and length != len(names):
                continue
            pairs = zip(parts[:length], names[-length:], strict=True)
            if all(part is not None and part.fits(name) for part, name in pairs):
                return True
        return False


class Matcher:
    """Compiled patterns of rules."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._literal: dict[str, list[_Pattern]] = {}  # by the whole last name
        self._starting: dict[str, list[_Pattern]] = {}  # by its first two characters
        self._ending: dict[str, list[_Pattern]] = {}  # by its last two
        self._others: list[_Pattern] = []
        self._inner: dict[str, list[_Pattern]] = {}  # by the names of directories on the way
        self._inner_others: list[_Pattern] = []
        self._seen: dict[str, Directory] = {"": ((), frozenset())}
        for number, rule in enumerate(rules):
            for text in rule.patterns:
                self._add(_Pattern(text, number))

    def _add(self, pattern: _Pattern) -> None:
        last = pattern.last
        if last.literal:
            for name in filter(None, (last.text, last.short)):
                self._literal.setdefault(name, []).append(pattern)
        elif len(last.prefix) > 1:
            self._starting.setdefault(last.prefix[:2], []).append(pattern)
        elif len(last.suffix) > 1:
            self._ending.setdefault(last.suffix[-2:], []).append(pattern)
        else:
            self._others.append(pattern)
        for part in filter(None, pattern.parents):
            if part.literal:
                for name in filter(None, (part.text, part.short)):
                    self._inner.setdefault(name, []).append(pattern)
            else:
                self._inner_others.append(pattern)

    def matching(self, path: str) -> tuple[Rule, ...]:
        """The rules for a file at a path, in the order of the catalogue."""
        parent, name = _split(path)
        names, trees = self._directory(parent)
        found = self._ending_in(numbered(folded(name)), names)
        return self._ordered({pattern.rule for pattern in found} | trees) if found or trees else ()

    def matching_link(self, path: str) -> tuple[Rule, ...]:
        """The rules for a link, which may also lead to a directory: those for what would be below it too."""
        parent, name = _split(path)
        names, trees = self._directory(parent)
        name = numbered(folded(name))
        whole = (*names, name)
        below = [
            pattern for pattern in (*self._inner.get(name, ()), *self._inner_others) if pattern.may_be_below(whole)
        ]
        return self._ordered({pattern.rule for pattern in (*self._ending_in(name, names), *below)} | trees)

    def _ordered(self, numbers: set[int] | frozenset[int]) -> tuple[Rule, ...]:
        return tuple(self._rules[number] for number in sorted(numbers))

    def _directory(self, path: str) -> Directory:
        """What is known of a directory; its parents are learnt on the way, without recursion."""
        found = self._seen.get(path)
        if found is not None:
            return found
        if len(self._seen) >= _REMEMBERED:
            self._seen = {"": ((), frozenset())}
        names: tuple[str, ...] = ()
        trees: frozenset[int] = frozenset()
        at = 0
        while at >= 0:
            at = path.find("/", at + 1)
            start = path if at < 0 else path[:at]
            known = self._seen.get(start)
            if known is None:
                name = numbered(folded(start.rpartition("/")[2]))
                more = {pattern.rule for pattern in self._ending_in(name, names) if pattern.tree}
                known = (*names, name), trees | more
                self._seen[start] = known
            names, trees = known
        return names, trees

    def _ending_in(self, name: str, parents: tuple[str, ...]) -> list[_Pattern]:
        found: list[_Pattern] = []
        for candidates in (
            self._literal.get(name),
            self._starting.get(name[:2]),
            self._ending.get(name[-2:]),
            self._others,
        ):
            if candidates:
                found += [one for one in candidates if one.last.fits(name) and one.fits_parents(parents)]
        return found


def _split(path: str) -> tuple[str, str]:
    if "\\" in path:  # what Windows takes for a slash
        path = "/".join(filter(None, path.replace("\\", "/").split("/"))) or path
    parent, _, name = path.rpartition("/")
    return parent, name


class Glob:
    """One pattern that matches names exactly as they are written: for allowances, which must not be too wide."""

    def __init__(self, text: str) -> None:
        self._pattern = _Pattern(text, 0, exact=True)

    def fits(self, path: str) -> bool:
        """Whether the pattern means this path."""
        names = path.split("/")
        ends = range(1, len(names) + 1) if self._pattern.tree else (len(names),)
        return any(
            self._pattern.last.fits(names[end - 1]) and self._pattern.fits_parents(names[: end - 1]) for end in ends
        )
