"""`paddock manual`: every command with its options, as text, a man page or Markdown."""

from __future__ import annotations

from paddock.cli.outcome import Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from paddock.cli.declarations import Command, Option

SUMMARY = "print the manual of all commands"
DETAILS = """\
The manual is made from the declarations that the command line itself uses.

  paddock manual                     read it here
  paddock manual run                 one command
  paddock manual --format man | man -l -
  paddock manual --format man > ~/.local/share/man/man1/paddock.1
"""

EXIT_CODES = (
    ("0-124", "the command's own exit code"),
    ("123", "with --apply: the command ended well, and something that it changed stays held"),
    ("125", "Paddock itself failed"),
    ("126", "the policy, the floor or a gap refused"),
    ("127", "the command was not found inside"),
    ("128+n", "the command was ended by signal n"),
)
_PURPOSE = "run AI coding agents, or any command, inside layered, verified isolation"


def declare(parser: argparse.ArgumentParser) -> None:
    """The format and, perhaps, one command."""
    parser.add_argument("--format", choices=sorted(_WRITERS), default="text", help="how to write it (default: text)")
    parser.add_argument("command", nargs="?", help="only this command")


def perform(options: argparse.Namespace) -> Outcome:
    """Write the manual to stdout."""
    from paddock.cli.declarations import commands
    from paddock.errors import Usage
    from paddock.frozen import as_data

    wanted = [command for command in commands() if options.command in (None, command.path[0])]
    if not wanted:
        raise Usage(f"there is no command {options.command!r}", next_step="paddock manual")
    return Outcome(_WRITERS[options.format](wanted), {"schema": 1, "commands": as_data(tuple(wanted))})


def _flag(option: Option) -> str:
    """`-n, --name NAME`, with the choices in place of the name where there are some."""
    value = "|".join(option.choices) if option.choices else option.placeholder
    return f"{', '.join(option.names)} {value}".rstrip() if option.names[0].startswith("-") else value


def _rows(command: Command) -> list[tuple[str, str]]:
    """Arguments and options with their explanations; `--help` is everywhere and left out."""
    shown = [option for option in (*command.arguments, *command.options) if "--help" not in option.names]
    repeat = {True: " (may be repeated)", False: ""}
    return [(_flag(o), o.explanation + repeat[o.repeatable and o.names[0].startswith("-")]) for o in shown]


def _flat(commands: Sequence[Command]) -> list[Command]:
    return [part for command in commands for part in command.everything()]


def _text(commands: Sequence[Command]) -> str:
    blocks = []
    for command in _flat(commands):
        rows = "".join(f"    {name}\n        {what}\n" for name, what in _rows(command))
        details = "".join(f"  {line}".rstrip() + "\n" for line in command.details.splitlines())
        blocks.append(
            f"{command.usage}\n  {command.summary}\n"
            + (f"\n{details}" if details else "")
            + (f"\n{rows}" if rows else "")
        )
    codes = "".join(f"    {code:6} {what}\n" for code, what in EXIT_CODES)
    return "\n".join([*blocks, f"Exit codes\n{codes}"])


def _markdown(commands: Sequence[Command]) -> str:
    parts = ["# Commands\n\nMade by `scripts/docs` from the declarations of the commands; do not edit.\n"]
    for command in _flat(commands):
        level = "#" * (len(command.path) + 1)
        parts.append(f"{level} paddock {' '.join(command.path)}\n\n{command.summary}\n\n```\n{command.usage}\n```\n")
        if command.details:
            parts.append(f"```text\n{command.details}\n```\n")
        rows = "".join(f"| `{_cell(name)}` | {_cell(what)} |\n" for name, what in _rows(command))
        if rows:
            parts.append(f"| option | meaning |\n|---|---|\n{rows}")
    return "\n".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _man(commands: Sequence[Command]) -> str:
    from paddock import __version__

    lines = [f'.TH PADDOCK 1 "" "paddock {__version__}" "User Commands"', ".SH NAME", f"paddock \\- {_roff(_PURPOSE)}"]
    lines += [".SH SYNOPSIS", ".B paddock", ".I COMMAND", "[\\fIOPTION\\fR]...", ".SH COMMANDS"]
    for command in _flat(commands):
        lines += [f".SS {_roff(' '.join(command.path))}", _roff(command.summary) + ".", ".PP", _roff(command.usage)]
        if command.details:
            lines += [".PP", ".nf", *(_roff(line) for line in command.details.splitlines()), ".fi"]
        for name, what in _rows(command):
            lines += [".TP", f"\\fB{_roff(name)}\\fR", _roff(what)]
    lines.append(".SH EXIT STATUS")
    for code, what in EXIT_CODES:
        lines += [".TP", f"\\fB{_roff(code)}\\fR", _roff(what)]
    return "\n".join(lines) + "\n"


def _roff(text: str) -> str:
    """Text that troff prints as it stands (groff_char(7), and a leading dot or quote is a request)."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    escaped = escaped.replace("^", "\\(ha").replace("~", "\\(ti")
    return "\\&" + escaped if escaped.startswith(".") else escaped


_WRITERS: dict[str, Callable[[Sequence[Command]], str]] = {"man": _man, "markdown": _markdown, "text": _text}
