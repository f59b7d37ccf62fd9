"""`paddock exec` as a person calls it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.background import one_message, running
from tests.capabilities import needs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Person

pytestmark = needs("bubblewrap", "git")


@pytest.fixture
def it(person: Person, repo: Path) -> Iterator[Person]:
    with running(person, repo, "--name", "it"):
        yield person


def test_the_commands_own_exit_code_or_its_signal(it: Person, repo: Path) -> None:
    assert it.call("exec", "it", "--", "sh", "-c", "exit 42", cwd=repo).returncode == 42
    assert it.call("exec", "it", "--", "sh", "-c", "kill -9 $$", cwd=repo).returncode == 137


def test_json_gives_code_and_name(it: Person, repo: Path) -> None:
    done = it.call("exec", "--json", "it", "--", "sh", "-c", "exit 3", cwd=repo)
    assert (done.returncode, json.loads(done.stdout)) == (3, {"schema": 1, "exit_code": 3, "name": "it"})


def test_words_after_the_dashes_are_the_commands(it: Person, repo: Path) -> None:
    done = it.call("exec", "it", "--", "echo", "--json", "--", "-h", cwd=repo)
    assert (done.returncode, done.stdout) == (0, "--json -- -h\n")


def test_the_working_directory_is_the_sandboxs_or_the_one_given(it: Person, repo: Path) -> None:
    assert it.call("exec", "it", "--", "pwd", cwd="/").stdout == f"{repo}\n"
    assert it.call("exec", "--cwd", "/tmp", "it", "--", "pwd", cwd=repo).stdout == "/tmp\n"
    done = it.call("exec", "--cwd", "/no/such", "it", "--", "pwd", cwd=repo)
    assert (done.returncode, done.stdout) == (125, "")
    one_message(done.stderr)
    assert "working directory /no/such" in done.stderr


def test_variables_are_added_and_the_callers_stay_outside(it: Person, repo: Path) -> None:
    script = 'echo "$ONE,$TWO,$MINE,$PATH"'
    done = it.call("exec", "--env", "ONE=1=x", "--env", "TWO=", "it", "--", "sh", "-c", script, cwd=repo, MINE="secret")
    one, two, mine, path = done.stdout.rstrip("\n").split(",", 3)
    assert (one, two, mine) == ("1=x", "", "")
    assert path


@pytest.mark.parametrize("word", ["ONE", "=1", "="])
def test_a_variable_without_name_or_value_is_refused(person: Person, repo: Path, word: str) -> None:
    done = person.call("exec", f"--env={word}", "it", "--", "true", cwd=repo)
    assert done.returncode == 125
    assert "is not NAME=VALUE" in one_message(done.stderr)


def test_a_command_that_is_missing_is_127_and_one_that_is_no_program_126(it: Person, repo: Path) -> None:
    done = it.call("exec", "it", "--", "no-such-program", cwd=repo)
    assert done.returncode == 127
    assert "was not found inside the sandbox" in one_message(done.stderr)
    assert it.call("exec", "it", "--", "./hello.txt", cwd=repo).returncode == 126


def test_a_missing_command_is_one_json_object(it: Person, repo: Path) -> None:
    done = it.call("exec", "--json", "it", "--", "no-such-program", cwd=repo)
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (127, "command-not-found")
