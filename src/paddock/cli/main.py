"""The command line: find the command, let it perform, print its outcome.

Only the module of the command that was typed is imported, and only its parser is built: most of the start
time would be spent on the others.
"""

from __future__ import annotations

import gc
import os
import sys

from paddock import __version__, shortage, state
from paddock.cli import quick
from paddock.errors import PaddockError, Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType
    from typing import NoReturn, TextIO

    from paddock.cli.outcome import Outcome

# In the order of a person's first day. A name and its module are the same, but for Python's keywords.
COMMANDS = (
    "run", "shell", "login", "diff", "apply", "undo", "discard", "changes", "reset", "plan", "explain", "scan",
    "check", "harden", "devcontainer", "policy", "trust", "log", "learn", "prove", "ps", "exec", "net", "gateway",
    "kill", "clean", "doctor", "completion", "manual",
)  # fmt: skip
GROUPS = (
    ("Work", ("run", "shell", "exec", "login", "net", "gateway")),
    ("Review", ("diff", "apply", "undo", "discard", "changes", "reset")),
    ("Understand", ("plan", "explain", "scan", "policy", "trust", "log", "learn", "prove", "doctor")),
    ("Dev containers", ("devcontainer", "check", "harden")),
    ("Look after", ("ps", "kill", "clean", "completion", "manual")),
)

USAGE = """usage: paddock COMMAND [OPTIONS]

Run AI coding agents, or any command, at full speed inside layered, verified isolation.

  paddock run -- pytest          in this repository; changes are held for review
  paddock diff                   what it changed
  paddock apply                  take it over
"""


def load(command: str) -> ModuleType:
    """The module of a command."""
    # importlib is heavier than the built-in it wraps.
    return __import__(f"paddock.cli.{command}", fromlist=["perform"])


def overview() -> str:
    """The help of `paddock` itself: every command with one line."""
    lines = [USAGE]
    for title, names in GROUPS:
        lines.append(f"{title}:")
        lines += [f"  {name:<12} {load(name).SUMMARY}" for name in names]
        lines.append("")
    lines.append("paddock COMMAND --help says more; https links and pictures are in the README.")
    return "\n".join(lines) + "\n"


def main() -> NoReturn:
    """Entry point of the `paddock` program."""
    arguments = sys.argv[1:]
    gc.disable()  # nothing that is made on the way to a command is garbage
    _fill_closed()
    try:
        code = _dispatch(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = 141
    except KeyboardInterrupt:
        code = 130
    except Exception as error:  # noqa: BLE001 - told as a mistake of ours, with --debug as Python tells it
        code = told(error, arguments)
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
    if command.startswith("-"):
        raise Usage(f"{command} cannot stand before the command", next_step=_after_command(arguments))
    if command not in COMMANDS:
        raise _unknown(command)
    module = load(command)
    options = quick.parse(
        lambda parser: quick.declare(module, parser), arguments[1:], quick.TAKES_A_COMMAND.get(command)
    )
    if options is None:
        from paddock.cli.parser import parse

        options = parse(command, module, arguments[1:])
    return _print(module.perform(options), as_json=options.json)


def _after_command(arguments: list[str]) -> str:
    """The same words with the command first, where there is one; else how to ask for help."""
    words = [word for word in arguments if not word.startswith("-")]
    if arguments[0] in ("--json", "--debug") and words and words[0] in COMMANDS:
        return f"paddock {words[0]} {arguments[0]} …"
    return "paddock COMMAND [OPTIONS]   or: paddock --help"


def _unknown(command: str) -> Usage:
    from difflib import get_close_matches

    near = get_close_matches(command, COMMANDS, 1)
    meant = f"paddock {near[0]}" if near else f"paddock run -- {command}"
    return Usage(f"there is no command {command!r}", next_step=f"{meant}   or: paddock --help")


def _print(outcome: Outcome, *, as_json: bool) -> int:
    try:
        if outcome.pieces is not None:
            _print_pieces(outcome.pieces, paged=outcome.paged)
        elif as_json and outcome.data is not None:
            _print_json(outcome.data)
        elif outcome.text:
            sys.stdout.buffer.write(outcome.text.encode("utf-8", "surrogateescape"))
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        why = error.strerror or str(error)
        step = "look at where it goes; a full device, perhaps"
        raise PaddockError("the output could not be written", why=why, next_step=step, code="output") from error
    return outcome.exit_code


def _print_pieces(pieces: Iterable[str], *, paged: bool) -> None:
    encoded = (piece.encode("utf-8", "surrogateescape") for piece in pieces)
    if paged and sys.stdout.isatty():
        from paddock.cli.views import paging

        if paging.show(encoded):
            return
    for piece in encoded:
        sys.stdout.buffer.write(piece)
        if not piece:
            sys.stdout.flush()


def _print_json(data: object) -> None:
    import json

    sys.stdout.write(json.dumps(data, indent=2) + "\n")


def told(error: Exception, arguments: list[str]) -> int:
    """Print any error; its exit code. With --debug, one that is not ours goes on to Python."""
    if isinstance(error, PaddockError):
        return report(error, arguments)
    if "--debug" in arguments:
        raise error
    return report(_unexpected(error), arguments)


def report(error: PaddockError, arguments: list[str]) -> int:
    """Print an error for people, or as JSON where that was asked for; its exit code."""
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    from contextlib import suppress

    if "--json" in own:
        with suppress(OSError):  # nobody listens there, or no room, which may be the error: people are told then
            _print_json(error.as_data())
            sys.stdout.flush()
            return error.exit_code
    from paddock.cli.style import paint, plain

    lines = [f"{paint('paddock:', 'bold', 'red', stream=sys.stderr)} {plain(error.what)}"]
    lines += [f"  {paint('why', 'dim', stream=sys.stderr)}   {plain(line)}" for line in error.why.splitlines()]
    if error.next_step:
        lines.append(f"  {paint('next', 'dim', stream=sys.stderr)}  {plain(error.next_step)}")
    with suppress(OSError):  # nobody may listen any more
        sys.stderr.write("\n".join(lines) + "\n")
    return error.exit_code


def _unexpected(error: Exception) -> PaddockError:
    where = type(error).__name__
    found = shortage.explained(error, state.places()) if isinstance(error, OSError) else None
    if found:
        return found
    if isinstance(error, OSError) and error.strerror:
        name = f": {os.fsdecode(error.filename)}" if error.filename else ""
        return PaddockError(
            f"{error.strerror}{name}", why=where, next_step="again with --debug shows where", code="system"
        )
    return PaddockError(
        f"{error}", why=f"{where}, a mistake in Paddock", next_step="again with --debug, and report it", code="bug"
    )
