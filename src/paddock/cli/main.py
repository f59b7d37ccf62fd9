"""The command line: find the command, let it perform, print its outcome.

Only the module of the command that was typed is imported, and only its parser is built: most of the start
time would be spent on the others.
"""

from __future__ import annotations

import argparse
import os
import sys

from paddock import __version__
from paddock.errors import PaddockError, Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import NoReturn, TextIO

    from paddock.cli.outcome import Outcome

# In the order of a person's first day. A name and its module are the same, but for Python's keywords.
COMMANDS = (
    "run", "shell", "diff", "apply", "discard", "changes", "plan", "explain", "policy", "trust",
    "ps", "exec", "kill", "clean", "doctor", "completion", "manual",
)  # fmt: skip
GROUPS = (
    ("Work", ("run", "shell", "exec")),
    ("Review", ("diff", "apply", "discard", "changes")),
    ("Understand", ("plan", "explain", "policy", "trust", "doctor")),
    ("Look after", ("ps", "kill", "clean", "completion", "manual")),
)
_TAKES_A_COMMAND = ("run", "exec", "plan")

USAGE = """usage: paddock COMMAND [OPTIONS]

Run AI coding agents, or any command, at full speed inside layered, verified isolation.

  paddock run -- pytest          in this repository; changes are held for review
  paddock diff                   what it changed
  paddock apply                  take it over
"""


class Parser(argparse.ArgumentParser):
    """Reports mistakes as `Usage`, which main prints like every other error."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of exiting with argparse's own code."""
        raise Usage(message, next_step=f"{self.prog} --help")


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Asks for the terminal's width without `shutil`, which argparse would import at every start."""

    def __init__(self, prog: str, indent_increment: int = 2, max_help_position: int = 28) -> None:
        try:
            width = os.get_terminal_size().columns
        except OSError:
            width = 80
        super().__init__(prog, indent_increment, max_help_position, min(width, 100))


def load(command: str) -> ModuleType:
    """The module of a command."""
    # importlib is heavier than the built-in it wraps.
    return __import__(f"paddock.cli.{command}", fromlist=["perform"])


def parser_for(command: str, module: ModuleType) -> Parser:
    """The complete parser of one command; the manual and shell completion are made from it as well."""
    parser = Parser(
        prog=f"paddock {command}",
        description=f"{module.SUMMARY}\n\n{module.DETAILS}",
        formatter_class=Formatter,
        allow_abbrev=False,
    )
    module.declare(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.add_argument("--debug", action="store_true", help="show the traceback of a failure")
    return parser


def overview() -> str:
    """The help of `paddock` itself: every command with one line."""
    lines = [USAGE]
    for title, names in GROUPS:
        lines.append(f"{title}:")
        lines += [f"  {name:<11} {load(name).SUMMARY}" for name in names]
        lines.append("")
    lines.append("paddock COMMAND --help says more; https links and pictures are in the README.")
    return "\n".join(lines) + "\n"


def main() -> NoReturn:
    """Entry point of the `paddock` program."""
    arguments = sys.argv[1:]
    _fill_closed()
    try:
        code = _dispatch(arguments)
        sys.stdout.flush()
    except PaddockError as error:
        code = report(error, arguments)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = 141
    except KeyboardInterrupt:
        code = 130
    except Exception as error:
        if "--debug" in arguments:
            raise
        code = report(_unexpected(error), arguments)
    _flush(sys.stdout)
    # Python's own end, freeing every object one by one, would cost as much as starting bubblewrap.
    _flush(sys.stderr)
    os._exit(code)


def _fill_closed() -> None:
    """Open /dev/null where the caller closed a standard stream: the next file opened would take its number."""
    # To the type checker the streams are always there. Python sets None for a closed one.
    streams: list[TextIO | None] = [sys.stdin, sys.stdout, sys.stderr]
    for descriptor, stream in enumerate(streams):
        if stream is None:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # noqa: FBT003 - it is the lowest that is free
            setattr(sys, ("stdin", "stdout", "stderr")[descriptor], open(descriptor, "w" if descriptor else "r"))  # noqa: SIM115 - for good


def _flush(stream: TextIO) -> None:
    try:
        stream.flush()
    except (OSError, ValueError):  # nobody listens any more, or it was closed
        return


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        if len(arguments) > 1 and arguments[1] in COMMANDS:
            return _dispatch([arguments[1], "--help"])
        sys.stdout.write(overview())
        return 0
    if arguments[0] in ("-V", "--version"):
        sys.stdout.write(f"paddock {__version__}\n")
        return 0
    command = arguments[0]
    if command not in COMMANDS:
        raise _unknown(command)
    module = load(command)
    parser = parser_for(command, module)
    options = parser.parse_args(_split_off(command, arguments[1:], parser))
    return _print(module.perform(options), as_json=options.json)


def _split_off(command: str, arguments: list[str], parser: Parser) -> list[str]:
    """Everything from the program's name on belongs to the program, with or without `--` before it."""
    if command not in _TAKES_A_COMMAND or "--" in arguments:
        return arguments
    actions = parser._actions  # noqa: SLF001 - argparse has no public list of its options
    takes_value = {string for action in actions for string in action.option_strings if action.nargs != 0}
    positionals = 1 if command == "exec" else 0
    index = 0
    while index < len(arguments):
        word = arguments[index]
        if word.startswith("-") and word != "-":
            index += 2 if word in takes_value else 1
        elif positionals:
            positionals -= 1
            index += 1
        else:
            return [*arguments[:index], "--", *arguments[index:]]
    return arguments


def _unknown(command: str) -> Usage:
    from difflib import get_close_matches

    near = get_close_matches(command, COMMANDS, 1)
    meant = f"paddock {near[0]}" if near else f"paddock run -- {command}"
    return Usage(f"there is no command {command!r}", next_step=f"{meant}   or: paddock --help")


def _print(outcome: Outcome, *, as_json: bool) -> int:
    if as_json and outcome.data is not None:
        _print_json(outcome.data)
    else:
        sys.stdout.buffer.write(outcome.text.encode("utf-8", "surrogateescape"))
    return outcome.exit_code


def _print_json(data: object) -> None:
    import json

    sys.stdout.write(json.dumps(data, indent=2) + "\n")


def report(error: PaddockError, arguments: list[str]) -> int:
    """Print an error for people, or as JSON where that was asked for; its exit code."""
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if "--json" in own:
        _print_json(error.as_data())
        return error.exit_code
    from paddock.cli.style import paint, plain

    lines = [f"{paint('paddock:', 'bold', 'red', stream=sys.stderr)} {plain(error.what)}"]
    lines += [f"  {paint('why', 'dim', stream=sys.stderr)}   {plain(line)}" for line in error.why.splitlines()]
    if error.next_step:
        lines.append(f"  {paint('next', 'dim', stream=sys.stderr)}  {plain(error.next_step)}")
    sys.stderr.write("\n".join(lines) + "\n")
    return error.exit_code


def _unexpected(error: Exception) -> PaddockError:
    where = type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        name = f": {os.fsdecode(error.filename)}" if error.filename else ""
        return PaddockError(
            f"{error.strerror}{name}", why=where, next_step="again with --debug shows where", code="system"
        )
    return PaddockError(
        f"{error}", why=f"{where}, a mistake in Paddock", next_step="again with --debug, and report it", code="bug"
    )
