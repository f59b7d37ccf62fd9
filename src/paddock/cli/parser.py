"""The complete parser of a command: help, mistakes, subcommands. Imported only when `quick` cannot do it."""

from __future__ import annotations

import argparse
import os

from paddock.cli.quick import TAKES_A_COMMAND, declare
from paddock.errors import Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType
    from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """Reports mistakes as `Usage`, which main prints like every other error."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of exiting with argparse's own code."""
        raise Usage(message, next_step=f"{self.prog} --help")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """A verb says itself what it does not know: its command's help has none of its options."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Asks for the terminal's width without `shutil`, which argparse would import at every start."""

    def __init__(self, prog: str, indent_increment: int = 2, max_help_position: int = 28) -> None:
        try:
            width = os.get_terminal_size().columns
        except OSError:
            width = 80
        super().__init__(prog, indent_increment, max_help_position, min(width, 100))


def parser_for(command: str, module: ModuleType) -> Parser:
    """The parser of one command; the manual and shell completion are made from it as well."""
    parser = Parser(
        prog=f"paddock {command}",
        description=f"{module.SUMMARY}\n\n{module.DETAILS}",
        formatter_class=Formatter,
        allow_abbrev=False,
    )
    declare(module, parser)
    return parser


def parse(command: str, module: ModuleType, words: Sequence[str]) -> argparse.Namespace:
    """What the words mean. Raises Usage, or SystemExit after printing help."""
    parser = parser_for(command, module)
    return parser.parse_args(split_off(TAKES_A_COMMAND.get(command), words, parser))


def split_off(command_at: int | None, words: Sequence[str], parser: argparse.ArgumentParser) -> list[str]:
    """Everything from the program's name on belongs to the program, with or without `--` before it."""
    actions = parser._actions  # noqa: SLF001 - argparse has no public list of its options
    takes_value = {string for action in actions for string in action.option_strings if action.nargs != 0}
    optional = {string: action.const for action in actions for string in action.option_strings if action.nargs == "?"}
    words = list(words)
    own, index = 0, 0
    while command_at is not None and index < len(words):
        word = words[index]
        if word == "--":
            break
        if word in optional:  # as `quick` does: it takes a value after `=` only
            words[index] = f"{word}={optional[word]}"
            index += 1
        elif word.startswith("-") and word != "-":
            index += 2 if word in takes_value else 1
        elif own < command_at:
            own += 1
            index += 1
        else:
            return [*words[:index], "--", *words[index:]]
    return words
