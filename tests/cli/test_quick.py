"""The quick parser and argparse read the same command lines in the same way, or the quick one steps aside."""

from __future__ import annotations

import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.cli import main, quick
from paddock.cli.parser import parse
from paddock.errors import Usage

WORDS = st.sampled_from(
    [
        "--", "-", "-h", "--help", "--json", "--debug", "--keep", "--fresh", "--quiet", "--name", "--name=x", "--name=",
        "--net", "off", "allow", "--net=off", "--allow", "host.example:1", "--env", "A=b", "--env=A", "--limit",
        "memory=1GiB", "--jso", "--unknown", "--debug-syscalls", "--cwd", "claude", "pytest", "-x", "-k", "a b", "",
        "--workspace", "review", "--json=1", "--stat", "--all", "--yes", "--now", "--force",
        "--require-proof", "--require-proof=7",
    ]
)  # fmt: skip


def both(command: str, words: list[str]) -> tuple[object, object]:
    module = main.load(command)
    found = quick.parse(lambda parser: quick.declare(module, parser), words, quick.TAKES_A_COMMAND.get(command))
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            expected: object = vars(parse(command, module, words))
    except (Usage, SystemExit) as error:
        expected = type(error)
    return (found if found is None else vars(found)), expected


@pytest.mark.parametrize("command", main.COMMANDS)
@given(words=st.lists(WORDS, max_size=7))
def test_both_parsers_agree_wherever_the_quick_one_answers(command: str, words: list[str]) -> None:
    found, expected = both(command, words)
    assert found is None or found == expected


@pytest.mark.parametrize(
    "words",
    [
        ["true"],
        ["--", "true"],
        ["--net", "off", "--", "true"],
        ["--allow", "a.example", "--allow=b.example", "npm", "test", "--", "--watch"],
        ["--keep", "--name", "x", "sh", "-c", "--json"],
        ["--require-proof", "--net", "off", "true"],
        ["--require-proof=7d", "--", "true"],
    ],
)
def test_plain_runs_need_no_argparse(words: list[str]) -> None:
    found, expected = both("run", words)
    assert found is not None
    assert found == expected


def test_the_programs_own_words_are_left_alone() -> None:
    found, _ = both("run", ["--quiet", "npm", "test", "--", "--json", "--quiet"])
    assert isinstance(found, dict)
    assert found["command"] == ["npm", "test", "--", "--json", "--quiet"]
    assert found["json"] is False


@pytest.mark.parametrize("command", ["run", "plan"])
def test_an_option_that_may_go_without_a_value_does_not_take_the_programs_name(command: str) -> None:
    for words, value in (
        (["--require-proof", "claude"], "30"),
        (["--require-proof=7", "claude"], "7"),
        (["claude", "--require-proof"], None),
    ):
        found, expected = both(command, words)
        assert isinstance(found, dict)
        assert found == expected
        assert (found["require_proof"], found["command"][0]) == (value, "claude")


def test_lists_of_defaults_are_not_shared_between_calls() -> None:
    first, _ = both("exec", ["--env", "A=1", "name", "--", "x"])
    second, _ = both("exec", ["name", "--", "x"])
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert (first["env"], second["env"]) == (["A=1"], [])
