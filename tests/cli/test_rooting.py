"""Where the root comes from: an image that is named, the repository's dev container, this machine; and that it is offered."""

from __future__ import annotations

import json
import os
import pty
from typing import TYPE_CHECKING

import pytest

from paddock.cli import rooting
from paddock.devcontainer.finding import FIRST
from tests.capabilities import needs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person

OFFER = "this repository has a dev container"


def on_a_terminal(person: Person, repo: Path, *arguments: str) -> str:
    """What Paddock says on standard error, where that is a terminal."""
    pid, outside = pty.fork()
    if pid == 0:
        os.chdir(repo)
        argv = person.argv(*arguments)
        os.execve(argv[0], argv, person.environ)
    said = b""
    while True:
        try:
            piece = os.read(outside, 4096)
        except OSError:  # the last process has closed it
            break
        if not piece:
            break
        said += piece
    os.close(outside)
    os.waitpid(pid, 0)
    return " ".join(said.decode("utf-8", "replace").split())


def test_the_places_are_those_where_tools_look() -> None:
    assert rooting._PLACES == FIRST


@needs("bubblewrap")
def test_a_dev_container_is_offered_once_and_to_people_only(person: Person, repo: Path) -> None:
    (repo / ".devcontainer.json").write_text('{"image": "base:1"}')
    assert OFFER not in person.call("run", "--", "true", cwd=repo).stderr
    assert OFFER not in on_a_terminal(person, repo, "run", "--quiet", "--", "true")
    assert OFFER in on_a_terminal(person, repo, "run", "--", "true")
    assert OFFER not in on_a_terminal(person, repo, "run", "--", "true")


@needs("bubblewrap")
def test_where_there_is_none_nothing_is_offered(person: Person, repo: Path) -> None:
    assert OFFER not in on_a_terminal(person, repo, "run", "--", "true")
    assert not (person.home / ".local/state/paddock/devcontainers").exists()


@pytest.mark.parametrize("boundary", ["bubblewrap", "landlock"])
@needs("podman")
def test_an_image_needs_a_boundary_that_runs_images(person: Person, repo: Path, boundary: str) -> None:
    words = ("run", "--boundary", boundary, "--minimum", "landlock", "--image", "localhost/none:1", "--", "true")
    done = person.call(*words, cwd=repo)
    assert done.returncode in (125, 126)
    assert "there is no image" in done.stderr or "runs no image" in done.stderr


@needs("podman")
def test_plan_says_what_run_would_refuse(person: Person, repo: Path) -> None:
    (repo / ".devcontainer.json").write_text(json.dumps({"image": "localhost/none:1"}))
    for verb in ("plan", "run"):
        done = person.call(verb, "--boundary", "podman", "--accept", "rootful", "--", "true", cwd=repo)
        assert done.returncode == 125
        assert "podman pull localhost/none:1" in done.stderr
    assert person.call("plan", "--boundary", "podman", "--image", "none", "--", "true", cwd=repo).returncode == 0
    assert person.call("plan", "--", "true", cwd=repo).returncode == 0
