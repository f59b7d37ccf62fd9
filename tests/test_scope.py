"""Starting again in a scope of systemd's user manager: when, and how."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock import scope
from paddock.kernel import cgroups

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def runtime(tmp_path: Path) -> Path:
    """A runtime directory as a running user manager has it."""
    (tmp_path / "systemd").mkdir()
    (tmp_path / "systemd/private").touch()
    (tmp_path / "bus").touch()
    return tmp_path


def test_a_person_with_a_user_manager_and_version_2_gets_a_scope(runtime: Path) -> None:
    assert scope.wanted({"XDG_RUNTIME_DIR": str(runtime)}, 1000, unified=True)


@pytest.mark.parametrize("missing", ["bus", "systemd/private"])
def test_without_the_managers_sockets_nothing_is_asked(runtime: Path, missing: str) -> None:
    (runtime / missing).unlink()
    assert not scope.wanted({"XDG_RUNTIME_DIR": str(runtime)}, 1000, unified=True)


def test_root_and_version_1_need_no_scope(runtime: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(runtime)}
    assert not scope.wanted(environ, 0, unified=True)
    assert not scope.wanted(environ, 1000, unified=False)
    assert not scope.wanted({}, 1000, unified=True)


def test_the_command_line_is_the_same_behind_the_scope() -> None:
    argv = scope.command("/usr/bin/systemd-run", ["run", "--", "x"])
    assert argv[0] == "/usr/bin/systemd-run"
    assert "--property=Delegate=yes" in argv
    assert argv[-5:] == ["-m", "paddock", "run", "--", "x"]


def test_paddock_starts_again_exactly_once(monkeypatch: pytest.MonkeyPatch, runtime: Path) -> None:
    started: list[dict[str, str]] = []
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    monkeypatch.delenv(scope.MARK, raising=False)
    monkeypatch.setattr(scope, "find", lambda _: "/usr/bin/systemd-run")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(cgroups, "is_unified", lambda: True)
    monkeypatch.setattr(cgroups, "find", lambda: None)
    monkeypatch.setattr(cgroups, "settle_in_delegated", lambda: None)
    monkeypatch.setattr(os, "execve", lambda _program, _argv, environ: started.append(dict(environ)))
    scope.enter()
    assert len(started) == 1
    monkeypatch.setenv(scope.MARK, started[0][scope.MARK])
    scope.enter()
    assert len(started) == 1
    assert scope.MARK not in os.environ


def test_in_a_delegated_group_paddock_moves_to_a_leaf_and_hands_out_controllers(tmp_path: Path) -> None:
    group = tmp_path / "user.slice/run-1.scope"
    group.mkdir(parents=True)
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids\n")
    (group / "cgroup.controllers").write_text("cpu io memory pids\n")
    (group / "cgroup.subtree_control").touch()
    own = tmp_path / "own"
    own.write_text("0::/user.slice/run-1.scope\n")
    cgroups.settle_in_delegated(str(tmp_path), str(own))
    assert (group / "paddock/cgroup.procs").read_text() == str(os.getpid())
    assert (group / "cgroup.subtree_control").read_text().startswith("+")
