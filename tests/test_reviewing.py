"""The rules of a repository: the catalogue, and what the policy's layers say of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.errors import PolicyError
from paddock.reviewing import rules_for

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "repository").mkdir()
    return tmp_path / "repository"


def person(environ: dict[str, str], text: str) -> None:
    folder = f"{environ['XDG_CONFIG_HOME']}/paddock"
    os.makedirs(folder, mode=0o700)
    with open(f"{folder}/policy.toml", "w") as file:
        file.write(text)


ADDS = '[hazards]\nadd = [{ pattern = "deploy/", family = "ci", why = "it deploys" }]\nallow = ["build-make"]\nlarge = "1KiB"\n'


def test_without_a_policy_it_is_the_catalogue(repository, environ):
    rules = rules_for(str(repository), environ)
    assert rules.matching("Makefile")
    assert rules.large_bytes == 50 << 20
    assert rules.allowances == ()


def test_a_person_adds_allows_and_lifts(repository, environ):
    person(environ, ADDS.replace('"1KiB"', '"none"'))
    rules = rules_for(str(repository), environ)
    assert rules.matching("deploy/x")
    assert not rules.matching("Makefile")
    assert rules.large_bytes is None


def test_a_repository_that_nobody_trusts_adds_and_tightens_and_allows_nothing(repository, environ):
    (repository / "paddock.toml").write_text(ADDS)
    rules = rules_for(str(repository), environ)
    assert rules.matching("deploy/x")
    assert rules.matching("Makefile")
    assert rules.large_bytes == 1024


def test_an_allowance_of_nothing_names_the_file_and_line(repository, environ):
    person(environ, '[hazards]\nallow = ["no-such"]\n')
    with pytest.raises(PolicyError, match=r"policy\.toml:2: hazards\.allow names 'no-such'"):
        rules_for(str(repository), environ)
