"""A person whose sandboxes are rootless containers (rootful ones where the tests run as root), in storage of their own."""

from __future__ import annotations

import glob
import subprocess
import time
from typing import TYPE_CHECKING

from paddock import pausing
from paddock.boundary import container
from tests import docker
from tests.capabilities import IS_ROOT
from tests.conftest import PATIENCE_S, Person, make_home

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POLICY = '[boundary]\nuse = "podman"\n'
ACCEPTED = ["rootful"] if IS_ROOT else []


def person_of(home: Path, policy: str = "", *, accept: tuple[str, ...] = ()) -> Iterator[Person]:
    """The person, and afterwards nothing of what podman keeps running for them."""
    directory = make_home(home) / ".config/paddock"
    directory.mkdir(mode=0o700)
    names = ", ".join(f'"{name}"' for name in (*ACCEPTED, *accept))
    (directory / "policy.toml").write_text(f"{POLICY}accept = [{names}]\n{policy}")
    person = Person(home)
    yield person
    found = left(person)
    pausing.end(str(home / "runtime"))
    if not IS_ROOT:  # files of ids that are the person's, but not them
        subprocess.run(["podman", "unshare", "rm", "-rf", str(home / ".local/share")], check=False, env=person.environ)
        pausing.end(str(home / "runtime"))
    assert found == []


def containers(person: Person) -> list[str]:
    """The names of the containers of this person's sandboxes that there are, with more behind them."""
    if "DOCKER_HOST" in person.extra:
        return docker.Daemon(person.extra["DOCKER_HOST"]).containers()
    home = str(person.home)
    done = subprocess.run(
        ["podman", "ps", "--all", "--format", "{{.Names}} {{.Command}} {{.Labels}}"],
        env=person.environ, capture_output=True, text=True, check=True, timeout=PATIENCE_S,
    )  # fmt: skip
    return [line for line in done.stdout.splitlines() if "paddock" in line and (not IS_ROOT or _ours(line, home))]


def places(person: Person) -> list[str]:
    """Where what the containers of this person's sandboxes need is laid out, before the engine is asked for them."""
    if not IS_ROOT:
        return glob.glob(f"{glob.escape(str(person.home))}/runtime/paddock/live/*/container")
    everybodys = glob.glob(f"{container.ROOTS_PLACE}/*")
    return [place for place in everybodys if container.live_directory_of(place).startswith(f"{person.home}/")]


def _ours(line: str, home: str) -> bool:
    """Root has one storage for all: which of its containers have their settings below this home."""
    name = line.split(maxsplit=1)[0]
    done = subprocess.run(
        ["podman", "inspect", "--format", "{{.ConmonPidFile}} {{.Config.CreateCommand}}", name],
        capture_output=True, text=True, check=False, timeout=PATIENCE_S,
    )  # fmt: skip
    return home in done.stdout


def left(person: Person) -> list[str]:
    """The containers that are still there when the engine has had time to clear up behind us."""
    deadline = time.monotonic() + 90  # a guard lets the engine finish, and tries to remove it three times
    while (found := containers(person)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found
