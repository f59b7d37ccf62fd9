"""Docker in podman's place: whose daemon it is, and what is refused. Sessions: tests/test_session__docker.py."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from paddock.boundary import docker, docker_daemon, engine, podman_trial
from paddock.boundary.docker_words import EMPTY
from paddock.boundary.engine import Engine
from paddock.errors import BoundaryUnavailable
from paddock.frozen import replace
from paddock.plan.model import Service
from tests import docker as dockers
from tests.boundary.plans import PLAN
from tests.capabilities import IS_ROOT, needs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A directory with a socket on which a daemon of ours could listen."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{tmp_path}/docker.sock")
        yield str(tmp_path)


def refused(environ: dict[str, str]) -> BoundaryUnavailable:
    with pytest.raises(BoundaryUnavailable) as caught:
        docker_daemon.address(environ)
    assert caught.value.why
    assert "podman" in caught.value.next_step
    return caught.value


def test_the_callers_own_daemon_comes_first(place: str) -> None:
    assert docker_daemon.address({"XDG_RUNTIME_DIR": place}) == f"unix://{place}/docker.sock"
    assert docker_daemon.address({"DOCKER_HOST": f"unix://{place}/docker.sock"}) == f"unix://{place}/docker.sock"


@pytest.mark.parametrize("where", ["tcp://192.0.2.1:2376", "ssh://ada@example.test", "unix://relative", "fd://"])
def test_one_on_another_machine_is_refused(where: str) -> None:
    assert refused({"DOCKER_HOST": where}).code == "docker-elsewhere"


def test_where_nobody_listens_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "docker.sock").touch()
    assert refused({"DOCKER_HOST": f"unix://{tmp_path}/docker.sock"}).code == "docker-no-daemon"


def test_somebody_elses_daemon_is_not_used_to_become_them(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is in the group docker is refused: only the daemon, as root, could enter its containers."""
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    error = refused({"DOCKER_HOST": f"unix://{place}/docker.sock"})
    assert error.code == "docker-not-yours"
    assert "dockerd-rootless-setuptool.sh" in error.next_step


def test_the_keeper_is_a_program_of_ours_that_anybody_may_start_and_nobody_change(place: str) -> None:
    # An engine that says yes to all that it is asked.
    keeper = f"{place}/docker/keeper"
    found = Engine("/bin/true", keeper, daemon=f"unix://{place}/docker.sock")
    docker.prepare(found)
    assert stat.S_IMODE(os.stat(keeper).st_mode) == 0o555
    with subprocess.Popen([keeper], stdout=subprocess.PIPE) as waiting:
        assert waiting.stdout
        assert waiting.stdout.read(), "its kernel; then it waits"
        assert waiting.poll() is None
        waiting.kill()
    os.chmod(keeper, 0o755)
    with open(keeper, "wb") as file:
        file.write(b"something else")
    docker.prepare(found)
    with open(keeper, "rb") as file:
        assert file.read(4) == b"\x7fELF", "made anew"


def test_what_it_cannot_keep_has_a_name() -> None:
    (gap,) = docker.gaps(PLAN, "podman")
    assert (gap.name, gap.acceptable) == ("docker", True)
    service = Service(name="db", image="localhost/db:1", origin=PLAN.boundary.origin)
    for plan, boundary in (
        (replace(PLAN, services=(service,)), "podman"), (replace(PLAN, nested=True), "podman"), (PLAN, "gvisor"),
    ):  # fmt: skip
        _, gap = docker.gaps(plan, boundary)
        assert (gap.name, gap.acceptable) == ("docker", False)
        assert "podman" in gap.instead


@needs("docker")
def test_the_trial_starts_a_container_and_says_by_what(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with dockers.daemon() as found:
        for name, value in found.handed_on.items():
            monkeypatch.setenv(name, value)
        told = podman_trial.available(str(tmp_path))
        assert told.ok, told.reason
        assert told.reason.startswith("Docker ")
        assert ("the engine is root too" in told.reason) == IS_ROOT
        assert found.left() == []

        here = engine.find_engine()
        found.call("image", "rm", EMPTY)
        docker.prepare(here)
        assert found.call("image", "inspect", "--format", "{{.Size}}", EMPTY) == "0\n"
        assert docker.first_process(here, "none-of-that-name") == 0
