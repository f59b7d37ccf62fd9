from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from paddock import starting
from paddock.kernel import confine, seccomp
from tests.forked import forked

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "--", ""), "the command is an empty word"),
        (("run", "", "x"), "the command is an empty word"),
        (("run", "--name", "", "--", "true"), "the name is empty"),
        (("run", "--name=", "--keep", "--", "true"), "the name is empty"),
        (("shell", "--name", ""), "the name is empty"),
    ],
)
def test_an_empty_word_is_a_mistake_and_said_as_one(
    person: Person, repo: Path, words: tuple[str, ...], said: str
) -> None:
    done = person.call(*words, cwd=repo)
    assert done.returncode == 125
    assert said in done.stderr
    assert "a variable that is not set, perhaps" in done.stderr
    assert not (person.home / ".local/state/paddock").exists()


@pytest.mark.parametrize("command", [("run", "--", "true"), ("shell",)], ids=["run", "shell"])
def test_inside_a_sandbox_it_says_that_it_is_inside(person: Person, repo: Path, command: tuple[str, ...]) -> None:
    def call() -> subprocess.CompletedProcess[str]:
        confine.drop_capabilities()
        seccomp.install(seccomp.program("default", starting.machine(), sockets="all"))
        return person.call(*command, cwd=repo, PADDOCK="1")

    done = forked(call)
    assert done.returncode == 126
    assert "already inside a Paddock sandbox" in done.stderr
    assert "env -u PADDOCK paddock" in done.stderr
