"""What a proof says of a boundary's programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paddock.boundary import engine, versions
from paddock.boundary.engine import Engine
from paddock.errors import PaddockError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Program = Callable[[str, str], str]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Make a program, which is then the one that this machine has."""

    def make(name: str, script: str) -> str:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setattr(versions, "find", lambda wanted: str(tmp_path / wanted))
        return str(path)

    return make


@pytest.mark.parametrize(
    ("boundary", "name", "script", "version"),
    [
        ("bubblewrap", "bwrap", "echo bubblewrap 0.8.0", "0.8.0"),
        ("gvisor", "runsc", "echo runsc version release-1; echo spec: 1.1.0", "release-1"),
        ("gvisor", "runsc", "exit 1", versions.UNKNOWN),
    ],
)
def test_a_program_is_asked(program: Program, boundary: str, name: str, script: str, version: str) -> None:
    program(name, script)
    assert versions.versions(boundary) == {boundary: version}


def test_one_that_cannot_be_started_is_of_no_known_version(program: Program, tmp_path: Path) -> None:
    program("bwrap", "")
    (tmp_path / "bwrap").write_bytes(b"\0")
    assert versions.versions("bubblewrap") == {"bubblewrap": versions.UNKNOWN}


def test_an_engine_is_told_with_its_runtime(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    podman, runc = program("podman", "echo podman version 4.3.1"), program("runc", "echo runc version 1.1.5+ds1")
    monkeypatch.setattr(engine, "find_engine", lambda: Engine(podman, "/usr/bin/true", runc))
    assert versions.versions("podman") == {"podman": "4.3.1", "runc": "1.1.5+ds1"}
    monkeypatch.setattr(engine, "find_engine", lambda: Engine(podman, "/usr/bin/true"))
    assert versions.versions("podman") == {"podman": "4.3.1"}


def test_what_is_not_here_and_what_is_the_kernels_own_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Engine:
        raise PaddockError("podman is not installed")

    monkeypatch.setattr(engine, "find_engine", missing)
    monkeypatch.setattr(versions, "find", lambda _: None)
    assert [versions.versions(boundary) for boundary in ("podman", "bubblewrap", "landlock", "")] == [{}, {}, {}, {}]
