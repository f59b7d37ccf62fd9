"""Real projects and agents, from the package registries, once per session (or per PADDOCK_TEST_CACHE)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import capabilities
from tests.real import issuers as issuing
from tests.real.internet import Internet, Resident
from tests.real.support import fetched, quietly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Person
    from tests.real.issuers import Issuers

# Exact versions: what these tests show must not change with somebody else's release. They are renewed by hand.
AGENTS = {
    "claude": "@anthropic-ai/claude-code@2.1.197",
    "codex": "@openai/codex@0.169.0",
    "opencode": "opencode-ai@1.18.33",
    "pi": "@mariozechner/pi-coding-agent@0.73.1",
    "gemini": "@google/gemini-cli@0.61.0",
    "copilot": "@github/copilot@1.0.102",
}
PYTHON_PROJECT = "toolz==1.2.0"
NPM_PROJECT = "deep-equal@1.0.1"  # its package carries its tests
NPM_QUIET = ("--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where fetched things are kept."""
    named = os.environ.get("PADDOCK_TEST_CACHE")
    return Path(named) if named else tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def agents_home(cache: Path) -> Path:
    """A home directory with all agents installed from npm under ~/.local, as people do without root."""
    capabilities.require("npm", "registries")

    def build(home: Path) -> None:
        quietly("npm", "install", "--global", "--prefix", home / ".local", *NPM_QUIET, *AGENTS.values(), cwd=home)

    return fetched(cache, "agents-home", build)


@pytest.fixture(scope="session")
def python_project(cache: Path) -> Path:
    """A source distribution with its tests, unpacked, with pytest in a virtual environment inside it."""
    capabilities.require("registries")

    def build(place: Path) -> None:
        pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
        download = ("download", "--quiet", "--no-deps", "--no-binary", ":all:", PYTHON_PROJECT)
        quietly(*pip, *download, cwd=place)
        unpack(next(place.glob("*.tar.gz")), place)
        # The system's interpreter: one under a home directory would make this a test of toolchains.
        quietly("/usr/bin/python3", "-m", "venv", "--without-pip", ".venv", cwd=place)
        target = ("--python", ".venv/bin/python")
        quietly(*pip, *target, "install", "--quiet", f"pytest=={pytest.__version__}", cwd=place)

    return fetched(cache, "python-project", build)


@pytest.fixture(scope="session")
def npm_project(cache: Path) -> Path:
    """A package from npm with its own tests, and its development dependencies already installed."""
    capabilities.require("npm", "registries")

    def build(place: Path) -> None:
        quietly("npm", "pack", *NPM_QUIET, NPM_PROJECT, cwd=place)
        unpack(next(place.glob("*.tgz")), place)
        quietly("npm", "install", "--ignore-scripts", *NPM_QUIET, cwd=place)

    return fetched(cache, "npm-project", build)


@pytest.fixture(scope="session")
def bundler_project(cache: Path) -> Path:
    """A project that is built by a native program out of node_modules."""
    capabilities.require("npm", "registries")

    def build(place: Path) -> None:
        (place / "index.js").write_text(
            'const equal = require("deep-equal");\nconsole.log(equal({a: [1]}, {a: [1]}));\n'
        )
        (place / "package.json").write_text(
            '{"name": "example", "version": "1.0.0", "private": true,\n'
            ' "scripts": {"build": "esbuild index.js --bundle --platform=node --outfile=dist/out.js"}}\n'
        )
        quietly("npm", "install", *NPM_QUIET, "esbuild@0.25.9", NPM_PROJECT, cwd=place)

    return fetched(cache, "bundler-project", build)


def unpack(archive: Path, place: Path) -> None:
    """Unpack a source archive without its top directory (Debian 12's tarfile has no filters yet)."""
    quietly("tar", "--extract", "--file", archive, "--strip-components=1", "--no-same-owner", cwd=place)
    archive.unlink()


@pytest.fixture
def checkout(tmp_path: Path, person: Person) -> Callable[[Path], Path]:
    """Copies a fetched project to a path with a space and commits it, like a person's clone."""

    def make(project: Path) -> Path:
        path = tmp_path / "a clone"
        subprocess.run(["cp", "-a", "--no-preserve=ownership", project, path], check=True)
        (path / ".gitignore").write_text("node_modules\n.venv\n__pycache__\n")
        identity = ("-c", "user.name=A Person", "-c", "user.email=person@example.test")
        for command in (("init", "-q"), ("add", "."), (*identity, "commit", "-q", "-m", "first")):
            quietly("git", *command, cwd=path, environ=person.environ)
        return path

    return make


@pytest.fixture
def claude(person: Person, agents_home: Path) -> None:
    """Installs Claude Code into the person's home: hard links where they can be made, else copies."""
    local = person.home / ".local"
    for part in ("lib/node_modules/@anthropic-ai", "bin"):
        (local / part).mkdir(parents=True, exist_ok=True)
    package = "lib/node_modules/@anthropic-ai/claude-code"
    shutil.copytree(agents_home / ".local" / package, local / package, symlinks=True, copy_function=linked)
    shutil.copy(agents_home / ".local/bin/claude", local / "bin/claude", follow_symlinks=False)


def linked(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


@pytest.fixture(scope="session")
def the_internet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Internet]:
    """One internet for all tests; `internet` gives it to one of them."""
    capabilities.require("internet", "openssl", "git")
    made = Internet(tmp_path_factory.mktemp("internet"))
    yield made
    made.close()


@pytest.fixture
def internet(the_internet: Internet) -> Internet:
    """Names, services and an authority that exist for `resident` only; nothing was asked of them yet."""
    the_internet.forget()
    return the_internet


@pytest.fixture
def resident(internet: Internet, person: Person) -> Resident:
    """The person, on a host in the tests' internet."""
    return internet.resident(person)


@pytest.fixture
def issuers(internet: Internet, resident: Resident, agents_home: Path, tmp_path: Path) -> Iterator[Issuers]:
    """The services that agents log in at, for somebody who has the agents on their PATH."""
    with issuing.serving(internet, resident, agents_home, tmp_path) as made:
        yield made
