from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from paddock.probes.inside import environment, files, mounts, secrets, streams, workspace
from paddock.probes.inside.effects import ROWS, Given, Skipped, place
from paddock.probes.planting.agent import Agent
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "canary-" + "cd" * 16


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Given:
    for name in ("home", "repo"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "repo")
    hashes = [hashlib.sha256(CANARY.encode()).hexdigest()]
    home = str(tmp_path / "home")
    return Given(
        {"hashes": hashes, "home": home, "repo": str(tmp_path / "repo"), "numbers": {}, "agent": f"{home}/agent.sock"}
    )


def test_each_secret_is_read_by_its_own_row_alone(given: Given, tmp_path: Path) -> None:
    for name, path in secrets.SECRETS.items():
        file = tmp_path / "home" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(CANARY)
        assert [other for other in secrets.SECRETS if _reaches(other, given)] == [name]
        file.unlink()


def _reaches(name: str, given: Given) -> bool:
    try:
        return bool(ROWS[name](given))
    except FileNotFoundError:
        return False


def test_the_agent_is_asked_where_the_variable_says(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    assert secrets.ssh_agent(given) == []
    monkeypatch.setenv("SSH_AUTH_SOCK", f"{given.home}/other.sock")
    agent = Agent(f"{given.home}/other.sock", CANARY)
    try:
        assert secrets.ssh_agent(given) == ["read the agent's list of keys"]
    finally:
        agent.close()
    assert agent.asked


class TestGit:
    @pytest.fixture(autouse=True)
    def _no_configuration_but_ours(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        for name in ("XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_ASKPASS", "SSH_ASKPASS"):
            monkeypatch.delenv(name, raising=False)

    @needs("git")
    def test_a_store_that_can_be_read_is_found(self, given: Given, tmp_path: Path) -> None:
        assert secrets.git_helper(given) == []
        (tmp_path / "home/.git-credentials").write_text(f"https://person:{CANARY}@{secrets.HOST}\n")
        assert any("store --file" in found for found in secrets.git_helper(given))

    def test_without_git_there_is_nothing_to_ask(self, given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", given.home)
        with pytest.raises(Skipped, match="no git"):
            secrets.git_helper(given)

    def test_a_helper_that_waits_for_a_person_is_left_alone(
        self, given: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tool = tmp_path / "home/git"
        tool.write_text("#!/bin/sh\nexec /bin/sleep 60\n")
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", given.home)
        monkeypatch.setattr(secrets, "WAIT_S", 0.05)
        assert secrets.git_helper(given) == []


@pytest.mark.parametrize(
    ("name", "secret"),
    [("GITHUB_TOKEN", True), ("aws_secret_access_key", True), ("PGPASSWORD", True), ("EDITOR", False), ("PATH", False)],
)
def test_which_names_are_those_of_secrets(name: str, secret: bool) -> None:
    assert environment.is_secret(name) is secret


class TestWorkspace:
    def test_an_ordinary_directory_is_fine(self, given: Given, tmp_path: Path) -> None:
        (tmp_path / "repo/hello.txt").write_text("hello\n")
        assert workspace.changes(given) == []
        assert workspace.committed(given) == []
        assert os.listdir() == ["hello.txt"]
        assert (tmp_path / "repo/hello.txt").read_text() == "hello\n"

    def test_one_that_loses_what_was_written_is_not(self, given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "chmod", lambda *_: None)
        assert workspace.changes(given) == ["modes"]


def test_a_writable_repository_is_the_place_for_new_things(given: Given) -> None:
    assert place("new") == "new"
    assert {files, mounts, streams}, "whose rows are in test_runner__attacks"


def test_a_read_only_one_is_not(given: Given, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result((0,) * 8 + (os.ST_RDONLY, 255)))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    made = place("new")
    assert made.startswith(str(tmp_path))
    assert os.path.isdir(os.path.dirname(made))
