"""`paddock shell`: the person's own shell where the system has it, and a sane one where SHELL is odd."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.cli import shell
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person

DEFAULT = next(path for path in shell._SHELLS if os.access(path, os.X_OK))


@needs("bubblewrap", "git")
def test_a_script_on_stdin_runs_in_the_sandbox(person: Person, repo: Path) -> None:
    done = person.call("shell", cwd=repo, stdin='echo "$0"; cat hello.txt; echo x > made; ls ~ | wc -l; exit 3\n')
    assert done.returncode == 3
    assert done.stdout.splitlines() == [DEFAULT, "hello", "0"]
    assert not (repo / "made").exists()
    assert "made" in person.call("diff", cwd=repo).stdout


@needs("bubblewrap", "git")
@pytest.mark.parametrize(
    ("value", "used"),
    [("/bin/sh", "/bin/sh"), ("/usr/no/such/shell", DEFAULT), ("sh", DEFAULT), ("/tmp/sh", DEFAULT)],
)
def test_the_shell_that_is_used(person: Person, repo: Path, value: str, used: str) -> None:
    done = person.call("shell", "--quiet", "--workspace", "scratch", cwd=repo, stdin='echo "$0"\n', SHELL=value)
    assert (done.returncode, done.stdout) == (0, f"{used}\n"), done.stderr


@pytest.mark.parametrize(
    "value", [None, "", "sh", "/home/ada/bin/fish", "/etc/passwd", "/usr/no/such", "-c", "/bin/sh\n"]
)
def test_an_odd_value_gives_the_default(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    if value is None:
        monkeypatch.delenv("SHELL", raising=False)
    else:
        monkeypatch.setenv("SHELL", value)
    assert shell._shell() == DEFAULT


def test_a_directory_is_no_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/usr/bin")
    assert shell._shell() == DEFAULT


def test_without_any_of_them_sh_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setenv("SHELL", "/bin/zsh")
    assert shell._shell() == "/bin/sh"
