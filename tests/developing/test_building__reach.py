"""What a build would see of this machine, judged as the reference CLI sees it. A script stands for that here."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from paddock.developing import building
from paddock.errors import PaddockError
from tests.capabilities import needs

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Person

    Build = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = needs("podman", "busybox", "git")
NO_NETWORK = 'Error: building at STEP "RUN true": failed to read from slirp4netns sync pipe: EOF'


@pytest.fixture
def build(ann: Person, project: Callable[..., Path], tmp_path: Path) -> Build:
    """`paddock devcontainer build` of a Dockerfile with these keys of `build`; the script says what it was given."""
    place, folder = project({".devcontainer/Dockerfile": "FROM scratch\n"}), tmp_path / "bin"
    folder.mkdir()
    (folder / "devcontainer").write_text('#!/usr/bin/env shell\nenv; echo ran "$@"; exit 1\n')
    (folder / "shell").symlink_to("/bin/sh")
    (folder / "devcontainer").chmod(0o755)

    def call(keys: dict[str, Any], *before: str, **environ: Any) -> subprocess.CompletedProcess[str]:
        said = {"build": {"dockerfile": "Dockerfile", **keys}}
        (place / ".devcontainer/devcontainer.json").write_text(json.dumps(said))
        path = ":".join((*before, str(folder), ann.environ["PATH"]))
        return ann.call("devcontainer", "build", cwd=place, PATH=path, **environ)

    return call


@pytest.mark.parametrize("key", ["context", "dockerfile"])
def test_what_leads_out_with_the_variables_that_the_cli_gets_is_refused(build: Build, key: str) -> None:
    """It gets few, so a default counts there where the caller has a value."""
    done = build({key: "${localEnv:USER:../..}/x"}, USER="inside")
    assert done.returncode == 126, done.stderr
    assert "is outside of the repository" in done.stderr
    assert "ran build" not in done.stderr


def test_what_leads_out_when_it_is_made_shorter_before_links_are_followed_is_refused(
    build: Build, tmp_path: Path
) -> None:
    place = tmp_path / "a project"
    (place / "x/y/z").mkdir(parents=True)
    (place / ".devcontainer/deep").symlink_to("../x/y/z")
    assert "is outside of the repository" in build({"context": "deep/../../.."}).stderr
    assert "ran build" in build({"context": "deep"}).stderr


def test_a_folder_below_a_repository_of_all_the_home_is_its_own(
    ann: Person, build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some keep their dot files in a repository that is their home: that is nobody's build context."""
    monkeypatch.setitem(ann.environ, "XDG_CONFIG_HOME", str(ann.home / ".config"))
    (tmp_path / ".git").mkdir()
    (tmp_path / "a project/.git").rename(tmp_path / "gone")
    done = build({"context": "../.."}, HOME=str(tmp_path))
    assert "is outside of the repository" in done.stderr, done.stderr


def test_no_program_of_the_repository_is_found_by_what_builds(build: Build, tmp_path: Path) -> None:
    """The CLI is a script for `env node`; a person may have node_modules/.bin before everything."""
    inside = tmp_path / "a project/bin"
    inside.mkdir()
    (inside / "shell").write_text(f"#!/bin/sh\ntouch {tmp_path}/escaped\n")
    (inside / "shell").chmod(0o755)
    (tmp_path / "bin/devcontainer").rename(tmp_path / "bin/cli")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/devcontainer").write_text("#!/usr/bin/env shell\n. " + f"{tmp_path}/bin/cli\n")
    (tmp_path / "elsewhere/devcontainer").chmod(0o755)
    done = build({}, str(inside), "bin", str(tmp_path / "elsewhere"))
    assert "ran build" in done.stderr, done.stderr
    assert not (tmp_path / "escaped").exists()


def test_the_build_gets_no_variable_of_the_caller(build: Build) -> None:
    done = build({"args": {"A": "${localEnv:COMPANY}"}}, COMPANY="hunter2", API_TOKEN="hunter3")
    assert "ran build" in done.stderr
    assert "hunter" not in done.stderr


@pytest.mark.usefixtures("build")
def test_each_repository_has_an_image_of_its_own_name(ann: Person, tmp_path: Path) -> None:
    """Where two have one, the one that is built last is what runs in both."""
    named = set()
    for above in ("one", "two", "TWO"):
        place = tmp_path / above / "a-platform/its-services/backend"
        (place / ".devcontainer").mkdir(parents=True)
        (place / ".git").mkdir()
        (place / ".devcontainer/Dockerfile").write_text("FROM scratch\n")
        (place / ".devcontainer/devcontainer.json").write_text('{"build": {"dockerfile": "Dockerfile"}}')
        done = ann.call("devcontainer", "build", cwd=place, PATH=f"{tmp_path}/bin:{ann.environ['PATH']}")
        named |= {line.split("--image-name ")[1] for line in done.stderr.splitlines() if "--image-name" in line}
    assert len(named) == 3


@pytest.mark.parametrize(
    ("is_there", "may", "why", "mends"),
    [
        (
            True,
            False,
            "/tun is not yours to open, and the network is made of it (Error: building",
            "sudo chmod 666 ",
        ),
        (
            False,
            False,
            "/tun is not there, and the network is made of it (Error: building",
            "sudo modprobe tun, then: ",
        ),
        (True, True, "Error: building at STEP", "mend its Dockerfile or Features"),
    ],
)
def test_a_build_without_a_network_says_what_gives_it_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool, may: bool, why: str, mends: str
) -> None:
    """Podman says that a pipe has ended."""
    (tmp_path / "cli").write_text(f"#!/bin/sh\necho '{NO_NETWORK}' >&2\nexit 1\n")
    (tmp_path / "cli").chmod(0o755)
    if is_there:
        (tmp_path / "tun").touch()
    monkeypatch.setattr(building, "_TUN", str(tmp_path / "tun"))
    monkeypatch.setattr(os, "access", lambda *_: may)
    with pytest.raises(PaddockError) as caught:
        building._run((str(tmp_path / "cli"),), {"PATH": "/usr/bin:/bin"})
    assert why in caught.value.why
    assert mends in caught.value.next_step
