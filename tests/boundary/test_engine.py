"""The container engine: what is missing, what it is told, and what its complaints mean."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paddock.boundary import engine
from paddock.boundary.engine import Engine
from paddock.errors import BoundaryUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    Install = Callable[..., str]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put programs in the place of this machine's; all others are missing."""

    def make(**scripts: str) -> str:
        for name, script in scripts.items():
            path = tmp_path / name
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(0o755)
        monkeypatch.setattr(engine, "find", lambda name, *_: str(tmp_path / name) if name in scripts else None)
        monkeypatch.setattr(engine, "_KEEPERS", (str(tmp_path / "catatonit"),))
        return str(tmp_path)

    return make


ALL = {"podman": "", "catatonit": "", "newuidmap": "", "runc": ""}


def podman(place: Path | str) -> Engine:
    return Engine(f"{place}/podman", "/usr/bin/true")


def refused() -> BoundaryUnavailable:
    with pytest.raises(BoundaryUnavailable) as caught:
        engine.find_engine()
    return caught.value


@pytest.mark.parametrize("name", ["podman", "catatonit"])
def test_a_missing_program_is_said_with_what_installs_it(install: Install, name: str) -> None:
    install(**{other: "" for other in ALL if other != name})
    error = refused()
    assert error.what == f"{name} is not installed"
    assert name in error.next_step
    assert error.code == f"{name}-missing"


def test_docker_stands_in_where_podman_is_not(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    environ = {"DOCKER_HOST": f"unix://{tmp_path}/socket"}
    with socket.socket(socket.AF_UNIX) as daemon:
        daemon.bind(f"{tmp_path}/socket")
        place = install(docker="exec podman")
        assert refused().code == "podman-missing", "podman's own script of that name"
        (tmp_path / "docker").write_bytes(b"\x7fELF")
        found = engine.find_engine(environ)
        assert (found.program, found.daemon, found.name) == (f"{place}/docker", environ["DOCKER_HOST"], "docker")
        install(**ALL, docker="")
        (tmp_path / "docker").write_bytes(b"\x7fELF")
        assert engine.find_engine(environ).name == "podman"
        assert engine.find_engine({**environ, "PADDOCK_ENGINE": "docker"}).name == "docker"
        assert engine.handed_on({**environ, "PADDOCK_ENGINE": "docker"}) == {**environ, "PADDOCK_ENGINE": "docker"}
        assert engine.handed_on(environ) == {}


def test_who_wants_docker_gets_no_podman(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install(**ALL)
    monkeypatch.setenv("PADDOCK_ENGINE", "docker")
    assert refused().code == "docker-missing"
    monkeypatch.setenv("PADDOCK_ENGINE", "dokcer")
    assert "podman or docker" in refused().why


def test_who_wants_podman_gets_no_docker(install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install()
    (tmp_path / "docker").write_bytes(b"\x7fELF")
    monkeypatch.setenv("PADDOCK_ENGINE", "podman")
    assert refused().code == "podman-missing"


@pytest.mark.user
def test_an_ordinary_user_needs_newuidmap(install: Install) -> None:
    install(podman="", catatonit="", runc="")
    assert refused().code == "newuidmap-missing"


@pytest.mark.root
def test_root_does_not(install: Install) -> None:
    place = install(podman="", catatonit="", runc="")
    assert engine.find_engine().program == f"{place}/podman"


@pytest.mark.parametrize("hybrid", [True, False])
def test_runc_is_used_where_crun_cannot_run(install: Install, monkeypatch: pytest.MonkeyPatch, hybrid: bool) -> None:
    monkeypatch.setattr(os.path, "ismount", lambda _: hybrid)
    place = install(**ALL)
    assert engine.find_engine().runtime == (f"{place}/runc" if hybrid else "")
    install(podman="", catatonit="", newuidmap="")
    if hybrid:
        assert refused().code == "runc-missing"
    else:
        assert engine.find_engine().runtime == ""


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("podman version 4.3.1", (4, 3)),
        ("podman version 5.0.0-dev", (5, 0)),
        ("podman version 3.4.4", (3, 4)),
        ("what?", (0, 0)),
    ],
)
def test_the_version_is_read(install: Install, said: str, number: tuple[int, int]) -> None:
    place = install(podman=f"echo '{said}'; echo more")
    assert engine.version(podman(place)) == engine.Version(said, number)


@pytest.mark.parametrize(
    ("complaint", "why", "next_step"),
    [
        ("Error: cannot find UID/GID for user ada: no subuid ranges found", "ids of its own", "usermod --add-subuids"),
        ('Error: exec: "newuidmap": executable file not found in $PATH', "needs newuidmap", "uidmap"),
        ("Error: creating file: no space left on device", "the storage is full", "podman system prune"),
        ("Error: invalid internal status, try resetting the pause process", "pause process", "podman system migrate"),
        ("Error: localhost/x: image not known", "not in your storage", "podman pull"),
        ("time=x level=warning msg=y\nError: cgroups in hybrid mode not supported", "crun does not run", "runc"),
        ("runc: unable to create session key: disk quota exceeded", "no more keys for you", "kernel.keys.maxbytes"),
        ("Error: something else", "Error: something else", "paddock doctor --boundary podman"),
        ("", "it ended without a word", "paddock doctor --boundary podman"),
        (
            'Error: the reason\nlevel=warning msg=""/" is not a shared mount, this could cause issues',
            "Error: the reason",
            "paddock doctor",
        ),
    ],
)
def test_a_complaint_becomes_what_a_person_can_do(complaint: str, why: str, next_step: str) -> None:
    error = engine.failure(complaint)
    assert error.what == "podman could not start the container"
    assert why in error.why
    assert next_step in error.next_step


def test_an_engine_that_is_too_old_is_said_with_what_brings_what(install: Install) -> None:
    place = install(podman="echo podman version 3.4.4")
    error = engine.failure("Error: unknown flag: --passwd", podman(place))
    assert error.what == "podman is too old"
    assert error.why.startswith("podman version 3.4.4; 4.3 brings --userns keep-id:uid=,gid=")
    assert "podman 4.3 or later" in error.next_step
    place = install(podman="echo podman version 5.0.0")
    assert engine.failure("Error: unknown flag", podman(place)).why == "Error: unknown flag"


def test_an_engine_that_does_not_even_say_its_version_is_told(install: Install, tmp_path: Path) -> None:
    install(podman="")
    (tmp_path / "podman").write_bytes(b"\x7fELF nonsense")
    assert "could not be started" in engine.failure("Error: x", podman(tmp_path)).why


def test_docker_of_before_its_namespace_of_control_groups_is_too_old(install: Install) -> None:
    place = install(docker="echo Docker 19.03.15")
    found = engine.Engine(f"{place}/docker", "/usr/bin/true", daemon="unix:///run/docker.sock")
    error = engine.failure("unknown flag: --cgroupns", found)
    assert error.what == "Docker is too old"
    assert error.why.startswith("Docker 19.03.15; 20.10 brings --cgroupns")


def test_docker_is_asked_with_nothing_of_the_persons_configuration() -> None:
    found = engine.Engine("/usr/bin/docker", "/usr/bin/true", daemon="unix:///run/docker.sock")
    assert engine.words(found) == (
        "/usr/bin/docker", "--host", "unix:///run/docker.sock", "--config", engine.settings(),
    )  # fmt: skip
    assert engine.removal(found, "it")[5:] == ("rm", "--force", "--volumes", "it")


def test_the_engine_hears_nothing_of_the_callers_but_where_their_storage_is() -> None:
    caller = {
        "HOME": "/home/ada", "XDG_RUNTIME_DIR": "/run/user/1", "XDG_DATA_HOME": "/data", "TOKEN": "secret",
        "CONTAINER_HOST": "tcp://192.0.2.1", "CONTAINERS_CONF": "/evil", "CONTAINERS_CONF_OVERRIDE": "/evil",
        "HTTPS_PROXY": "http://192.0.2.1", "DOCKER_HOST": "x", "PATH": "/evil",
    }  # fmt: skip
    found = engine.environment("/place", caller)
    assert set(found) == {"HOME", "PATH", "LANG", "CONTAINERS_CONF", "XDG_RUNTIME_DIR", "XDG_DATA_HOME"}
    assert found["CONTAINERS_CONF"] == "/place/containers.conf"
    assert "/evil" not in found.values()


def test_the_settings_are_a_part_of_paddock_that_holds_no_hook() -> None:
    place = Path(engine.settings())
    assert [path.name for path in place.iterdir()] == ["containers.conf"]
    assert place.is_relative_to(Path(engine.__file__).parent)


def test_rootful_is_a_gap_that_names_what_to_do_instead() -> None:
    assert engine.gaps(as_root=False) == ()
    (gap,) = engine.gaps(as_root=True)
    assert (gap.name, gap.acceptable) == ("rootful", True)
    assert "ordinary user" in gap.instead


@pytest.mark.user
@pytest.mark.parametrize(("length", "clears_up"), [(17, True), (18, False)])
def test_with_a_long_runtime_directory_nobody_but_us_removes_a_container(length: int, clears_up: bool) -> None:
    assert engine.clears_up({"XDG_RUNTIME_DIR": "/" + "r" * (length - 1)}) is clears_up
