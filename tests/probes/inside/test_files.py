"""Attacks on files, on those of the test's own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.probes.inside import files
from paddock.probes.inside.effects import Given

if TYPE_CHECKING:
    from pathlib import Path

GIVEN = Given({"hashes": [], "home": "/", "repo": "/", "numbers": {}})


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory in the place of /run."""
    real = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: real({"/run": tmp_path}[path]))
    return tmp_path


def test_a_program_of_the_sandboxs_that_its_owner_can_write_is_named_and_left_as_it_was(run: Path) -> None:
    for name in ("paddock-enter", "others"):
        (run / name).write_text("program")
        (run / name).chmod(0o555)
    (run / "paddock-directory").mkdir()
    assert files.own_programs(GIVEN) == [f"could write {run}/paddock-enter"]
    assert (run / "paddock-enter").stat().st_mode & 0o7777 == 0o555
    assert (run / "paddock-enter").read_text() == "program"


def test_one_that_lets_no_mode_be_set_is_not(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (run / "paddock-enter").touch()

    def refused(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "chmod", refused)
    assert files.own_programs(GIVEN) == []


def test_what_an_engine_gives_by_the_persons_settings_is_read(tmp_path: Path) -> None:
    import hashlib

    secret = tmp_path / "secret"
    secret.write_text("canary-00112233445566778899aabbccddeeff")
    known = hashlib.sha256(b"canary-00112233445566778899aabbccddeeff").hexdigest()
    told = {"hashes": [known], "home": "/", "repo": "/", "numbers": {}, "engine gives": ["/nowhere/x", str(secret)]}
    assert files.engine_settings(Given(told)) == [f"read {secret}"]
