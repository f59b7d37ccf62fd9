"""How much it may take, and whether it can be thrown away."""

from __future__ import annotations

import pytest

from paddock.frozen import replace
from tests.checking.scenes import Scene, compose, file, flags, mount, of

LIMITS = ("--memory=4g", "--pids-limit=512", "--cpus=2")
FOUND = [
    ("DC805", "an old machine", replace(flags(*LIMITS), around={"cgroups": 1})),
    ("DC901", "nothing is said", file()),
    ("DC901", "one is missing", flags(*LIMITS[:2])),
    ("DC901", "a service", compose("mem_limit: 4g")),
    ("DC901", "flags that compose ignores", compose(runArgs=[*LIMITS])),
    ("DC902", "it runs on", file(shutdownAction="none")),
    ("DC902", "it comes back", flags("--restart=unless-stopped")),
    ("DC902", "a home is kept", mount("type=volume,source=home,target=/home/dev")),
    ("DC903", "processes", flags("--pids-limit=-1")),
    ("DC903", "swap", flags("--memory-swap", "-1")),
    ("DC903", "by ulimit", flags("--ulimit=nproc=-1:-1")),
    ("DC903", "not killed", flags("--oom-kill-disable")),
    ("DC903", "killed last", flags("--oom-score-adj=-500")),
    ("DC904", "a parent", flags("--cgroup-parent=/x")),
    ("DC905", "a mount", mount("type=tmpfs,target=/tmp")),
    ("DC905", "a flag", flags("--tmpfs", "/tmp:rw,noexec")),
    ("DC906", "a name", flags("--name=app")),
]
QUIET = [
    ("DC805", "a new machine", replace(flags(*LIMITS), around={"cgroups": 2})),
    ("DC805", "root's engine", replace(flags(*LIMITS), around={"cgroups": 1, "rootless": False})),
    ("DC901", "all", flags(*LIMITS)),
    ("DC901", "a service's", compose("mem_limit: 4g", "pids_limit: 512", "cpus: 2")),
    ("DC902", "it stops", file(shutdownAction="stopContainer")),
    ("DC902", "never", flags("--restart=no")),
    ("DC902", "a part of the home", mount("type=volume,source=c,target=/home/dev/.cache")),
    ("DC903", "a number", flags("--pids-limit=512", "--ulimit=nofile=1024", "--oom-score-adj=500")),
    ("DC903", "not off", flags("--oom-kill-disable=false")),
    ("DC904", "none", flags(*LIMITS)),
    ("DC905", "a size", mount("type=tmpfs,target=/tmp,tmpfs-size=1g")),
    ("DC905", "a size by flag", flags("--tmpfs=/tmp:size=64m")),
    ("DC906", "a name for each", flags("--name=app-${devcontainerId}")),
]


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in FOUND])
def test_it_finds(rule: str, scene: Scene) -> None:
    assert of(rule, scene)


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in QUIET])
def test_it_passes_over(rule: str, scene: Scene) -> None:
    assert of(rule, scene) == []


def test_it_names_what_is_missing() -> None:
    assert [one.message for one in of("DC901", flags("--cpus=2"))] == ["memory and processes are not limited"]
