from __future__ import annotations

import argparse

from paddock.cli import main
from paddock.cli.declarations import Option, commands, read


def example() -> argparse.ArgumentParser:
    """A parser with everything that Paddock's commands use."""
    parser = argparse.ArgumentParser(prog="paddock example")
    parser.add_argument("--net", choices=["off", "allow"], default="off", help="the network (default: %(default)s)")
    parser.add_argument("--env", "-e", action="append", metavar="NAME", help="pass a variable")
    parser.add_argument("--quiet", action="store_true", help="say nothing")
    parser.add_argument("--secret-switch", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--name", required=True)
    verbs = parser.add_subparsers(dest="verb")
    below = verbs.add_parser("init", help="write a file", description="Write a file, longer.")
    below.add_argument("paths", nargs="*", help="where")
    return parser


def test_options_say_all_that_their_declaration_says() -> None:
    command = read(example(), ("example",), "an example", "Details.\n")
    assert command.options[1:] == (
        Option(("--net",), "NET", "the network (default: off)", ("off", "allow")),
        Option(("--env", "-e"), "NAME", "pass a variable", repeatable=True),
        Option(("--quiet",), "", "say nothing"),
        Option(("--name",), "NAME", "", required=True),
    )
    assert command.options[0].names == ("-h", "--help")


def test_hidden_options_stay_hidden() -> None:
    assert "--secret-switch" not in repr(read(example(), ("example",), "", ""))


def test_verbs_are_commands_of_their_own() -> None:
    command = read(example(), ("example",), "an example", "")
    (verb,) = command.verbs
    assert (verb.path, verb.summary, verb.details) == (("example", "init"), "write a file", "Write a file, longer.")
    assert verb.arguments == (Option(("paths",), "paths", "where", repeatable=True),)
    assert command.everything() == (command, verb)


def test_every_command_is_declared_with_summary_details_and_explained_options() -> None:
    found = commands()
    assert [command.path[0] for command in found] == list(main.COMMANDS)
    for command in found:
        assert command.summary
        assert command.details
        for part in command.everything():
            assert not [option for option in (*part.options, *part.arguments) if not option.explanation], part.path
