"""`runArgs` and `build.options` as flags: what `podman run` and `docker run` would take them for.

Both engines parse with the same library, whose rules decide what is a value (pflag, "Command line flag syntax"):
`--name value`, `--name=value`; a boolean takes a value only after `=`; `-it` are two flags, `-v/a:/b` and `-v=/a:/b` carry
their value with them. The first argument that is no flag ends the flags: for `run` it is the *image*, and all that
follows is the command. The flags that there are come from a table, since nothing else says which of them take a value.
"""

from __future__ import annotations

import os

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FILE = os.path.join(os.path.dirname(__file__), "run_flags.toml")
RUN, BUILD = "run", "build"
ENGINES = ("docker", "podman")
# What Go's strconv.ParseBool takes, which reads the value of a boolean flag.
TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))
FALSE = frozenset(("0", "f", "F", "FALSE", "false", "False"))

_tables: dict[str, Table] = {}


@frozen
class Table:
    """The flags of one command. `engines` says for each who knows it; `takes` is value, boolean or optional."""

    takes: Mapping[str, str]
    engines: Mapping[str, tuple[str, ...]]
    short: Mapping[str, str]
    alias: Mapping[str, str]


@frozen
class Flag:
    """One flag by its long name, without dashes. `written` is how it stands there (`-v`, `--net`).

    `value` is its text; a boolean without one says "true". The arguments that it was made of are those from `first` to
    `last`, by their index: a cluster such as `-it` makes several flags of one argument.
    """

    name: str
    value: str
    written: str
    first: int
    last: int
    engines: tuple[str, ...] = ENGINES

    @property
    def on(self) -> bool:
        """For booleans: whether it switches on. What no engine could read counts as on, the worse of both."""
        return self.value not in FALSE


@frozen
class Trouble:
    """An argument that does not do what it looks like. `kind` is unknown, no-value, bad-boolean or stray."""

    kind: str
    text: str
    index: int


@frozen
class Parsed:
    """The flags in their order, and the arguments that no engine would take as flags."""

    flags: tuple[Flag, ...] = ()
    troubles: tuple[Trouble, ...] = ()

    def named(self, *names: str) -> tuple[Flag, ...]:
        """Those with one of these long names, in their order."""
        return tuple(flag for flag in self.flags if flag.name in names)

    def last(self, name: str) -> Flag | None:
        """The one that counts of a flag which holds a single value."""
        found = self.named(name)
        return found[-1] if found else None


def parse(arguments: Sequence[str], command: str = RUN) -> Parsed:
    """The flags in `arguments` for `run` or `build`. Nothing is refused: what is no flag is among the troubles."""
    reader = _Reader(table(command), arguments, command)
    reader.read()
    return Parsed(tuple(reader.flags), tuple(reader.troubles))


def table(command: str) -> Table:
    """The table of `run` or `build`; read once."""
    if command not in _tables:
        import tomllib

        with open(FILE, "rb") as file:
            _tables.update({name: _as_table(rows) for name, rows in tomllib.load(file).items()})
    return _tables[command]


def _as_table(rows: Mapping[str, Mapping[str, Sequence[str]]]) -> Table:
    takes: dict[str, str] = {}
    engines: dict[str, tuple[str, ...]] = {}
    for kind in ("value", "boolean", "optional"):
        for who, names in rows.get(kind, {}).items():
            for name in names:
                takes[name] = kind
                engines[name] = ENGINES if who == "both" else (who,)
    return Table(takes, engines, {**_texts(rows["short"])}, {**_texts(rows["alias"])})


def _texts(rows: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
    return {name: str(value) for name, value in rows.items()}


class _Reader:
    """One pass over the arguments."""

    def __init__(self, known: Table, arguments: Sequence[str], command: str) -> None:
        self.known = known
        self.arguments = arguments
        self.interspersed = command == BUILD  # `build` takes flags after its context, `run` none after the image
        self.flags: list[Flag] = []
        self.troubles: list[Trouble] = []
        self.at = 0

    def read(self) -> None:
        while self.at < len(self.arguments):
            index, text = self.at, self.arguments[self.at]
            self.at += 1
            if text == "--":
                return self.strays(self.at)
            if text.startswith("--"):
                self.long(text, index)
            elif text.startswith("-") and text != "-":
                self.cluster(text, index)
            elif not self.interspersed:
                return self.strays(index)
            else:
                self.trouble("stray", text, index)
        return None

    def strays(self, first: int) -> None:
        for index in range(first, len(self.arguments)):
            self.trouble("stray", self.arguments[index], index)

    def long(self, text: str, index: int) -> None:
        name, equals, value = text[2:].partition("=")
        name = self.known.alias.get(name, name)
        takes = self.known.takes.get(name)
        if takes is None:
            return self.unknown(name, value, text, index)
        if equals:
            return self.add(name, value, text[: text.index("=")], index)
        return self.bare(name, text, index)

    def cluster(self, text: str, index: int) -> None:
        letters = text[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            name = self.known.short.get(letter)
            if name is None:
                return self.unknown(letter, letters, text, index)
            if letters[:1] == "=" and len(letters) > 1:
                return self.add(name, letters[1:], f"-{letter}", index)
            if self.known.takes[name] != "value":
                self.add(name, "true", f"-{letter}", index)
            elif letters:
                return self.add(name, letters, f"-{letter}", index)
            else:
                self.bare(name, f"-{letter}", index)
        return None

    def bare(self, name: str, written: str, index: int) -> None:
        """A flag with nothing attached: a boolean is on, any other takes the next argument, whatever it looks like."""
        if self.known.takes[name] != "value":
            return self.add(name, "true", written, index)
        if self.at >= len(self.arguments):
            return self.trouble("no-value", written, index)
        self.at += 1
        return self.add(name, self.arguments[self.at - 1], written, index)

    def add(self, name: str, value: str, written: str, index: int) -> None:
        if self.known.takes[name] == "boolean" and value not in TRUE | FALSE:
            self.trouble("bad-boolean", f"{written}={value}", index)
        engines = self.known.engines[name]
        self.flags.append(Flag(name, value, written, index, self.at - 1, engines))

    def unknown(self, name: str, value: str, text: str, index: int) -> None:
        """Kept by its name. Whether the next argument is its value nobody can say: what looks like no flag is taken for it.

        Both engines refuse it; a newer one may know it.
        """
        self.trouble("unknown", text, index)
        if not value and "=" not in text and self.at < len(self.arguments) and self.arguments[self.at][:1] != "-":
            value = self.arguments[self.at]
            self.at += 1
        self.flags.append(Flag(name, value, text.partition("=")[0], index, self.at - 1, ()))

    def trouble(self, kind: str, text: str, index: int) -> None:
        self.troubles.append(Trouble(kind, text, index))
