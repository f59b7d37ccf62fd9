"""Sessions where Docker is all there is: what holds with podman holds here, or is refused by name."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from paddock.probes.planting.files import fingerprint
from tests import busybox, docker
from tests.background import one_message
from tests.capabilities import IS_ROOT, needs
from tests.conftest import Person, make_home
from tests.devcontainer.conftest import reference_program

# The same tests, as a person who has Docker: the fixture below takes the place of the shared one.
from tests.test_ending import test_kill_returns_when_everything_is_gone as test_kill  # noqa: F401
from tests.test_joining import (  # noqa: F401
    test_it_is_bound_exactly_as_the_first_command,
    test_it_makes_no_user_namespace_either,
    test_it_sees_the_same_files_and_processes,
)
from tests.test_session__attacks import test_lc_01_a_daemon_ends_with_the_sandbox  # noqa: F401
from tests.test_session__credentials import (  # noqa: F401
    service,
    test_the_service_gets_the_secret_and_the_command_has_a_placeholder,
)
from tests.test_session__limits import test_processes_that_were_refused_are_told  # noqa: F401
from tests.test_session__podman import (  # noqa: F401
    test_a_repository_may_have_a_name_that_is_the_engines_syntax,
    test_clean_removes_a_container_whose_guard_was_killed_too,
    test_ctrl_c_is_the_commands_on_a_terminal,
    test_killed_while_it_starts_it_leaves_no_container,
    test_the_commands_own_code_is_paddocks,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.docker import Daemon

__all__ = ["reference_program"]
pytestmark = needs("docker", "git")


@pytest.fixture(scope="module")
def found() -> Iterator[Daemon]:
    with docker.daemon() as started:
        yield started


@pytest.fixture
def person(tmp_path: Path, found: Daemon) -> Iterator[Person]:
    yield docker.person_of(tmp_path / "home", found)
    assert found.left() == []


@pytest.fixture(scope="module")
def image(found: Daemon, tmp_path_factory: pytest.TempPathFactory) -> str:
    """One with a person, something in their home, and a wish for volumes."""
    place = tmp_path_factory.mktemp("image")
    busybox.lay_out(place)
    (place / "root/data").mkdir()
    (place / "root/data/seed").write_text("of the image\n")
    (place / "home/ann/.cache/deep").mkdir(parents=True)
    (place / "home/ann/.cache/deep/text").write_text("of the image\n")
    (place / "home/ann/tool").write_text("#!/bin/sh\necho runs\n")
    (place / "home/ann/tool").chmod(0o4755)
    (place / "home/ann/away").symlink_to("/etc/passwd")
    with (place / "Containerfile").open("a") as file:
        file.write("VOLUME /data\nVOLUME /home\n")
    found.call("build", "--quiet", "--tag", busybox.IMAGE, "--file", str(place / "Containerfile"), str(place))
    return busybox.IMAGE


def test_it_is_refused_until_the_gap_is_accepted(tmp_path: Path, repo: Path, found: Daemon) -> None:
    somebody = Person(make_home(tmp_path / "other"), extra=found.handed_on)
    done = somebody.call("run", "--boundary", "podman", "--", "true", cwd=repo)
    assert done.returncode == 126
    assert one_message(done.stderr)
    assert "--accept docker" in done.stderr
    assert "--accept rootful" in done.stderr or not IS_ROOT


def test_a_change_is_held_and_the_repository_is_as_it_was(person: Person, repo: Path) -> None:
    before = fingerprint(repo)
    done = person.call("run", "--", "sh", "-c", "id -u; echo x > made; git add . && git status -s", cwd=repo)
    assert done.returncode == 0, done.stderr
    assert fingerprint(repo) == before
    assert "made" in person.call("diff", cwd=repo).stdout
    assert person.call("apply", cwd=repo).returncode == 0
    assert (repo / "made").stat().st_uid == os.geteuid()


def test_the_person_inside_is_one_id_and_nobody_outside_but_themselves(person: Person, repo: Path) -> None:
    done = person.call("run", "--quiet", "--", "cat", "/proc/self/uid_map", "/proc/self/gid_map", cwd=repo)
    maps = [[int(number) for number in line.split()] for line in done.stdout.splitlines()]
    assert [count for _, _, count in maps] == [1, 1]
    for inside, outside, _ in maps:
        assert inside != 0
        # As root an id that nobody has; else root of Docker's own user namespace, which is the caller.
        assert outside == (0x70000000 if IS_ROOT else 0)


def test_a_kept_sandbox_is_entered_by_way_of_the_same_user_namespace(person: Person, repo: Path) -> None:
    script = "echo x > ~/of-the-first; readlink /proc/self/ns/user"
    first = person.call("run", "--keep", "--name", "kept", "--quiet", "--", "sh", "-c", script, cwd=repo)
    later = person.call("exec", "kept", "--", "sh", "-c", "readlink /proc/self/ns/user; cat ~/of-the-first", cwd=repo)
    assert later.stdout == f"{first.stdout}x\n", later.stderr
    assert person.call("kill", "kept", cwd=repo).returncode == 0


def test_an_images_home_is_the_persons_and_its_volumes_are_nobodys(
    person: Person, repo: Path, image: str, found: Daemon
) -> None:
    script = """
        id -un; cat ~/.profile ~/.cache/deep/text; ~/tool; readlink ~/away; ls -ln ~/tool
        echo x > ~/new && cat ~/new; cat /data/seed
        (echo x > /data/new) 2>/dev/null || echo closed; (echo x > /home/new) 2>/dev/null || echo closed
        find ~ -not -uid $(id -u)
    """
    done = person.call("run", "--quiet", "--image", image, "--", "sh", "-c", script, cwd=repo)
    lines = done.stdout.splitlines()
    assert lines[:5] == ["ann", "# of the image", "of the image", "runs", "/etc/passwd"], done.stderr
    assert lines[5].startswith("-rwxr-xr-x"), "no set-user-ID"
    assert lines[6:] == ["x", "of the image", "closed", "closed"]
    assert found.left() == []


def test_what_a_proof_tries_on_processes_fails(person: Person, repo: Path) -> None:
    done = person.call("prove", "--boundary", "podman", "--only", "processes", "--json", cwd=repo)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_image_that_is_not_here_is_told_in_dockers_words(person: Person, repo: Path) -> None:
    done = person.call("run", "--image", "localhost/none:1", "--", "true", cwd=repo)
    assert one_message(done.stderr)
    assert "docker pull localhost/none:1" in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [(("--nested",), "containers inside the sandbox"), (("--boundary", "gvisor"), "a kernel of its own (gVisor)")],
)
def test_what_docker_cannot_keep_is_refused_by_name(
    person: Person, repo: Path, words: tuple[str, ...], told: str
) -> None:
    done = person.call("run", *words, "--accept", "nested-namespaces", "--", "true", cwd=repo)
    assert done.returncode == 126
    assert f"docker: {told}" in done.stderr
    assert "podman" in done.stderr


def test_a_dev_container_is_built_and_worked_in(
    person: Person, tmp_path: Path, image: str, reference_program: Path
) -> None:
    """By the reference CLI with Docker, from a Dockerfile."""
    place = tmp_path / "a project"
    (place / ".devcontainer").mkdir(parents=True)
    (place / ".devcontainer/Dockerfile").write_text(f"FROM {image}\nENV BUILT=yes\n")
    settings = {"build": {"dockerfile": "Dockerfile"}, "remoteUser": "ann", "postCreateCommand": "echo x > ~/set-up"}
    (place / ".devcontainer/devcontainer.json").write_text(json.dumps(settings))
    subprocess.run(["git", "init", "-q", str(place)], check=True)
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "devcontainer").symlink_to(reference_program)
    someone = replace(person, extra={**person.extra, "PATH": f"{folder}:{person.environ['PATH']}"})
    built = someone.call("devcontainer", "build", cwd=place)
    assert built.returncode == 0, built.stderr
    done = someone.call("run", "--quiet", "--", "sh", "-c", 'echo "$BUILT"; id -un; cat ~/set-up; pwd', cwd=place)
    assert done.stdout.splitlines()[:2] == ["yes", "ann"], done.stdout + done.stderr
