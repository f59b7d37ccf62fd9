"""What git obeys in a repository's own directory is told from what a sandbox may write there."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from paddock.workspace.live import git_parts
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".git/config", (".git", "config")),
        (".git/config.worktree", (".git", "config.worktree")),
        ("sub/.git/commondir", ("sub/.git", "commondir")),
        (".git/hooks/pre-commit", (".git", "hooks/pre-commit")),
        (".git/modules/a/b/hooks/post-checkout", (".git/modules/a/b", "hooks/post-checkout")),
        (".git/info/attributes", (".git", "info/attributes")),
        (".git/rebase-merge/git-rebase-todo", (".git", "rebase-merge/git-rebase-todo")),
        ("config", ("", "config")),
        (".git/hooks/pre-commit.sample", None),
        (".git/info/exclude", None),
        (".git/HEAD", None),
        (".git/index", None),
        (".git/refs/heads/hooks/x", (".git/refs/heads", "hooks/x")),  # where no repository is
        (".git/objects/ab/cd", None),
        ("src/main.py", None),
    ],
)
def test_a_path_that_could_be_a_part_names_the_repository_it_would_need(path: str, expected: object) -> None:
    assert git_parts.part(path) == expected


@pytest.mark.parametrize(
    ("path", "names", "expected"),
    [
        (".git", (), True),
        ("a/.GIT", (), True),
        ("bare", ("HEAD", "objects", "refs", "config"), True),
        ("linked", ("HEAD", "commondir"), True),
        ("half", ("HEAD", "objects"), False),
        ("", ("src", "README"), False),
    ],
)
def test_a_repository_is_what_git_takes_for_one(path: str, names: tuple[str, ...], expected: bool) -> None:
    assert git_parts.is_repository(path, names) is expected


def test_everything_below_a_git_directory_is_in_git() -> None:
    assert git_parts.in_git(".git/x")
    assert git_parts.in_git("a/.Git/x/y")
    assert not git_parts.in_git(".git")
    assert not git_parts.in_git(".github/x")


@needs("git")
def test_what_git_itself_writes_is_harmless(tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}

    def git(*words: str) -> None:
        identity = ("-c", "user.name=A Person", "-c", "user.email=person@example.test")
        subprocess.run(["git", *identity, *words], cwd=tmp_path, env=environ, check=True, capture_output=True)

    git("init", "-q", "-b", "main", "one")
    git("-C", "one", "commit", "-q", "--allow-empty", "-m", "first")
    git("clone", "-q", "one", "two")
    git("-C", "two", "checkout", "-q", "-b", "topic", "origin/main")
    git("-C", "two", "config", "branch.topic.description", "of some kind")
    git("-C", "two", "remote", "add", "other", "https://example.test/x.git")
    git("-C", "two", "config", "user.name", "A Person")
    git("init", "-q", "--bare", "three")
    for place in ("one/.git", "two/.git", "three"):
        assert git_parts.suspect_lines((tmp_path / place / "config").read_text()) == ()


@pytest.mark.parametrize(
    "text",
    [
        "[core]\n\tfsmonitor = ./x\n",
        "[core]\n\tFSMonitor=./x\n",
        "[core] fsmonitor = ./x\n",
        "[CORE]\nhooksPath = ../evil\n",
        '[filter "x"]\n\tclean = ./x\n',
        '[diff "x"]\n\ttextconv = ./x\n',
        "[include]\n\tpath = ../evil\n",
        '[includeIf "gitdir:/"]\n\tpath = ../evil\n',
        "[alias]\n\tst = !./x\n",
        '[remote "origin"]\n\turl = ext::sh -c x\n',
        '[remote "origin"]\n\turl = --upload-pack=x\n',
        '[remote "origin"]\n\turl = "--upload-pack=x"\n',
        '[remote "origin"]\n\tuploadpack = ./x\n',
        '[remote "origin"]\n\tvcs = x\n',
        '[submodule "x"]\n\tupdate = !./x\n',
        "[core]\n\tbare = false\\\nfsmonitor = x\n",
        "[core]\n\tworktree = ..\n",
        "[core]\n\tbare = false\n[extensions]\n\tworktreeConfig = true\n",
        "fsmonitor = x\n",
        "\ufeff[core]\n\tfsmonitor = x\n",
        "[core]\r\n\tsshCommand = x\r\n",
        "[credential]\n\thelper = ./x\n",
        "[gpg]\n\tprogram = ./x\n",
        "[core]\n\teditor = ./x\n",
        "[core]\n\tpager = ./x\n",
        "[pager]\n\tlog = ./x\n",
        "[sequence]\n\teditor = ./x\n",
        "[uploadpack]\n\tpackObjectsHook = ./x\n",
    ],
)
def test_what_runs_something_and_what_is_not_understood_is_suspect(text: str) -> None:
    assert git_parts.suspect_lines(text)


def test_the_suspect_lines_are_named_in_their_order() -> None:
    text = "[core]\n\tbare = false\n\tfsmonitor = a\n[user]\n\tname = A Person\n[alias]\n\tx = !b\n"
    assert git_parts.suspect_lines(text) == ("fsmonitor = a", "[alias]", "x = !b")


def test_only_the_steps_of_a_rebase_that_run_commands_are_suspect() -> None:
    assert git_parts.running_lines("pick 1234 exec\n# exec x\nreword 1 x\n\n") == ()
    assert git_parts.running_lines("pick 1234 a\nexec make\n x ./evil\n") == ("exec make", "x ./evil")
