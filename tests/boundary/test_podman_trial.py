"""The trial of the podman boundary: for real, and with engines that are not there or too old."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

from paddock.boundary import engine, podman_trial
from paddock.errors import BoundaryUnavailable
from tests.capabilities import IS_ROOT, needs

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


@needs("podman")
def test_here_it_works_and_says_with_what(tmp_path: Path) -> None:
    found = podman_trial.available(str(tmp_path))
    assert found.ok, found.reason
    assert found.reason.startswith("podman version ")
    assert ("the engine is root too" in found.reason) == IS_ROOT


def test_what_is_missing_is_said_with_what_installs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise BoundaryUnavailable("podman is not installed", why="no program", next_step="sudo apt-get install podman")

    monkeypatch.setattr(engine, "find_engine", missing)
    found = podman_trial.available(str(tmp_path))
    assert (found.ok, found.reason, found.fix) == (
        False, "podman is not installed (no program)", "sudo apt-get install podman",
    )  # fmt: skip


def test_an_engine_that_is_too_old_is_not_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "podman").write_text("#!/bin/sh\ntest $1 = --version && echo podman version 3.4.4\n")
    (tmp_path / "podman").chmod(0o755)
    monkeypatch.setattr(engine, "find_engine", lambda: engine.Engine(str(tmp_path / "podman"), "/usr/bin/true", ""))
    found = podman_trial.available(str(tmp_path))
    assert not found.ok
    assert found.reason.startswith("podman is too old (podman version 3.4.4; 4.3 brings --userns keep-id:uid=,gid=")


def test_what_refuses_before_anything_is_made_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "podman").write_text("#!/bin/sh\necho podman version 5.0.0\n")
    (tmp_path / "podman").chmod(0o755)
    monkeypatch.setattr(engine, "find_engine", lambda: engine.Engine(str(tmp_path / "podman"), "/usr/bin/true", ""))
    monkeypatch.setattr(resource, "getrlimit", lambda _: (20, 20))
    found = podman_trial.available(str(tmp_path))
    assert found.reason == "too few open files for a container engine (the limit is 20, and it needs 64)"
    assert found.fix == "raise the limit: ulimit -n 4096"


def test_a_failure_does_not_send_anybody_in_a_circle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "podman").write_text(
        "#!/bin/sh\ntest $1 = --version && { echo podman version 5.0.0; exit; }\necho Error: odd >&2; exit 125\n"
    )
    (tmp_path / "podman").chmod(0o755)
    monkeypatch.setattr(engine, "find_engine", lambda: engine.Engine(str(tmp_path / "podman"), "/usr/bin/true", ""))
    found = podman_trial.available(str(tmp_path))
    assert (found.ok, found.reason, found.fix) == (False, "podman could not start the container (Error: odd)", "")
