from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.errors import WorkspaceError
from paddock.workspace.git import program
from paddock.workspace.git.program import Git, owner_of
from tests.capabilities import needs
from tests.workspace.git.repositories import commit, git

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs("git")


@pytest.fixture
def repository(tmp_path: Path) -> Git:
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    commit(tmp_path, a="a\n")
    return Git(f"{tmp_path}/.git")


def test_it_answers(repository: Git) -> None:
    assert repository.ask("rev-list", "--count", "main") == b"1\n"


def test_the_callers_environment_has_no_say(repository: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", "/nowhere")
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'core.fsmonitor=evil'")
    assert repository.ask("rev-list", "--count", "main") == b"1\n"


def test_hooks_do_not_run(repository: Git, tmp_path: Path) -> None:
    hook = tmp_path / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch '{tmp_path}/canary'\n")
    hook.chmod(0o755)
    repository.ask("update-ref", "refs/heads/new", "main")
    assert not (tmp_path / "canary").exists()


def test_a_failure_says_what_git_said(repository: Git) -> None:
    with pytest.raises(WorkspaceError, match="git cat-file failed") as caught:
        repository.ask("cat-file", "commit", "0123456789" * 4)
    assert "0123456789" in caught.value.why


def test_output_has_an_end(repository: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "OUTPUT_BYTES", 10)
    with pytest.raises(WorkspaceError) as caught:
        repository.ask("cat-file", "commit", "main")
    assert caught.value.code == "git-too-much"


def test_no_git_is_said_with_a_way_out(repository: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "find", lambda _: None)
    with pytest.raises(WorkspaceError) as caught:
        repository.ask("version")
    assert caught.value.code == "git-missing"
    assert "--as tree" in caught.value.next_step


@pytest.mark.root
def test_root_works_as_the_owner(repository: Git, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert owner_of(os.stat(tmp_path)) is None
    for path in (tmp_path, *tmp_path.rglob("*")):
        os.chown(path, 12345, 23456)
    os.chmod(tmp_path, 0o755)
    base = tmp_path_factory.getbasetemp()
    for above in (base, base.parent):
        if above.stat().st_mode & 0o077 == 0:
            above.chmod(0o711)  # pytest lets nobody else in
    owner = owner_of(os.stat(tmp_path))
    assert owner == (12345, 23456)
    Git(repository.directory, owner).ask("update-ref", "refs/heads/new", "main")
    assert os.stat(tmp_path / ".git/refs/heads/new").st_uid == 12345


@pytest.mark.user
def test_others_are_themselves(tmp_path: Path) -> None:
    assert owner_of(os.stat(tmp_path)) is None
    assert owner_of(os.stat("/")) is None
