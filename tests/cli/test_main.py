"""What `paddock` itself says when nothing else did."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.background import one_message

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person


def shell(person: Person, script: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """`paddock ARGUMENTS` as "$@" of a shell that first changes its own limits or place."""
    return subprocess.run(
        ["/bin/sh", "-c", script, "sh", *person.argv(*arguments)], cwd=cwd, env=person.environ, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    "command",
    [("run", "--", "true"), ("shell",), ("plan",), ("diff",), ("changes",), ("explain", "x"), ("policy", "show"), ("policy", "check")],
    ids=" ".join,
)  # fmt: skip
def test_a_deleted_directory_is_named_as_the_reason(person: Person, tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "gone").mkdir()
    words = command if command[0] == "run" else (*command, "--json")
    done = shell(person, 'rmdir "$PWD"; exec "$@"', *words, cwd=tmp_path / "gone")
    if command[0] == "run":
        assert "this directory has been deleted" in done.stderr
    else:
        assert json.loads(done.stdout)["error"]["code"] == "directory-deleted"
    assert done.returncode == 125


@pytest.mark.parametrize("files", [6, 7, 8, 9, 10])
def test_too_few_descriptors_are_named_as_the_reason(person: Person, repo: Path, files: int) -> None:
    done = shell(person, f'ulimit -n {files}; exec "$@"', "run", "--", "true", cwd=repo)
    assert done.returncode == 125
    assert "too many open files" in done.stderr.lower()
    assert "ulimit -n" in done.stderr


def test_a_full_output_is_not_blamed_on_the_state(person: Person, repo: Path) -> None:
    done = shell(person, '"$@" > /dev/full', "plan", cwd=repo)
    assert done.returncode == 125
    assert "the output could not be written" in done.stderr


@pytest.mark.parametrize(
    "words", [("plan", "--json"), ("undo", "--json"), ("undo", "--unknown", "--json")], ids=" ".join
)
def test_an_error_that_cannot_be_written_as_json_is_told_to_people(
    person: Person, repo: Path, words: tuple[str, ...]
) -> None:
    done = shell(person, '"$@" > /dev/full', *words, cwd=repo)
    assert done.returncode == 125
    one_message(done.stderr)


def test_an_error_as_json_that_nobody_reads_ends_with_its_code(person: Person, repo: Path) -> None:
    here, there = os.pipe()
    os.close(here)
    done = subprocess.run(
        person.argv("undo", "--json"), cwd=repo, env=person.environ, stdin=subprocess.DEVNULL, stdout=there,
        stderr=subprocess.PIPE, text=True, timeout=120, check=False,
    )  # fmt: skip
    os.close(there)
    assert done.returncode == 125
    one_message(done.stderr)


def test_a_runtime_directory_that_cannot_be_made_is_named_with_its_variable(person: Person, repo: Path) -> None:
    done = person.call("run", "--", "true", cwd=repo, XDG_RUNTIME_DIR="/dev/null/none")
    assert done.returncode == 125
    assert "set XDG_RUNTIME_DIR" in done.stderr
    assert "XDG_STATE_HOME" not in done.stderr


@pytest.mark.parametrize(
    ("words", "step"), [(("--json", "diff"), "paddock diff --json "), (("--debug",), "paddock COMMAND [OPTIONS]")]
)
def test_an_option_before_the_command_is_no_command(
    person: Person, tmp_path: Path, words: tuple[str, ...], step: str
) -> None:
    done = person.call(*words, cwd=tmp_path)
    assert done.returncode == 125
    assert "cannot stand before the command" in done.stdout + done.stderr
    assert step in done.stdout + done.stderr
    assert "paddock run" not in done.stdout + done.stderr
