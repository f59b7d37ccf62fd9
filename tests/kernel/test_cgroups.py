"""Control groups: found in made-up trees of both versions, tried for real as root."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from paddock.kernel import cgroups, confine
from paddock.kernel.cgroups import Cgroup, Counts, Site
from tests.forked import Died, forked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def own(tmp_path: Path, *lines: str) -> str:
    path = tmp_path / "own"
    path.write_text("".join(f"{line}\n" for line in lines))
    return str(path)


def unified(tmp_path: Path, **granted: str) -> str:
    """A version 2 tree: the words are the controllers that each of /, /a, /a/b and /a/b/c hands out."""
    root = tmp_path / "root"
    for name, where in (("top", ""), ("a", "a"), ("b", "a/b"), ("c", "a/b/c")):
        (root / where).mkdir()
        (root / where / "cgroup.procs").write_text("")
        (root / where / "cgroup.subtree_control").write_text(granted.get(name, "") + "\n")
    (root / "cgroup.controllers").write_text("cpu memory pids\n")
    return str(root)


def test_the_nearest_group_that_hands_out_controllers_is_taken(tmp_path: Path):
    root = unified(tmp_path, top="cpu memory pids", a="cpuset memory pids", b="cpu")
    assert cgroups.is_unified(root)
    site = cgroups.find(root, own(tmp_path, "0::/a/b/c"))
    assert site == Site(2, {"memory": f"{root}/a", "pids": f"{root}/a"})


def test_the_top_of_the_tree_serves_as_well(tmp_path: Path):
    root = unified(tmp_path, top="cpu memory")
    assert cgroups.find(root, own(tmp_path, "0::/")) == Site(2, {"memory": root, "cpu": root})


@pytest.mark.parametrize("granted", [{}, {"a": "pids cpu"}])
def test_without_the_memory_controller_there_is_no_site(tmp_path: Path, granted: dict[str, str]):
    assert cgroups.find(unified(tmp_path, **granted), own(tmp_path, "0::/a/b/c")) is None


def test_no_group_of_our_own_is_no_site(tmp_path: Path):
    root = unified(tmp_path, top="memory")
    assert cgroups.find(root, own(tmp_path)) is None
    assert cgroups.find(root, str(tmp_path / "missing")) is None


@pytest.mark.parametrize("locked", ["a", "a/cgroup.procs"])
def test_what_cannot_be_written_is_passed_over(tmp_path: Path, locked: str):
    root, lines = unified(tmp_path, a="memory"), own(tmp_path, "0::/a/b")
    os.chmod(f"{root}/{locked}", 0o555)

    def task() -> Site | None:
        confine.drop_capabilities()  # root too
        return cgroups.find(root, lines)

    assert forked(task) is None
    os.chmod(f"{root}/{locked}", 0o755)
    assert forked(task) is not None


def separate(tmp_path: Path, *paths: str) -> str:
    root = tmp_path / "root"
    for path in paths:
        (root / path).mkdir(parents=True)
    return str(root)


def test_version_1_has_a_directory_for_each_controller(tmp_path: Path):
    root = separate(tmp_path, "memory/x/y", "pids", "cpu,cpuacct")
    lines = own(tmp_path, "5:cpu,cpuacct:/", "4:memory:/x/y", "8:pids:/", "0::/")
    assert cgroups.find(root, lines) == Site(1, {"memory": f"{root}/memory/x/y", "pids": f"{root}/pids"})


@pytest.mark.parametrize("lines", [("8:pids:/",), ("8:pids:/", "4:memory:/gone")])
def test_version_1_without_memory_is_no_site(tmp_path: Path, lines: tuple[str, ...]):
    assert cgroups.find(separate(tmp_path, "memory", "pids"), own(tmp_path, *lines)) is None


def test_room_is_made_in_a_group_that_is_delegated_to_us(tmp_path: Path):
    root = unified(tmp_path)
    (tmp_path / "root/a/cgroup.controllers").write_text("cpuset memory\n")
    cgroups.settle_in_delegated(root, own(tmp_path, "0::/a"))
    assert (tmp_path / "root/a/paddock/cgroup.procs").read_text() == str(os.getpid())
    assert (tmp_path / "root/a/cgroup.subtree_control").read_text() == "+memory"


def test_no_room_where_nothing_is_delegated_is_no_failure(tmp_path: Path):
    cgroups.settle_in_delegated(str(tmp_path / "missing"), own(tmp_path, "0::/a"))
    assert os.listdir(tmp_path) == ["own"]


def contents(directory: str) -> dict[str, str]:
    found = {}
    for name in os.listdir(directory):
        with open(f"{directory}/{name}") as file:
            found[name] = file.read()
    return found


def test_the_limits_as_version_2_takes_them(tmp_path: Path):
    site = Site(2, dict.fromkeys(("memory", "pids", "cpu"), str(tmp_path)))
    group = cgroups.create(site, "one", {"memory": 1 << 20, "processes": 10, "cpus": 0.5})
    assert group == Cgroup(2, (f"{tmp_path}/paddock-one",), *[f"{tmp_path}/paddock-one"] * 2)
    assert contents(f"{tmp_path}/paddock-one") == {
        "memory.max": "1048576",
        "memory.oom.group": "0",
        "pids.max": "11",  # and our joiner
        "cpu.max": "50000 100000",
    }
    group.join(77)
    assert group.processes() == {77}


def test_the_limits_as_version_1_takes_them(tmp_path: Path):
    site = Site(1, {name: f"{tmp_path}/{name}" for name in ("memory", "pids", "cpu")})
    for parent in site.parents.values():
        os.mkdir(parent)
    group = cgroups.create(site, "one", {"memory": 1 << 20, "processes": 10, "cpus": 0.001})
    assert group.directories == tuple(f"{parent}/paddock-one" for parent in site.parents.values())
    assert [contents(directory) for directory in group.directories] == [
        {"memory.limit_in_bytes": "1048576"},
        {"pids.max": "11"},
        {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "1000"},  # the kernel's least
    ]


def test_limits_without_a_controller_are_left_out(tmp_path: Path):
    group = cgroups.create(Site(2, {"memory": str(tmp_path)}), "one", {"processes": 10, "cpus": 1})
    assert contents(group.directories[0]) == {}
    assert group.counts() == Counts()


def test_nothing_is_left_of_a_group_that_failed_half_way(tmp_path: Path):
    (tmp_path / "memory").mkdir()
    site = Site(1, {"memory": f"{tmp_path}/memory", "pids": f"{tmp_path}/missing"})
    with pytest.raises(FileNotFoundError):
        cgroups.create(site, "one", {"memory": 1 << 20})
    assert os.listdir(tmp_path / "memory") == []


def test_a_group_of_the_same_name_is_made_anew_and_one_that_does_not_go_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    site = Site(2, {"memory": str(tmp_path)})
    first = cgroups.create(site, "one", {})
    before = os.stat(first.directories[0])
    os.utime(first.directories[0], (1, 1))
    assert cgroups.create(site, "one", {}) == first
    assert os.stat(first.directories[0]).st_mtime >= before.st_mtime
    monkeypatch.setattr(cgroups, "_PAUSE_S", 0)
    (tmp_path / "paddock-one/inside").touch()
    with pytest.raises(FileExistsError):
        cgroups.create(site, "one", {})
    assert os.listdir(first.directories[0]) == ["inside"]


@pytest.mark.parametrize(
    ("version", "name", "text"),
    [
        (1, "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"),
        (2, "memory.events", "oom 9\noom_kill 3\noom_group_kill 8\n"),
    ],
)
def test_kills_and_refusals_are_counted(tmp_path: Path, version: int, name: str, text: str):
    group = Cgroup(version, (str(tmp_path),), str(tmp_path), str(tmp_path))
    assert group.counts() == Counts()
    (tmp_path / name).write_text(text)
    assert group.counts() == Counts(killed=3)
    (tmp_path / "pids.events").write_text("max 5\n")
    assert group.counts() == Counts(killed=3, refused=5)


def test_removing_twice_is_no_failure(tmp_path: Path):
    group = cgroups.create(Site(2, {"memory": str(tmp_path)}), "one", {})
    group.remove()
    group.remove()
    assert os.listdir(tmp_path) == []


def test_a_place_where_no_group_can_be_made_does_not_work(tmp_path: Path):
    assert not cgroups.works(Site(2, {"memory": str(tmp_path / "missing")}))
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)

    def task() -> bool:
        confine.drop_capabilities()
        return cgroups.works(Site(2, {"memory": str(locked)}))

    assert forked(task) is False


def test_leftovers_are_found_by_the_prefix(tmp_path: Path):
    site = Site(1, {name: f"{tmp_path}/{name}" for name in ("memory", "pids")})
    for path in ("memory/paddock-b", "memory/other", "pids/paddock-b", "pids/paddock-a"):
        (tmp_path / path).mkdir(parents=True)
    assert cgroups.leftovers(site) == [
        Cgroup(1, (f"{tmp_path}/pids/paddock-a",), ""),
        Cgroup(1, (f"{tmp_path}/memory/paddock-b", f"{tmp_path}/pids/paddock-b"), ""),
    ]


def test_a_group_that_went_while_it_was_looked_for_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    site = Site(2, {"memory": str(tmp_path)})
    monkeypatch.setattr(os, "listdir", lambda _: ["paddock-gone"])
    assert cgroups.leftovers(site) == []


def test_only_a_trial_of_a_process_that_is_gone_is_abandoned(tmp_path: Path):
    gone = os.fork()
    if gone == 0:
        os._exit(0)
    os.waitpid(gone, 0)
    site = Site(2, {"memory": str(tmp_path)})
    for name in (f"trial-{gone}", f"trial-{os.getpid()}", f"x-{gone}"):
        cgroups.create(site, name, {})
    found = [group.directories for group in cgroups.leftovers(site) if cgroups.is_abandoned_trial(group)]
    assert found == [(f"{tmp_path}/paddock-trial-{gone}",)]
    assert not cgroups.is_abandoned_trial(Cgroup(2, (f"{tmp_path}/missing/paddock-trial-{gone}",), ""))


NAME = f"test-{os.getpid()}"


@pytest.fixture
def site() -> Iterator[Site]:
    found = cgroups.find()
    if found is None:
        reason = "needs a control group below which groups can be made"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    yield found
    for group in cgroups.leftovers(found):
        if group.directories[0].endswith(NAME):
            group.remove()


@pytest.mark.root
def test_the_real_site_works_and_is_left_as_it_was(site: Site):
    assert cgroups.works(site)
    trial = f"paddock-trial-{os.getpid()}"
    assert not [group for group in cgroups.leftovers(site) if group.directories[0].endswith(trial)]


@pytest.mark.root
def test_who_takes_more_memory_than_the_limit_is_killed(site: Site):
    group = cgroups.create(site, NAME, {"memory": 32 << 20})
    assert group.counts() == Counts()

    def task() -> int:
        group.join(os.getpid())
        return len(b"x" * (96 << 20))

    with pytest.raises(Died, match=r"ended with -9$"):
        forked(task)
    assert group.counts() == Counts(killed=1)
    group.remove()


@pytest.mark.root
def test_what_a_crash_left_in_a_group_is_ended_with_all_that_was_counted(site: Site):
    """Its Paddock was killed a moment ago, and the kernel is still ending what was inside."""
    group = cgroups.create(site, NAME, {"memory": 32 << 20})

    def task() -> int:
        group.join(os.getpid())
        return len(b"x" * (96 << 20))

    with pytest.raises(Died, match=r"ended with -9$"):
        forked(task)
    with subprocess.Popen(["sleep", "600"]) as process:
        group.join(process.pid)
        again = cgroups.create(site, NAME, {"memory": 32 << 20})
        assert process.wait(90) == -signal.SIGKILL
    assert (again, again.processes(), again.counts()) == (group, set(), Counts())
    again.remove()


@pytest.mark.root
def test_no_more_processes_than_the_limit(site: Site):
    if "pids" not in site.parents:
        pytest.skip("needs the controller pids")
    group = cgroups.create(site, NAME, {"processes": 3})

    def task() -> tuple[int, int]:
        group.join(os.getpid())
        read, write = os.pipe()
        pids: list[int] = []
        refusal = 0
        while len(pids) < 50 and not refusal:
            try:
                pid = os.fork()
            except OSError as error:
                refusal = error.errno or -1
                continue
            if pid == 0:
                os.close(write)
                os.read(read, 1)  # until the other end is closed
                os._exit(0)
            pids.append(pid)
        os.close(write)
        for pid in pids:
            os.waitpid(pid, 0)
        return len(pids) + 1, refusal

    assert forked(task) == (3 + 1, errno.EAGAIN)
    assert group.counts() == Counts(refused=1)
    group.remove()


@pytest.mark.root
def test_a_group_is_removed_only_when_nobody_is_inside(site: Site):
    group = cgroups.create(site, NAME, {"memory": 64 << 20})
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(write)
        os.read(read, 1)
        os._exit(0)
    os.close(read)
    group.join(pid)
    assert group.processes() == {pid}
    assert [g.directories for g in cgroups.leftovers(site) if g.directories[0].endswith(NAME)] == [group.directories]
    with pytest.raises(OSError) as caught:
        group.remove()
    assert caught.value.errno == errno.EBUSY
    os.close(write)
    os.waitpid(pid, 0)
    group.remove()
    assert not any(map(os.path.exists, group.directories))


def test_a_warm_up_asks_every_hierarchy_and_leaves_no_process(tmp_path: Path):
    parents = {name: str(tmp_path / name) for name in ("memory", "pids")}
    for parent in parents.values():
        os.mkdir(parent)
    warm_up = cgroups.WarmUp(Site(1, parents))
    pid = warm_up._pid
    warm_up.end()
    warm_up.end()
    assert not os.path.exists(f"/proc/{pid}")
    assert [(tmp_path / name / "cgroup.procs").read_text() for name in parents] == ["0", "0"]
