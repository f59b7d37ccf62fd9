"""Shared fixtures: a person with a private home, a repository, and `paddock` as that person would call it."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import hypothesis
import pytest

from paddock import pausing
from tests import capabilities

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# The same examples on every run, in a read-only checkout too; and no test here judges time.
hypothesis.settings.register_profile("paddock", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile("paddock")
# PADDOCK_FUZZ=100000: as many examples for each property, other ones each time.
if "PADDOCK_FUZZ" in os.environ:
    examples = int(os.environ["PADDOCK_FUZZ"])
    hypothesis.settings.register_profile("fuzz", max_examples=examples, database=None, deadline=None)
    hypothesis.settings.load_profile("fuzz")

_left_out = pytest.StashKey[int]()
_beginning = pytest.StashKey[dict[str, object]]()


def pytest_configure(config: pytest.Config) -> None:
    """Be as an ordinary shell is, whoever calls the tests: what they make has the usual modes, and signals are heard
    that the caller may ignore, as nohup(1) does: Paddock would ignore them too.
    """
    os.umask(0o022)
    for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.stash[_beginning] = standing()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only the other of the two runs (as root, as an ordinary user) can show."""
    other = [item for item in items if item.get_closest_marker(capabilities.OTHER_ROW)]
    if other:
        items[:] = [item for item in items if item not in set(other)]
        config.hook.pytest_deselected(items=other)
    config.stash[_left_out] = len(other)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    count = config.stash.get(_left_out, 0)
    who, other = ("root", "an ordinary user") if capabilities.IS_ROOT else ("an ordinary user", "root")
    terminalreporter.write_line(f"ran as {who}; left to a run as {other}: {count}")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Nothing that the last test left in circles is collected in the middle of this one, which may count descriptors or
    children. It goes now; what stays is never looked at again, which also saves time.
    """
    gc.collect()
    gc.freeze()
    for mark in item.iter_markers("needs"):
        capabilities.require(*mark.args)


def standing() -> dict[str, object]:
    """What all tests of a process share, and each could leave changed for those after it."""
    umask = os.umask(0o077)
    os.umask(umask)
    try:
        directory = os.getcwd()
    except FileNotFoundError:
        directory = "one that is gone"
    return {
        "working directory": directory,
        "umask": f"{umask:03o}",
        "blocked signals": signal.pthread_sigmask(signal.SIG_BLOCK, []),
        "answers to signals": [signal.getsignal(number) for number in sorted(signal.valid_signals())],
    }


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Hold each file to leave the process as it was: else one that has nothing to do with it fails, in some order."""
    yield
    if nextitem is not None and nextitem.path == item.path:
        return
    beginning = item.config.stash[_beginning]
    left = {name: now for name, now in standing().items() if now != beginning[name]}
    if left:
        os.chdir(str(beginning["working directory"]))
        pytest.fail(f"{item.path.name} leaves another {left}, not {[beginning[name] for name in left]}")


# For what hangs. On a machine that is busy with other things nothing that goes on may be taken for that.
PATIENCE_S = 600


@dataclass(frozen=True)
class Person:
    """Somebody with a home of their own. `call` runs `paddock` as they would in a terminal."""

    home: Path
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        """A clean environment: nothing of the developer's own reaches the test."""
        return {
            "HOME": str(self.home),
            "XDG_STATE_HOME": str(self.home / ".local/state"),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "XDG_RUNTIME_DIR": str(self.home / "runtime"),
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "GIT_CONFIG_NOSYSTEM": "1",
            **self.extra,
        }

    def argv(self, *arguments: str) -> list[str]:
        """The command line of `paddock` with `arguments`."""
        return [sys.executable, "-m", "paddock", *arguments]

    def call(
        self, *arguments: str, cwd: Path | str, stdin: str | None = None, timeout_s: float = PATIENCE_S, **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `paddock ARGUMENTS` to its end; stdin is empty unless given."""
        return subprocess.run(
            self.argv(*arguments),
            cwd=cwd,
            env={**self.environ, **environ},
            input=stdin if stdin is not None else "",
            capture_output=True,
            text=True,
            errors="surrogateescape",
            timeout=timeout_s,
            check=False,
        )


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    """A person with an empty home directory and private XDG directories."""
    home = make_home(tmp_path / "home")
    yield Person(home)
    pausing.end(str(home / "runtime"))  # of rootless podman, which may only have been asked for an image


def make_home(home: Path) -> Path:
    """The directories of a person, which nobody else may enter."""
    for part in ("", "runtime", ".config", ".local/state"):
        (home / part).mkdir(parents=True, exist_ok=True)
        (home / part).chmod(0o700)
    return home


@pytest.fixture
def repo(tmp_path: Path, person: Person) -> Path:
    """A git repository with one commit, at a path with a space."""
    capabilities.require("git")
    path = tmp_path / "a repo"
    path.mkdir()
    (path / "hello.txt").write_text("hello\n")
    environ = {**person.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    identity = ("-c", "user.name=A Person", "-c", "user.email=person@example.test")
    for command in (("init", "-q", "-b", "main"), ("add", "."), (*identity, "commit", "-q", "-m", "first")):
        subprocess.run(["git", *command], cwd=path, env=environ, check=True, capture_output=True)
    return path
