"""All commands with their options, as data, read from the declarations that the parser itself uses.

Shell completion, the manual and `docs/reference/commands.md` are made from this, so none of them can say
what the command line does not do.
"""

from __future__ import annotations

from paddock.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

# argparse has no public way to read a parser back; `_actions` and the class of sub-parsers have been the
# same since 3.2, and tests/cli/test_declarations.py holds them.


@frozen
class Option:
    """A flag (`names` start with a dash) or a positional argument (`names` is its destination)."""

    names: tuple[str, ...]
    placeholder: str  # what stands for the value in the help; empty for a flag without one
    explanation: str
    choices: tuple[str, ...] = ()
    repeatable: bool = False
    required: bool = False


@frozen
class Command:
    """A command or one of its verbs. `path` is what is typed, as in ("policy", "init")."""

    path: tuple[str, ...]
    summary: str
    details: str
    options: tuple[Option, ...]
    arguments: tuple[Option, ...]
    verbs: tuple[Command, ...]
    usage: str

    def everything(self) -> tuple[Command, ...]:
        """The command and all that is below it."""
        return (self, *(part for verb in self.verbs for part in verb.everything()))


def commands() -> tuple[Command, ...]:
    """Every command of Paddock, in the order of its overview."""
    from paddock.cli import main
    from paddock.cli.parser import parser_for

    found = []
    for name in main.COMMANDS:
        module = main.load(name)
        found.append(read(parser_for(name, module), (name,), module.SUMMARY, module.DETAILS))
    return tuple(found)


def read(parser: argparse.ArgumentParser, path: tuple[str, ...], summary: str, details: str) -> Command:
    """What a parser accepts. Options that are hidden from the help are left out."""
    import argparse

    options, arguments, verbs = [], [], []
    for action in parser._actions:  # noqa: SLF001 - see above
        if action.help == argparse.SUPPRESS:
            continue
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}  # noqa: SLF001
            for name, below in action.choices.items():
                verbs.append(read(below, (*path, name), helps.get(name, ""), below.description or ""))
        elif action.option_strings:
            options.append(_option(action))
        else:
            arguments.append(_option(action))
    usage = " ".join(parser.format_usage().removeprefix("usage: ").split())
    return Command(path, summary, details.strip(), tuple(options), tuple(arguments), tuple(verbs), usage)


def _option(action: argparse.Action) -> Option:
    import argparse

    takes_value = action.nargs != 0
    placeholder = ""
    if takes_value:
        shown = action.metavar or (action.dest.upper() if action.option_strings else action.dest)
        placeholder = shown if isinstance(shown, str) else " ".join(shown)
    explanation = (action.help or "") % {**vars(action), "prog": "paddock"} if action.help else ""
    appends = isinstance(action, argparse._AppendAction)  # noqa: SLF001
    return Option(
        names=tuple(action.option_strings) or (action.dest,),
        placeholder=placeholder,
        explanation=explanation,
        choices=tuple(str(choice) for choice in action.choices or ()),
        repeatable=appends or action.nargs in ("*", "+", argparse.REMAINDER),
        required=action.required and action.nargs not in ("?", "*"),
    )
