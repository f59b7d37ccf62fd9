"""Whether a change is dangerous to the host, and why: the catalogue's rules and shapes, held against one change.

A new or changed path is judged by its name, then by what it is, then by its content beside the old one. A rename
is an addition at the new path: what lies where a program looks for it was not there before. A deletion executes
nothing; it is a hazard only where the file held something back, which its rule says. Directories are no hazard
by themselves, but for `.git`, which is judged by what is in it.
"""

from __future__ import annotations

import stat

from paddock.frozen import replace
from paddock.workspace import holding
from paddock.workspace.descent import split
from paddock.workspace.hazard import Hazard
from paddock.workspace.hazards import contents, formats, names, repositories, shapes
from paddock.workspace.hazards.links import Aliases
from paddock.workspace.hazards.sides import Sides

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Mapping

    from paddock.workspace.change import Change
    from paddock.workspace.hazards.catalogue import Rules
    from paddock.workspace.hazards.rule import Rule

    Finding = tuple[Rule, tuple[str, ...]]

LOOK_BYTES = 256 << 20  # of one file, where the policy calls no size a hazard
_CHANGED = ("added", "modified", "replaced", "renamed")


class Judge:
    """Judges the changes of one change set. Descriptors stay the caller's; nothing is written."""

    def __init__(self, rules: Rules, upper: int, lower: int, written: Mapping[str, bytes] | None = None) -> None:
        """`written` are contents, by path, that were put together in place of the sandbox's."""
        self._rules = rules
        self._sides = Sides(upper, lower, written)
        self._bare = repositories.Bare(self._sides)
        self._twins = shapes.Twins(self._sides)
        self._known_aliases: Aliases | None = None

    def judged(self, changes: Iterable[Change]) -> Iterator[Change]:
        """The changes with their hazards."""
        for change in changes:
            found = self.hazards(change)
            yield replace(change, hazards=found) if found else change

    def hazards(self, change: Change) -> tuple[Hazard, ...]:
        """What is dangerous about one change, in the order of the catalogue."""
        findings = [
            (rule, evidence)
            for rule, evidence in self._findings(change)
            if not self._rules.allowances or not self._rules.allowed(rule, change.path)
        ]
        return _merged(findings, self._rules.rules) if findings else ()

    def written(self, change: Change, content: bytes) -> tuple[Hazard, ...]:
        """The same for a content that is written in place of the sandbox's: of two harmless ones, perhaps."""
        change = replace(change, new_size=len(content))
        return Judge(self._rules, self._sides.upper, self._sides.lower, {change.path: content}).hazards(change)

    def _findings(self, change: Change) -> Iterator[Finding]:
        if change.kind == "same":
            return
        if change.kind == "deleted":
            yield from self._deleted(change.path)
            if holding.is_git(split(change.path)[1]):
                yield self._shape(repositories.REPLACED)
            return
        if change.source:
            yield from self._deleted(change.source)
        if holding.is_git(split(change.path)[1]):
            yield from self._git(change)
        elif not stat.S_ISDIR(change.new_mode):
            yield from self._named(change)
        yield from ((self._rules.shapes[name], evidence) for name, evidence in self._shapes(change))

    def _shape(self, name: str, *evidence: str) -> Finding:
        return self._rules.shapes[name], contents.shown(evidence)

    def _deleted(self, path: str) -> Iterator[Finding]:
        for rule in self._rules.matcher.matching(path):
            if rule.deleted:
                yield replace(rule, why=rule.deleted), ("deleted",)

    # -- by name and content ---------------------------------------------------------------------------------------

    def _named(self, change: Change) -> Iterator[Finding]:
        if change.kind not in _CHANGED:
            return
        for path in (change.path, *self._aliases.of(change.path)):
            rules = self._by_name(path, change.new_mode)
            if rules:
                note = () if path == change.path else (f"also called {path}",)
                yield from ((rule, (*note, *evidence)) for rule, evidence in self._compared(rules, change))

    @property
    def _aliases(self) -> Aliases:
        if self._known_aliases is None:
            self._known_aliases = Aliases(self._sides.upper, self._sides.lower)
        return self._known_aliases

    def _by_name(self, path: str, mode: int) -> tuple[Rule, ...]:
        matcher = self._rules.matcher
        return matcher.matching_link(path) if stat.S_ISLNK(mode) else matcher.matching(path)

    def _compared(self, rules: tuple[Rule, ...], change: Change) -> Iterator[Finding]:
        if not stat.S_ISREG(change.new_mode):
            target = self._sides.target(change.path)
            yield from ((rule, contents.shown([f"-> {target}"] if target else [])) for rule in rules)
            return
        limit = max(map(contents.limit_bytes, rules))
        try:
            found, new = self._sides.new(change.path, limit)
        except OSError:
            yield from ((rule, ("cannot be read",)) for rule in rules)
            return
        old = self._sides.old(change.path, limit) if change.kind == "modified" else None
        for rule in rules:
            is_small = found.st_size <= contents.limit_bytes(rule)
            evidence = contents.evidence(rule, old, new) if is_small else contents.too_large(rule)
            if evidence is not None:
                yield rule, evidence

    # -- git -------------------------------------------------------------------------------------------------------

    def _git(self, change: Change) -> Iterator[Finding]:
        if not stat.S_ISDIR(change.new_mode):
            yield self._shape(repositories.POINTER, *self._pointer(change))
            return
        if not stat.S_ISDIR(change.old_mode):
            yield self._shape(repositories.REPLACED if change.old_mode else repositories.REPOSITORY)
        elif self._sides.is_opaque(change.path):
            yield self._shape(repositories.REPLACED)
        for path, found in repositories.steering(self._sides.upper, change.path):
            if not path:
                yield self._shape("shape-unreadable", "too many files to look at")
                return
            yield from self._in_git(path, found)

    def _in_git(self, path: str, found: os.stat_result) -> Iterator[Finding]:
        from paddock.workspace.change import Change

        rules = self._by_name(path, found.st_mode)
        if not rules:
            return
        for rule, evidence in self._compared(rules, Change(path, "modified", new_mode=found.st_mode)):
            yield rule, contents.shown([f"{path}: {line}" for line in evidence] or [path])

    def _pointer(self, change: Change) -> list[str]:
        target = self._sides.target(change.path)
        if target:
            return [f"-> {target}"]
        try:
            return formats.text_of(self._sides.new(change.path, contents.LARGEST_OTHERS_BYTES)[1]).split("\n")
        except OSError:
            return []

    # -- by shape --------------------------------------------------------------------------------------------------

    def _shapes(self, change: Change) -> Iterator[shapes.Shape]:
        mode = change.new_mode
        parent, name = split(change.path)
        is_new = change.kind in ("added", "renamed", "replaced")
        if is_new:
            yield from ((shape, ()) for shape in names.shapes(name))
            yield from shapes.of_top(change.path)
            yield from self._twins.of(parent, name)
        if named := self._rules.named.by(change.path, is_link=stat.S_ISLNK(mode)):
            yield shapes.NAMED, (f"named by {named}",)
        if change.kind in _CHANGED:
            bare = self._bare.around(parent, name)
            if bare is not None:
                yield repositories.BARE, contents.shown([f"{bare or '.'}: HEAD, objects and refs"])
        if mode & shapes.WORTH_A_LOOK:
            yield from shapes.of_mode(change)
        if change.held in ("unreadable", "deep", "mount"):
            yield "shape-unreadable", (holding.REASONS[change.held],)
        elif stat.S_ISLNK(mode):
            yield from shapes.of_link(change.path, self._sides.target(change.path))
        elif stat.S_ISREG(mode):
            if change.kind in _CHANGED:
                yield from self._of_content(change, name)
        else:
            yield from shapes.of_special(mode)

    def _of_content(self, change: Change, name: str) -> Iterator[shapes.Shape]:
        large = self._rules.large_bytes
        limit = LOOK_BYTES if large is None else min(large, LOOK_BYTES)
        if change.new_size > limit:
            limit = shapes.BINARY_LOOK_BYTES  # enough to know a program by; nobody reads the rest
        try:
            found, new = self._sides.new(change.path, limit)
        except OSError:
            yield "shape-unreadable", ()
            return
        yield from shapes.of_file(found, large)
        if change.kind != "renamed" and new:
            old = None
            if change.kind == "modified" and shapes.wants_old(new):
                old = self._sides.old(change.path, limit)
            yield from shapes.of_content(name, new, old)


def _merged(findings: list[Finding], order: tuple[Rule, ...]) -> tuple[Hazard, ...]:
    """One hazard for each rule, with all its evidence."""
    lines: dict[str, list[str]] = {}
    rules: dict[str, Rule] = {}
    for rule, evidence in findings:
        key = f"{rule.name}\0{rule.why}"
        rules.setdefault(key, rule)
        known = lines.setdefault(key, [])
        known += [line for line in evidence if line not in known]
    places = {rule.name: number for number, rule in enumerate(order)}
    return tuple(
        Hazard(rule.name, rule.family, rule.severity, rule.why, contents.cut(lines[key]), rule.reference)
        for key, rule in sorted(rules.items(), key=lambda item: places[item[1].name])
    )
