"""The commands in a shell's text, as far as one can tell without running it. Pure.

Hooks, RUN lines and scripts are read for what they plainly say (`curl … | sh`, `sudo apt-get`), as a reviewer would.
Whoever wants to hide a command from this can: that is what the boundary is for. The grammar is that of POSIX.1-2017,
XCU 2, without functions, here-documents and arithmetic, and with `$'…'` and `<( )` of bash.
"""

from __future__ import annotations

import functools
import itertools
import shlex

from paddock.frozen import frozen, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SHELLS = frozenset(("sh", "bash", "zsh", "dash", "ash", "ksh", "fish"))
# They run what follows: the command that counts comes after them, and after their options.
_WRAPPERS = frozenset(("sudo", "doas", "env", "exec", "command", "nohup", "time", "nice", "xargs", "builtin", "gosu"))
_WITH_VALUE = {  # their options that take the next word
    "sudo": frozenset(("-u", "-g", "-h", "-p", "-C", "-r", "-t", "-T", "-U", "-D", "-R")),
    "env": frozenset(("-u", "-C", "-S")),
    "nice": frozenset(("-n",)),
    "xargs": frozenset(("-n", "-I", "-P", "-L", "-d", "-E", "-s", "-a")),
    "exec": frozenset(("-a",)),
}
_KEYWORDS = frozenset(("if", "then", "else", "elif", "do", "while", "until", "fi", "done", "esac", "!", "{", "}"))
_TO_FILE = (">", ">>", ">|", "1>", "1>>", "1>|")
_DEEPEST = 8  # texts in texts
_SUBSTITUTED = "$()"  # stands in a word for what another command prints there


@frozen
class Command:
    """A simple command: its words without quotes, without assignments before it and redirections.

    `start` is its offset in the text. `into` is the number of the command that reads its output: the next of the
    pipe, or the one whose words it is substituted into; -1 where there is none. `assigned` are the assignments before
    it, `writes` the files that its output goes to (`> file`).
    """

    words: tuple[str, ...]
    start: int
    into: int = -1
    assigned: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()

    @property
    def program(self) -> str:
        """The name of what is run in the end, without its directory: `apt-get` of `sudo -E apt-get update`."""
        words = self.plain
        return words[0].rpartition("/")[2] if words else ""

    @property
    def arguments(self) -> tuple[str, ...]:
        """What `program` is given."""
        return self.plain[1:]

    @property
    def plain(self) -> tuple[str, ...]:
        """The words from the program on: without `sudo`, `env` and their like."""
        return self.words[_program(self.words) :]

    def runs(self, *names: str) -> bool:
        """Whether one of these programs is run, be it as a wrapper such as `sudo`."""
        wrappers = self.words[: len(self.words) - len(self.plain) + 1]
        return any(word.rpartition("/")[2] in names for word in wrappers)


@functools.lru_cache(maxsize=64)  # a dozen rules ask for the same hooks
def commands(text: str) -> tuple[Command, ...]:
    """The commands of a shell's text in their order, those in substitutions and in `sh -c` included."""
    reader = _Reader(text)
    reader.read()
    return tuple(reader.found)


def of_arguments(words: Sequence[str]) -> str:
    """The shell's text of a command that is given as a list."""
    return shlex.join(words)


def _program(words: tuple[str, ...]) -> int:
    """The index of the program that is run in the end, in one pass: a line may hold ten thousand `sudo`."""
    at = 0
    while at < len(words) and (wrapper := words[at].rpartition("/")[2]) in _WRAPPERS:
        takes = _WITH_VALUE.get(wrapper, frozenset())
        at += 1
        while at < len(words) and (words[at][:1] == "-" or _assigns(words[at])):
            option = words[at]
            at += 2 if option in takes else 1
            if option == "--":
                break
        at += wrapper == "gosu"  # the user
    return at


def _assigns(word: str) -> bool:
    name, equals, _ = word.partition("=")
    return bool(equals) and name.isidentifier()


class _Reader:
    """One pass over a text. Nested texts are read by a reader of their own, with offsets of the outermost."""

    def __init__(self, text: str, offset: int = 0, depth: int = 0) -> None:
        self.text = text
        self.offset = offset
        self.depth = depth
        self.at = 0
        self.found: list[Command] = []
        self.feeding = -1  # the command whose pipe the next one reads
        self.last = -1  # the last command of this text
        self.begin()

    def begin(self) -> None:
        self.words: list[str] = []
        self.word: str | None = None
        self.quoted = False
        self.start = -1
        self.inner: list[tuple[str, int]] = []  # texts that are substituted into this command
        self.skip = ""  # the operator of a redirection whose target the next word is
        self.writes: list[str] = []

    def read(self) -> None:
        while self.at < len(self.text):
            self.step(self.text[self.at])
        self.end()

    def step(self, character: str) -> None:
        if character in " \t\r":
            self.at += 1
            self.close()
        elif character == "#" and self.word is None:
            self.at = self.find("\n")
        elif character in "\n;&|()":
            self.operator(character)
        elif character in "<>":
            self.redirection()
        else:
            self.piece(character)

    def operator(self, character: str) -> None:
        following = self.text[self.at + 1 : self.at + 2]
        if character == "&" and following == ">":  # `&>file`
            self.at += 1
            return
        self.at += 2 if following and character + following in ("&&", "||", "|&", ";;") else 1
        self.end(piped=character == "|" and following != "|")

    def redirection(self) -> None:
        if self.text[self.at + 1 : self.at + 2] == "(":  # `<(command)`: its output is a file that is read
            self.at += 1
            self.substitution()
            return
        descriptor = ""
        if self.word is not None and self.word.isdigit():
            descriptor, self.word = self.word, None  # of `2>`
        self.close()
        begin = self.at
        while self.at < len(self.text) and self.text[self.at] in "<>&|-":
            self.at += 1
        self.skip = descriptor + self.text[begin : self.at]

    def piece(self, character: str) -> None:
        if self.word is None:
            self.word = ""
            if self.start < 0:
                self.start = self.at
        if character == "\\":
            following = self.text[self.at + 1 : self.at + 2]
            self.word += "" if following == "\n" else following
            self.at += 2
        elif character == "'":
            self.verbatim("'")
        elif character == '"':
            self.double()
        elif character == "`":
            end = self.find("`", self.at + 1)
            self.nested(self.text[self.at + 1 : end], self.at + 1)
            self.at = end + 1
        elif self.text.startswith("$(", self.at):
            self.at += 1
            self.substitution()
        else:
            self.word += character
            self.at += 1

    def verbatim(self, quote: str) -> None:
        end = self.find(quote, self.at + 1)
        self.word = (self.word or "") + self.text[self.at + 1 : end]
        self.quoted = True
        self.at = end + 1

    def double(self) -> None:
        self.at += 1
        self.quoted = True
        self.word = self.word or ""
        while self.at < len(self.text) and self.text[self.at] != '"':
            if self.text[self.at] == "'":  # an apostrophe
                self.word += "'"
                self.at += 1
            else:
                self.piece(self.text[self.at])
        self.at += 1

    def substitution(self) -> None:
        """At an opening bracket: what is inside is a text of its own."""
        end = self.bracket()
        if self.word is None:
            self.word = ""
            if self.start < 0:
                self.start = self.at
        self.nested(self.text[self.at + 1 : end], self.at + 1)
        self.at = end + 1

    def bracket(self) -> int:
        """Where the bracket at `at` is closed."""
        depth, place, quote = 0, self.at, ""
        while place < len(self.text):
            character = self.text[place]
            if character == "\\":
                place += 1
            elif quote:
                quote = "" if character == quote else quote
            elif character in "'\"":
                quote = character
            elif character in "()":
                depth += 1 if character == "(" else -1
                if not depth:
                    return place
            place += 1
        return len(self.text)

    def nested(self, text: str, start: int) -> None:
        self.inner.append((text, start))
        self.word = (self.word or "") + _SUBSTITUTED

    def find(self, what: str, start: int | None = None) -> int:
        found = self.text.find(what, self.at if start is None else start)
        return len(self.text) if found < 0 else found

    def close(self) -> None:
        """A word ends."""
        if self.word is not None:
            if self.skip:
                if self.skip in _TO_FILE:
                    self.writes.append(self.word)
                self.skip = ""
            elif self.words or self.quoted or self.word not in _KEYWORDS:
                self.words.append(self.word)
            else:
                self.start = -1
        self.word, self.quoted = None, False

    def end(self, *, piped: bool = False) -> None:
        """A command ends."""
        self.close()
        words, start, inner, writes = self.words, self.start, self.inner, tuple(self.writes)
        self.begin()
        assigned = []
        while words and _assigns(words[0]):
            assigned.append(words.pop(0))
        own = len(self.found)
        if words or assigned:
            self.found.append(Command(tuple(words), self.offset + start, -1, tuple(assigned), writes))
            if self.feeding >= 0:
                self.found[self.feeding] = replace(self.found[self.feeding], into=own)
            self.last, self.feeding = own, own if piped else -1
        elif piped:
            self.feeding = self.last  # `(curl …) | sh`, `{ curl …; } | sh`, `done | sh`
        for text, place in inner:
            self.deeper(text, place, own)
        if words:
            for text in _texts(self.found[own]):
                self.deeper(text, start, -1)

    def deeper(self, text: str, start: int, into: int) -> None:
        if self.depth >= _DEEPEST:
            return
        reader = _Reader(text, self.offset + start, self.depth + 1)
        reader.read()
        base = len(self.found)
        for one in reader.found:
            target = one.into + base if one.into >= 0 else into
            self.found.append(Command(one.words, one.start, target, one.assigned, one.writes))


def _texts(command: Command) -> Iterator[str]:
    arguments = command.arguments
    if command.program == "eval":
        yield " ".join(one for one in arguments if one != _SUBSTITUTED)
    elif command.program in SHELLS or command.program == "su":
        for option, value in itertools.pairwise(arguments):
            if option == "--command" or (option[:1] == "-" and option[1:2] != "-" and option.endswith("c")):
                if value != _SUBSTITUTED:
                    yield value
                return
