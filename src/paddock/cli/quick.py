"""Parse a plain command line without argparse, whose import costs as much as a third of a whole start.

A command declares its options once, with `add_argument` as argparse knows it. Here the declarations are
recorded; a command line that uses them in the plain way is parsed directly, and anything else (help, mistakes,
subcommands, types, choices) is left to argparse itself. Tests compare the two.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable, Sequence
    from types import ModuleType
    from typing import Any

TAKES_A_COMMAND = {"run": 0, "exec": 1, "plan": 0}  # after how many words of our own
_ACTIONS = ("store", "store_true", "append")
_UNDERSTOOD = {"action", "default", "metavar", "help", "nargs", "dest", "const"}
Namespace = type(sys.implementation)  # types.SimpleNamespace


def declare(module: ModuleType, parser: ArgumentParser) -> None:
    """A command's own options and those of every command."""
    module.declare(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.add_argument("--debug", action="store_true", help="show the traceback of a failure")


class NotPlainError(Exception):
    """Argparse must look at this."""


class Recorder:
    """Takes the declarations of a command, in the shape of an argparse parser."""

    def __init__(self) -> None:
        self.options: dict[str, tuple[str, str]] = {}  # spelling → (destination, action)
        self.optional: dict[str, str] = {}  # spelling → the value of an option that may have none of its own
        self.defaults: dict[str, Any] = {}
        self.positionals: list[tuple[str, str | None]] = []

    def add_argument(self, *names: str, **how: Any) -> None:
        """Record one option or positional. Raises NotPlainError for what is not parsed here."""
        action, nargs = how.get("action", "store"), how.get("nargs")
        if set(how) - _UNDERSTOOD or action not in _ACTIONS:
            raise NotPlainError
        if not names[0].startswith("-"):
            if nargs not in (None, "*", "+") or "default" in how:
                raise NotPlainError
            self.positionals.append((names[0], nargs))
            return
        if nargs == "?" and action == "store":
            self.optional |= dict.fromkeys(names, how["const"])
        elif nargs is not None:
            raise NotPlainError
        long = next((name for name in names if name.startswith("--")), names[0])
        dest = how.get("dest") or long.lstrip("-").replace("-", "_")
        self.options |= dict.fromkeys(names, (dest, action))
        self.defaults[dest] = how.get("default", False if action == "store_true" else None)

    def with_value(self, word: str) -> str:
        """Before a program, an option that may go without a value takes one after `=` only: next comes that."""
        return f"{word}={self.optional[word]}" if word in self.optional else word

    def add_argument_group(self, *_: str, **__: str) -> Recorder:
        """Groups matter for help only."""
        return self

    def __getattr__(self, name: str) -> Any:
        """Subcommands, exclusive groups and the like are argparse's."""
        raise NotPlainError


def parse(declare: Callable[[Any], None], words: Sequence[str], command_at: int | None = None) -> Any:
    """The namespace that argparse would give, or None where it must look itself.

    For a command that takes a program and its arguments, `command_at` is the number of words before those.
    """
    recorder = Recorder()
    try:
        declare(recorder)
        return _parsed(recorder, words, command_at)
    except NotPlainError:
        return None


def _parsed(recorder: Recorder, words: Sequence[str], command_at: int | None) -> Any:
    found = {name: list(value) if isinstance(value, list) else value for name, value in recorder.defaults.items()}
    rest: list[str] = []
    left = list(words)
    while left:
        word = left.pop(0)
        if word == "--":
            if not recorder.positionals or len(rest) < (command_at or 0):
                raise NotPlainError
            rest += left
            break
        if word.startswith("-") and word != "-":
            if rest:
                raise NotPlainError
            if command_at is not None:
                word = recorder.with_value(word)
            _option(recorder, word, left, found)
            continue
        rest.append(word)
        if len(rest) - 1 == command_at:
            rest += left
            break
    return Namespace(**found, **_positionals(recorder.positionals, rest))


def _option(recorder: Recorder, word: str, left: list[str], found: dict[str, Any]) -> None:
    """Note one option, and take its value from what is left."""
    name, equals, value = word.partition("=")
    if name not in recorder.options:
        raise NotPlainError
    dest, action = recorder.options[name]
    if action == "store_true":
        if equals:
            raise NotPlainError
        found[dest] = True
        return
    if not equals:
        if name in recorder.optional or not left or left[0].startswith("-"):
            raise NotPlainError
        value = left.pop(0)
    found[dest] = [*(found[dest] or []), value] if action == "append" else value


def _positionals(declared: Sequence[tuple[str, str | None]], rest: Sequence[str]) -> dict[str, str | list[str]]:
    found: dict[str, str | list[str]] = {}
    left = list(rest)
    for name, nargs in declared:
        if nargs in (None, "+") and not left:
            raise NotPlainError
        if nargs is None:
            found[name] = left.pop(0)
        else:
            found[name], left = left, []
    if left:
        raise NotPlainError
    return found
