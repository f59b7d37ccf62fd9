"""Ending sandboxes, and clearing up after a Paddock that was killed."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paddock import ending, live
from paddock.boundary import container
from paddock.errors import SessionError
from paddock.kernel import cgroups
from paddock.kernel.cgroups import Site
from paddock.probes.planting.files import fingerprint
from tests.background import cleaned, killed_at_moments, running
from tests.boundary.field import wait_for
from tests.capabilities import needs
from tests.forked import forked
from tests.real.support import processes_with

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Person

pytestmark = needs("bubblewrap", "git")
MOMENTS = 24
LATEST_S = 0.3  # the whole start lies within it
STORM = "i=0; while :; do i=$((i + 1)); echo $i > made.$i; echo $i >> hello.txt; mkdir -p d/$i; mv made.$i d/$i; done"


def groups() -> set[str]:
    """All control groups of Paddock on this machine; other runs may come and go, so only differences count."""
    found = subprocess.run(
        ["find", "/sys/fs/cgroup", "-name", "paddock-*"], capture_output=True, text=True, check=False
    )
    return set(found.stdout.split())


def test_killed_while_it_starts_it_leaves_nothing(person: Person, repo: Path, tmp_path: Path) -> None:
    before = fingerprint(repo)
    mark = f"mark-{os.getpid()}-{tmp_path.name}"
    names = [f"{mark.lower().replace('_', '-')[-20:]}-{number}".strip("-") for number in range(MOMENTS)]
    runs = [("--name", name, "--", "sh", "-c", "sleep 0.05; echo x > made", mark) for name in names]
    killed = 0
    for was_there in killed_at_moments(person, repo, runs, LATEST_S):
        killed += was_there
        assert fingerprint(repo) == before
    assert killed, "nothing was killed: it starts too fast for these moments"
    cleaned(person, repo)
    wait_for(lambda: processes_with(mark) == [])  # a child of the last one may still be in a call of the kernel
    assert list((person.home / "runtime/paddock/live").iterdir()) == []
    assert not [group for group in groups() if mark.lower().replace("_", "-")[-20:].strip("-") in group]
    assert cleaned(person, repo) == []
    halves = list((person.home / ".local/state/paddock").glob("changes/*/.*"))
    assert halves == []


def test_killed_in_a_write_storm_the_host_tree_is_untouched_and_clean_says_what_it_removed(
    person: Person, repo: Path, tmp_path: Path
) -> None:
    mark = f"mark-{os.getpid()}-{tmp_path.name}"
    before = fingerprint(repo)
    with running(person, repo, "--name", "storm", command=("sh", "-c", f"echo up; {STORM}", mark)) as process:
        held = person.home / ".local/state/paddock/changes"
        while not list(held.glob("*/storm/upper/d/5*")):
            assert process.poll() is None
        process.kill()
        process.wait()
    assert fingerprint(repo) == before
    assert f"sandbox directory {person.home}/runtime/paddock/live/storm" in cleaned(person, repo)
    wait_for(lambda: processes_with(mark) == [])
    assert [held["name"] for held in json.loads(person.call("changes", "--json", cwd=repo).stdout)["changes"]] == [
        "storm"
    ]
    assert fingerprint(repo) == before


def test_clean_touches_nothing_that_lives(person: Person, repo: Path) -> None:
    with running(person, repo, "--name", "alive") as process:
        assert cleaned(person, repo) == []
        assert person.call("exec", "alive", "--", "true", cwd=repo).returncode == 0
        assert process.poll() is None


def test_clean_with_another_runtime_directory_touches_nothing_that_lives(
    person: Person, repo: Path, tmp_path: Path
) -> None:
    """The same user, logged in twice, or by cron: the one does not see the directories of the other."""
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    with running(person, repo, "--name", "alive") as process:
        removed = cleaned(replace(person, extra={"XDG_RUNTIME_DIR": str(tmp_path / "elsewhere")}), repo)
        assert [line for line in removed if "control group" in line] == []
        assert person.call("exec", "alive", "--", "true", cwd=repo).returncode == 0
        assert process.poll() is None


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Directories of the test's own, the one that all of root's runs share among them; where they are."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(container, "ROOTS_PLACE", str(tmp_path / "roots"))
    return tmp_path


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A control group in which only the test's own are made: whoever of the same user clears up removes others' trials."""
    shared = cgroups.find()
    assert shared
    group = cgroups.create(shared, f"tests-{os.getpid()}", {})
    if shared.version == 2:
        for controller in shared.parents:
            Path(group.directories[0], "cgroup.subtree_control").write_text(f"+{controller}")
    own = Site(shared.version, dict(zip(shared.parents, cycle(group.directories), strict=False)))
    monkeypatch.setattr(cgroups, "find", lambda: own)
    yield own
    group.remove()


@pytest.mark.root
@pytest.mark.usefixtures("alone")
def test_a_control_group_that_a_crash_left_is_removed_with_its_processes(site: Site) -> None:
    live.claim("other", exact=True).remove()  # makes the directory
    group = cgroups.create(site, live.group_name("crashed"), {"memory": 1 << 30, "processes": 10})
    with subprocess.Popen(["sleep", "600"]) as process:
        group.join(process.pid)
        removed = ending.clean()
        assert process.wait(90) == -signal.SIGKILL
    assert removed == [f"control group {group.directories[0]}"]
    assert not any(os.path.exists(directory) for directory in group.directories)
    assert ending.left_over() == []


def test_no_sandbox_begins_by_the_name_of_one_whose_control_group_is_being_removed(
    alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.claim("other", exact=True).remove()  # makes the directory
    monkeypatch.setattr(cgroups, "find", lambda: Site(2, {"memory": str(alone)}))
    group = cgroups.create(Site(2, {"memory": str(alone)}), live.group_name("crashed"), {})
    clear, seen = cgroups.clear, []

    def clear_and_look(found: cgroups.Cgroup) -> bool:
        seen.append(forked(lambda: _claimed("crashed")))
        return clear(found)

    monkeypatch.setattr(cgroups, "clear", clear_and_look)
    assert ending.clean() == [f"control group {group.directories[0]}"]
    assert seen == ["name-in-use"]
    assert forked(lambda: _claimed("crashed")) == "crashed"


def _claimed(name: str) -> str:
    try:
        return live.claim(name, exact=True).name
    except SessionError as error:
        return error.code


def test_the_control_group_of_a_sandbox_that_took_the_name_of_a_dead_one_just_now_is_left_alone(
    alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = live.claim("again", exact=True)
    site = Site(2, {"memory": str(alone)})
    monkeypatch.setattr(cgroups, "find", lambda: site)
    group = cgroups.create(site, live.group_name("again"), {})

    def clean() -> list[str]:
        monkeypatch.setattr(live, "entries", lambda: (live.Entry("again", own.directory, 0),))  # as a moment before
        return ending.clean()

    assert forked(clean) == []
    assert os.path.exists(group.directories[0])
    assert os.path.exists(f"{own.directory}/lock")
    own.remove()


@pytest.mark.root
@pytest.mark.usefixtures("alone")
def test_a_trial_group_of_a_process_that_died_is_removed(site: Site) -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    dead = cgroups.create(site, f"trial-{process.pid}", {"memory": 1 << 30})
    ours = cgroups.create(site, f"trial-{os.getpid()}", {"memory": 1 << 30})
    try:
        assert ending.clean() == [f"control group {dead.directories[0]}"]
        assert os.path.exists(ours.directories[0])
    finally:
        ours.remove()


@pytest.mark.parametrize("options", [(), ("--now",)], ids=["asked", "now"])
def test_kill_returns_when_everything_is_gone(
    person: Person, repo: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    mark = f"mark-{os.getpid()}-{tmp_path.name}"
    with running(person, repo, "--name", "it", command=("sh", "-c", "echo up; sleep 600; true", mark)) as process:
        done = person.call("kill", *options, "it", cwd=repo)
        assert (done.returncode, done.stdout) == (0, "it ended\n"), done.stderr
        assert [line for line in processes_with(mark) if " run --" not in line] == []
        assert process.wait(60) == (-signal.SIGKILL if options else 143)
    assert list((person.home / "runtime/paddock/live").iterdir()) == []
    assert json.loads(person.call("ps", "--json", cwd=repo).stdout)["sandboxes"] == []


def test_kill_now_does_not_ask_a_command_that_would_refuse(person: Person, repo: Path) -> None:
    script = "trap '' TERM HUP INT; echo up; while :; do sleep 0.05; done"
    with running(person, repo, "--name", "it", command=("sh", "-c", script)) as process:
        assert person.call("kill", "--now", "it", cwd=repo).returncode == 0
        assert process.wait(60) == -signal.SIGKILL


def test_nothing_to_kill_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with pytest.raises(SessionError, match="no live sandbox named ghost"):
        ending.kill("ghost", now=True)


def test_a_sandbox_whose_parent_shell_is_killed_ends_with_its_paddock(
    person: Person, repo: Path, tmp_path: Path
) -> None:
    """LC-02: nothing outlives the process that was started, whoever kills it."""
    mark = f"mark-{os.getpid()}-{tmp_path.name}"
    with running(person, repo, command=("sh", "-c", "echo up; sleep 600; true", mark)) as process:
        inside = [int(line.split(":")[0]) for line in processes_with(mark) if " run --" not in line]
        watched = [os.pidfd_open(pid) for pid in inside]
        process.kill()
        for descriptor in watched:
            assert select.select([descriptor], [], [], 90)[0]
            os.close(descriptor)
    assert inside


def test_left_over_is_empty_where_nothing_is(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "find", lambda: Site(2, {"memory": str(alone)}))
    assert ending.left_over() == []
    assert ending.clean() == []
    assert list(alone.iterdir()) == []
