"""From plain data, wherever it came from, to a layer: every key known, every value right, or all errors at once."""

from __future__ import annotations

from paddock.errors import PolicyError
from paddock.policy import hosts, values
from paddock.policy.keys import (
    COMING,
    COMING_WORDS,
    CREDENTIALS,
    KEYS,
    LIMITS,
    LISTS,
    NONE,
    SECTIONS,
    names_in,
    nearest,
)
from paddock.policy.model import Added, Allowed, Assignment, Layer, Origin, Setting, Text
from paddock.policy.values import Wrong, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence, Sized

    from paddock.policy.comparing import Entry
    from paddock.policy.keys import Key
    from paddock.policy.model import Entries, LayerKind, Value

    Place = tuple[str | int, ...]  # ("network", "allow", 0)
    Problem = tuple[int, str, bool]  # line, message, and whether it is about something that is to come

MOST_PROBLEMS = 20  # of one file; a hostile one could have a hundred thousand
MOST_ENTRIES = 1000  # of one list
_AMOUNTS: dict[str, Callable[[object], float]] = {
    "size": values.size,
    "count": values.count,
    "number": values.number,
    "duration": values.duration,
}
_TEXTS: dict[str, Callable[[object], str]] = {
    "patterns": values.pattern,
    "variables": values.variable_pattern,
    "gaps": values.gap,
}


def scalar(key: Key, value: object) -> str | float | None:
    """The value of a key that is no list. Raises Wrong."""
    if key.largest:
        return values.count_to(value, key.largest)
    if key.kind in LIMITS:
        return None if value == NONE else _AMOUNTS[key.kind](value)
    if key.kind == "switch":
        if not isinstance(value, bool):
            raise Wrong(f"expected true or false, not {shown(value)}")
        return "true" if value else "false"
    if isinstance(value, str) and value not in key.choices:
        coming = COMING_WORDS.get(key.full, {}).get(value)
        if coming:
            raise Wrong(f"{shown(value)} ({coming}) is not available yet", coming=True)
    return _choice(key, value)


def _choice(key: Key, value: object) -> str:
    if isinstance(value, str) and value in key.choices:
        return value
    *most, last = key.choices
    near = nearest(value, key.choices) if isinstance(value, str) else ""
    hint = f'; did you mean "{near}"?' if near else ""
    raise Wrong(f"expected {', '.join(most)} or {last}, not {shown(value)}{hint}")


def items(key: Key, value: object, origin: Origin, base: str = "") -> Sequence[Entry]:
    """What one entry of a list says: one value, or one for each port of a host. Raises Wrong."""
    return hosts.allowed(value, origin) if key.kind == "hosts" else (_item(key, value, origin, base),)


def _item(key: Key, value: object, origin: Origin, base: str) -> Entry:
    if key.kind == "denials":
        return hosts.denied(value, origin)
    if key.kind == "ports":
        return hosts.published(value, origin)
    if key.kind == "words":
        return Text(_choice(key, value), origin)
    if key.kind in ("rules", "allowances"):
        from paddock.policy import additions

        if key.kind == "rules":
            return Added(*additions.rule(value), origin)
        return Text(additions.allowance(value), origin)
    read = values.path(base) if key.kind == "paths" else _TEXTS[key.kind]
    return Text(read(value), origin)


def assignment(name: object, value: object, origin: Origin) -> Assignment:
    """One variable. Raises Wrong."""
    return Assignment(values.variable(name), values.variable_value(value), origin)


def layer_from(
    data: Mapping[str, object], lines: Mapping[Place, int], kind: LayerKind, where: str, base: str = ""
) -> Layer:
    """Check a whole document. Raises PolicyError with every problem of it, in the order of their lines."""
    reader = _Reader(lines, kind, where, base)
    settings = [setting for name, table in data.items() for setting in reader.section(name, table)]
    if reader.problems:
        raise problems_error(reader.problems, where)
    order = list(KEYS)
    return Layer(kind, where, tuple(sorted(settings, key=lambda setting: order.index(setting.key))))


def _not_too_many(entries: Sized) -> None:
    if len(entries) > MOST_ENTRIES:
        raise Wrong(f"expected at most {MOST_ENTRIES} entries, not {len(entries)}")


def _not_twice(entries: Sequence[Entry]) -> None:
    """Two entries of one file for the same host and port that bound it differently are a mistake, not a choice."""
    hosts_there = [entry for entry in entries if isinstance(entry, Allowed)]
    if len({(entry.host, entry.port) for entry in hosts_there}) < len(hosts_there):
        from paddock.policy.reach import contradiction

        found = contradiction(hosts_there)
        if found:
            raise Wrong(found)


class _Reader:
    """One walk over a document, collecting problems."""

    def __init__(self, lines: Mapping[Place, int], kind: LayerKind, where: str, base: str) -> None:
        self.lines, self.kind, self.where, self.base = lines, kind, where, base
        self.problems: list[Problem] = []

    def line(self, place: Place) -> int:
        """The line of a place, or of what holds it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def origin(self, place: Place) -> Origin:
        """Who decided the entry at a place."""
        return Origin(self.kind, f"{self.where}:{self.line(place)}")

    def wrong(self, place: Place, message: str, *, coming: bool = False) -> None:
        """Remember a problem."""
        self.problems.append((self.line(place), message, coming))

    def section(self, name: str, table: object) -> Iterable[Setting]:
        """The settings of one section."""
        if name in COMING:
            self.wrong((name,), f"[{name}] ({COMING[name]}) is not available yet", coming=True)
        elif name not in SECTIONS:
            self._unknown((name,), name, "section", (*SECTIONS, *KEYS))
        elif not isinstance(table, dict):
            self.wrong((name,), f"{name}: expected a section [{name}], not {shown(table)}")
        elif name == KEYS[CREDENTIALS].section:
            yield from self._credentials(name, table)
        else:
            for key_name, value in table.items():
                full = f"{name}.{key_name}"
                if full in SECTIONS and isinstance(value, dict):  # [network.setup], a table in the table
                    for last, one in value.items():
                        yield from self._setting((name, key_name, last), f"{full}.{last}", one)
                else:
                    yield from self._setting((name, key_name), full, value)

    def _credentials(self, section: str, table: dict[object, object]) -> Iterable[Setting]:
        """Sections of the form [credentials.NAME]. One that is empty says that there are none."""
        from paddock.policy import bindings

        try:
            _not_too_many(table)
        except Wrong as error:
            self.wrong((section,), f"{section}: {error}")
            return
        good: list[Entry] = []
        for name, value in table.items():
            at = (section, str(name))
            full = f"{section}.{name}" if bindings.is_name(str(name)) else section
            binding = bindings.read(
                str(name),
                value,
                lambda place, at=at: self.origin((*at, *place)),  # type: ignore[misc]  # bound here, called here
                lambda place, error, at=at, full=full: self.wrong(  # type: ignore[misc]
                    (*at, *place), f"{'.'.join((full, *map(str, place[:1])))}: {error}", coming=error.coming
                ),
            )
            good += [binding] if binding else []
        yield Setting(CREDENTIALS, tuple(good), self.origin((section,)))  # type: ignore[arg-type]  # bindings only

    def _setting(self, place: Place, full: str, value: object) -> Iterable[Setting]:
        key = KEYS.get(full)
        if full in COMING:
            self.wrong(place, f"{full} ({COMING[full]}) is not available yet", coming=True)
        elif key is None:
            self._unknown(place, full, "key", (*names_in(str(place[0])), *KEYS))
        else:
            try:
                yield Setting(full, self._value(key, place, value), self.origin(place))
            except Wrong as error:
                self.wrong(place, f"{key.full}: {error}", coming=error.coming)

    def _value(self, key: Key, place: Place, value: object) -> Value:
        if key.kind == "assignments":
            if not isinstance(value, dict):
                raise Wrong(f'expected a table such as {{ NAME = "value" }}, not {shown(value)}')
            return self._assignments(key, place, value)
        if key.kind in LISTS:
            if not isinstance(value, list):
                raise Wrong(f"expected a list in [ ], not {shown(value)}")
            return self._items(key, place, value)
        return scalar(key, value)

    def _items(self, key: Key, place: Place, entries: list[object]) -> Entries:
        _not_too_many(entries)
        good: list[Entry] = []
        for index, value in enumerate(entries):
            at = (*place, index)
            try:
                good += items(key, value, self.origin(at), self.base)
            except Wrong as error:
                self.wrong(at, f"{key.full}: {error}", coming=error.coming)
        _not_too_many(good)
        _not_twice(good)
        return tuple(good)  # type: ignore[return-value]  # one key has one kind of entry

    def _assignments(self, key: Key, place: Place, table: dict[object, object]) -> tuple[Assignment, ...]:
        _not_too_many(table)
        good: list[Assignment] = []
        for name, value in table.items():
            at = (*place, str(name))
            try:
                good.append(assignment(name, value, self.origin(at)))
            except Wrong as error:
                self.wrong(at, f"{key.full}: {error} (for {shown(name)})")
        return tuple(good)

    def _unknown(self, place: Place, full: str, what: str, known: tuple[str, ...]) -> None:
        near = ""
        if len(self.problems) < MOST_PROBLEMS:  # comparing words is slow
            last = str(place[-1])
            elsewhere = next((key.full for key in KEYS.values() if key.name == last), "")
            near = nearest(last, known) or elsewhere or nearest(full, known)
            if near in names_in(str(place[0])):
                near = f"{place[0]}.{near}"
        hint = f"; did you mean {near}?" if near else f"; there are {', '.join(SECTIONS)}" if what == "section" else ""
        name = full if full.replace(".", "").replace("_", "").isalnum() and full.isascii() else shown(full)
        self.wrong(place, f"unknown {what} {name[:80]}{hint}")


def problems_error(problems: Iterable[Problem], where: str) -> PolicyError:
    """One error for all problems: the first one as what happened, the others as why."""
    first, *others = sorted(problems)
    listed = [f"{where}:{line}: {message}" for line, message, _ in others[: MOST_PROBLEMS - 1]]
    if len(others) >= MOST_PROBLEMS:
        listed.append(f"and {len(others) - MOST_PROBLEMS + 1} more")
    return PolicyError(
        f"{where}:{first[0]}: {first[1]}",
        why="\n".join(listed),
        next_step="look keys up with: paddock policy schema",
        code="not-available-yet" if all(coming for _, _, coming in (first, *others)) else "policy",
    )
