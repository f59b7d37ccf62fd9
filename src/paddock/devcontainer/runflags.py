"""`runArgs` and `build.options` as flags: what `podman run` and `docker run` would take them for.

Both engines parse with the same library, whose rules decide what is a value (spf13/pflag, "Command line flag syntax"):
`--name value`, `--name=value`; a boolean takes a value only after `=`; `-it` are two flags, `-v/a:/b` and
`-v=/a:/b` one with its value. The first argument that is no flag ends the flags: for `run` it is the *image*, and all
that follows is the command. Which flags take a value is in a table, since the arguments do not say it.
"""

from __future__ import annotations

import os

from paddock.devcontainer.document import Flaw, Place
from paddock.devcontainer.model import Flag
from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paddock.devcontainer.model import Text

FILE = os.path.join(os.path.dirname(__file__), "run_flags.toml")
RUN, BUILD = "run", "build"
# What Go's strconv.ParseBool takes, which reads the value of a boolean flag.
TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))
FALSE = frozenset(("0", "f", "F", "FALSE", "false", "False"))

_tables: dict[str, Table] = {}


@frozen
class Table:
    """The flags of one command that docker or podman knows, by their long names without dashes: what they take."""

    takes: Mapping[str, str]  # value, boolean or optional
    short: Mapping[str, str]
    alias: Mapping[str, str]


@frozen
class Parsed:
    """The flags in their order, and what is wrong with the arguments.

    Codes of the flaws: `unknown-flag`, `flag-without-value`, `flag-not-boolean`, `no-flag` (it is taken for the image).
    """

    flags: tuple[Flag, ...] = ()
    flaws: tuple[Flaw, ...] = ()


def parse(words: Sequence[Text], command: str = RUN) -> Parsed:
    """The flags in the arguments of `run` or `build`. Nothing is refused: an unknown flag is kept by its name."""
    reader = _Reader(table(command), words, command)
    reader.read()
    return Parsed(tuple(reader.flags), tuple(reader.flaws))


def is_on(flag: Flag) -> bool:
    """Whether a boolean flag switches on. A value that no engine reads counts as on, the worse of the two."""
    return flag.value not in FALSE


def table(command: str) -> Table:
    """The table of `run` or `build`; the file is read once."""
    if command not in _tables:
        import tomllib

        with open(FILE, "rb") as file:
            _tables.update({name: _as_table(rows) for name, rows in tomllib.load(file).items()})
    return _tables[command]


def _as_table(rows: Mapping[str, Mapping[str, Sequence[str]]]) -> Table:
    takes = {
        name: kind
        for kind in ("value", "boolean", "optional")
        for names in rows.get(kind, {}).values()
        for name in names
    }
    short, alias = ({name: str(long) for name, long in rows[part].items()} for part in ("short", "alias"))
    return Table(takes, short, alias)


class _Reader:
    """One pass over the words."""

    def __init__(self, known: Table, words: Sequence[Text], command: str) -> None:
        self.known = known
        self.words = words
        self.command = command
        self.flags: list[Flag] = []
        self.flaws: list[Flaw] = []
        self.at = 0  # the next word
        self.first = 0  # the word that is read

    def read(self) -> None:
        while self.at < len(self.words):
            self.first, text = self.at, self.words[self.at].value
            self.at += 1
            if text in {"--", "-"} or not text.startswith("-"):
                self.no_flag(self.at if text == "--" else self.first)
                return
            if text.startswith("--"):
                self.long(text)
            else:
                self.cluster(text[1:])

    def no_flag(self, first: int) -> None:
        """What follows is the image and its command; the image that the tool appends is one of its words."""
        self.at = len(self.words)
        if first < len(self.words):
            self.first = first
            text = self.words[first].value
            what = "the image, and the rest for its command" if self.command == RUN else "the folder to build in"
            self.flaw("no-flag", f"{text!r} is no flag: `{self.command}` takes it for {what}")

    def long(self, text: str) -> None:
        name, equals, value = text[2:].partition("=")
        name = self.known.alias.get(name, name)
        if name not in self.known.takes:
            self.unknown(f"--{name}", value if equals else None)
        elif equals:
            self.add(name, value)
        else:
            self.bare(name)

    def cluster(self, letters: str) -> None:
        """`-it`, `-v/a:/b`, `-v=/a:/b`: letters up to the first that takes a value, which is the rest."""
        while letters:
            letter, letters = letters[0], letters[1:]
            name = self.known.short.get(letter)
            if name is None:
                return self.unknown(f"-{letter}", letters or None)
            if letters.startswith("=") and len(letters) > 1:
                return self.add(name, letters[1:])
            if self.known.takes[name] == "value" and letters:
                return self.add(name, letters)
            self.bare(name)
        return None

    def bare(self, name: str) -> None:
        """A flag with nothing attached: a boolean is on, any other takes the next word, whatever it looks like."""
        if self.known.takes[name] != "value":
            self.add(name, None)
        elif self.at < len(self.words):
            self.at += 1
            self.add(name, self.words[self.at - 1].value)
        else:
            self.flaw("flag-without-value", f"--{name} needs a value, and there is none after it")

    def add(self, name: str, value: str | None) -> None:
        if self.known.takes[name] == "boolean" and value is not None and value not in TRUE | FALSE:
            self.flaw("flag-not-boolean", f"--{name} is true or false, not {value!r}")
        self.keep(f"--{name}", value)

    def unknown(self, name: str, value: str | None) -> None:
        """Whether the next word is its value nobody can say: one that does not look like a flag is taken for it."""
        self.flaw("unknown-flag", f"`{self.command}` of neither Docker nor Podman knows {name}")
        if value is None and self.at < len(self.words) and not self.words[self.at].value.startswith("-"):
            value = self.words[self.at].value
            self.at += 1
        self.keep(name, value)

    def keep(self, name: str, value: str | None) -> None:
        self.flags.append(Flag(name, value, self.words[self.first].origin, self.at - self.first))

    def flaw(self, code: str, message: str) -> None:
        origin = self.words[self.first].origin
        self.flaws.append(Flaw(code, message, origin.place or Place(origin.name, 1, 1, 0, 0)))
