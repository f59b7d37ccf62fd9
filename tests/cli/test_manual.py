from __future__ import annotations

import argparse
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from paddock.cli import manual
from paddock.cli.declarations import commands, read
from paddock.errors import PaddockError, Usage
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.cli.declarations import Command


def example() -> tuple[Command, ...]:
    parser = argparse.ArgumentParser(prog="paddock example")
    parser.add_argument("-n", "--net", choices=["off", "allow"], help="off | allow; it's `quoted`, a\\b, ~/x^2")
    parser.add_argument("--env", action="append", metavar="NAME", help="pass a variable")
    parser.add_argument("command", nargs="*", metavar="COMMAND", help="the program")
    parser.add_subparsers(dest="verb").add_parser("init", help="write one")
    return (read(parser, ("example",), "an example", "How to:\n\n  .leading dot\n  -- dashes"),)


def written(format_: str, found: tuple[Command, ...]) -> str:
    return manual._WRITERS[format_](found)


@pytest.mark.parametrize("format_", ["text", "markdown", "man"])
def test_every_format_says_everything(format_: str) -> None:
    text = written(format_, example()).replace("\\-", "-").replace("\\|", "|")
    for part in (
        "-n, --net off|allow",
        "--env NAME",
        "pass a variable (may be repeated)",
        "COMMAND",
        "leading dot",
        "init",
    ):
        assert part in text
    assert "--help" not in re.sub(r"\[-h\]|usage.*", "", text)


def test_a_table_cell_is_one_cell() -> None:
    row = next(line for line in written("markdown", example()).splitlines() if line.startswith("| `-n"))
    assert row == "| `-n, --net off\\|allow` | off \\| allow; it's `quoted`, a\\b, ~/x^2 |"


@needs("man")
def test_the_man_page_shows_what_was_written_and_troff_does_not_complain(tmp_path: Path) -> None:
    page = tmp_path / "paddock.1"
    page.write_text(written("man", example()))
    environ = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "MANWIDTH": "200"}
    done = subprocess.run(
        ["man", "--warnings", "-E", "UTF-8", "-P", "cat", "-l", page],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    shown = re.sub(r".\x08", "", done.stdout)
    for part in ("off | allow; it's `quoted`, a\\b, ~/x^2", ".leading dot", "-- dashes", "ended by signal n"):
        assert part in shown


def test_exit_codes_are_those_of_the_error_tree() -> None:
    """Whatever an error may end with is explained."""
    explained = {int(code) for code, _ in manual.EXIT_CODES if code.isdigit()}
    classes: list[type[PaddockError]] = [PaddockError, *PaddockError.__subclasses__()]
    assert {cls.exit_code for cls in classes} <= explained


def test_one_command_may_be_asked_for() -> None:
    parser = argparse.ArgumentParser()
    manual.declare(parser)
    outcome = manual.perform(parser.parse_args(["manual"]))
    assert outcome.text.startswith("paddock manual")
    assert outcome.data
    assert outcome.data["schema"] == 1
    with pytest.raises(Usage, match="there is no command 'mannual'"):
        manual.perform(parser.parse_args(["mannual"]))


def test_the_whole_manual_names_every_command() -> None:
    parser = argparse.ArgumentParser()
    manual.declare(parser)
    text = manual.perform(parser.parse_args([])).text
    assert [name.path for name in commands() if f"paddock {name.path[0]} " not in text] == []
