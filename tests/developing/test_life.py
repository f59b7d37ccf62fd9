"""A dev container from its build to its end, as a person types it: set up once, entered, ended, forgotten."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.developing import life
from tests import podman
from tests.capabilities import needs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Person

pytestmark = needs("podman", "busybox", "git")


def removed(ann: Person, place: Path) -> None:
    done = ann.call("devcontainer", "rm", cwd=place)
    assert done.returncode == 0, done.stderr
    assert podman.left(ann) == []


def test_up_sets_up_once_and_exec_sees_what_was_installed(ann: Person, project: Callable[..., Path]) -> None:
    place = project(
        remoteUser="ann",
        workspaceFolder="/workspaces/app",
        containerEnv={"EDITION": "second"},
        postCreateCommand="echo $EDITION >> ~/installed; echo made > made; pwd > where",
        postStartCommand="echo start >> ~/started",
    )
    try:
        seen = ann.call("devcontainer", "exec", "--", "true", cwd=place)
        assert "is not up" in seen.stderr
        for _ in range(2):
            done = ann.call("devcontainer", "up", cwd=place)
            assert done.returncode == 0, done.stderr
            script = "cat ~/installed ~/started ~/.profile made; id -un; ls /workspaces/app"
            seen = ann.call("devcontainer", "exec", "--", "sh", "-c", script, cwd=place)
            assert seen.returncode == 0, seen.stderr
            again = ann.call("devcontainer", "up", cwd=place)
            assert "is up already" in again.stdout
            assert ann.call("devcontainer", "stop", cwd=place).returncode == 0
        lines = seen.stdout.split("\n")
        assert lines[:6] == ["second", "start", "start", "# of the image", "made", "ann"]
        assert "made" in lines[6:]
        assert not (place / "made").exists(), "held for review"
        assert "+made" in ann.call("diff", cwd=place).stdout
    finally:
        removed(ann, place)


def test_a_set_up_that_fails_starts_nothing_and_is_tried_again(ann: Person, project: Callable[..., Path]) -> None:
    place = project(onCreateCommand="test -e /tmp/never", postCreateCommand="echo x > ~/later")
    for _ in range(2):
        done = ann.call("devcontainer", "up", cwd=place)
        assert done.returncode == 125
        assert "onCreateCommand (.devcontainer/devcontainer.json:1:" in done.stderr
        assert "[network.setup]" in done.stderr
        assert not life.is_up(life.name_of(str(place)))
    assert "is not up" in ann.call("devcontainer", "exec", "--", "true", cwd=place).stderr
    removed(ann, place)


def test_set_up_has_the_network_of_setup_and_no_other(ann: Person, project: Callable[..., Path]) -> None:
    place = project(
        {
            "paddock.toml": '[network]\nmode = "allow"\nallow = ["plan.example.test"]\n[network.setup]\nallow = ["setup.example.test"]\n'
        },
        onCreateCommand="cat /etc/resolv.conf > resolv; for n in plan setup; do nslookup $n.example.test > $n 2>&1; done; true",
    )
    assert ann.call("trust", "--yes", cwd=place).returncode == 0
    try:
        done = ann.call("devcontainer", "up", cwd=place)
        assert done.returncode == 0, done.stderr
        seen = ann.call("devcontainer", "exec", "--", "sh", "-c", "cat plan; echo ---; cat setup", cwd=place).stdout
        plan, _, setup = seen.partition("---")
        assert "198.18." in setup.partition("Name:")[2]
        assert "NXDOMAIN" in plan
    finally:
        removed(ann, place)


def test_what_would_run_on_this_machine_never_does(ann: Person, project: Callable[..., Path], tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    place = project(initializeCommand=["touch", str(mark)])
    refused = ann.call("devcontainer", "up", cwd=place)
    assert refused.returncode == 126
    assert "initializeCommand" in refused.stderr
    assert ann.call("run", "--boundary", "podman", "--", "true", cwd=place).returncode == 126
    done = ann.call("devcontainer", "up", "--without-initialize", cwd=place)
    assert done.returncode == 0, done.stderr
    assert ann.call("run", "--boundary", "podman", "--", "true", cwd=place).returncode == 0
    assert not mark.exists()
    (place / ".devcontainer/devcontainer.json").write_text(
        (place / ".devcontainer/devcontainer.json").read_text() + " "
    )
    assert ann.call("run", "--boundary", "podman", "--", "true", cwd=place).returncode == 126
    removed(ann, place)


def test_run_in_podman_takes_the_dev_container(ann: Person, project: Callable[..., Path]) -> None:
    place = project(remoteUser="ann")
    done = ann.call("run", "--boundary", "podman", "--", "sh", "-c", "id -un; readlink -f /bin/sh", cwd=place)
    assert done.stdout.split() == ["ann", "/bin/busybox"], done.stderr
    own = ann.call("run", "--boundary", "podman", "--image", "none", "--", "sh", "-c", "readlink -f /bin/sh", cwd=place)
    assert own.returncode == 0, own.stderr
    assert own.stdout.strip() != "/bin/busybox"
    removed(ann, place)


@pytest.mark.parametrize(
    ("keys", "code", "words"),
    [
        ({"image": "localhost/not-there:1"}, 125, "podman pull localhost/not-there:1"),
        ({"remoteUser": "nobody-here"}, 126, "the image has no user nobody-here"),
        ({"dockerComposeFile": "compose.yml", "service": "app", "image": None}, 126, "compose"),
        ({"build": {"dockerfile": "Dockerfile", "context": "../.."}, "image": None}, 126, "outside of the repository"),
        ({"build": {"dockerfile": "Dockerfile", "options": ["-v=/:/host"]}, "image": None}, 126, "-v=/:/host"),
    ],
)
def test_what_cannot_be_is_said_with_the_next_step(
    ann: Person, project: Callable[..., Path], keys: dict[str, object], code: int, words: str
) -> None:
    place = project({".devcontainer/Dockerfile": "FROM scratch\n"}, **keys)
    text = (place / ".devcontainer/devcontainer.json").read_text().replace('"image": null, ', "")
    (place / ".devcontainer/devcontainer.json").write_text(text.replace(', "image": null', ""))
    done = ann.call("devcontainer", "up", cwd=place)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "\n  next  " in done.stderr or "no user" in done.stderr
    assert podman.left(ann) == []


def test_names_are_of_directories_and_not_of_their_last_part(tmp_path: Path) -> None:
    for name in ("one/app", "two/app", "Ünïcode", "-"):
        (tmp_path / name).mkdir(parents=True)
    names = {life.name_of(str(tmp_path / name)) for name in ("one/app", "two/app", "Ünïcode", "-")}
    assert len(names) == 4
    # Their CRC-32 is the same, which whoever makes directories can see to.
    assert life.name_of(str(tmp_path / "plumless/app")) != life.name_of(str(tmp_path / "buckeroo/app"))
    os.symlink(tmp_path / "one/app", tmp_path / "link")
    assert life.name_of(str(tmp_path / "link")) == life.name_of(str(tmp_path / "one/app"))
