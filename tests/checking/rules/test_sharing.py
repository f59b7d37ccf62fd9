"""What else is shared with the host or with other projects."""

from __future__ import annotations

import pytest

from paddock.frozen import replace
from tests.checking.scenes import Scene, compose, feature, file, findings, flags, hits, label, mount, of


def volumes(declared: str) -> Scene:
    (name, written), *_ = compose("volumes: ['v:/v']").files
    return replace(compose(), files=((name, f"{written}volumes:\n  {declared}\n"),))


FOUND = [
    ("DC107", "the folder above", mount("type=bind,source=${localWorkspaceFolder}/..,target=/d")),
    ("DC109", "Compose's, from elsewhere", volumes("v: {external: true}")),
    ("DC109", "Compose's, with a name of its own", volumes("v: {name: shared}")),
    ("DC107", "a directory elsewhere", mount("type=bind,source=/srv/data,target=/d,readonly")),
    ("DC107", "dots that lead out", mount("type=bind,source=${localWorkspaceFolder}/../other,target=/d,readonly")),
    ("DC107", "by -v", flags("-v", "${localEnv:HOME}/projects:/p")),
    ("DC107", "by the label alone", label(mounts=["type=bind,source=/srv,target=/d"])),
    ("DC107", "a variable", mount("type=bind,source=${localEnv:DATA},target=/d")),
    (
        "DC107",
        "the workspace itself",
        file(workspaceMount="type=bind,source=${localWorkspaceFolder}/..,target=/w", workspaceFolder="/w"),
    ),
    ("DC108", "writable", mount("type=bind,source=${localWorkspaceFolder}/a,target=/a")),
    ("DC108", "writable by compose", compose("volumes: ['./a:/a']")),
    ("DC109", "a volume for all projects", mount("type=volume,source=npm-cache,target=/home/dev/.npm")),
    ("DC109", "the person's cache", mount("type=bind,source=${localEnv:HOME}/.m2,target=/home/dev/.m2")),
    ("DC109", "a Feature's volume", feature(mounts=["type=volume,source=shared,target=/x"])),
    ("DC109", "without a type, which means volume", mount("source=history,target=/h")),
]
QUIET = [
    (
        "DC107",
        "elsewhere in the repository",
        replace(mount("type=bind,source=${localWorkspaceFolder}/../other,target=/d"), below="sub"),
    ),
    (
        "DC107",
        "more of the repository",
        replace(
            file(workspaceMount="type=bind,source=${localWorkspaceFolder}/..,target=/w", workspaceFolder="/w"),
            below="sub",
        ),
    ),
    ("DC108", "an overlay of podman", flags("-v", "${localWorkspaceFolder}/a:/a:O")),
    ("DC108", "a mount without a source", mount({"type": "bind", "src": "/a", "dst": "/a"})),
    ("DC108", "the workspace", file(workspaceMount="type=bind,source=/srv/x,target=/w", workspaceFolder="/w")),
    ("DC109", "of devcontainer.json, which Compose names", compose(mounts=["type=volume,source=data,target=/d"])),
    ("DC109", "Compose's, with the project's name", volumes("v: {name: '${COMPOSE_PROJECT_NAME}-v'}")),
    ("DC107", "a directory of the workspace", mount("type=bind,source=${localWorkspaceFolder}/data,target=/d")),
    ("DC107", "a relative one of compose", compose(mounts=["type=bind,source=../data,target=/d"])),
    ("DC107", "the time zone", mount("type=bind,source=/etc/localtime,target=/etc/localtime,readonly")),
    ("DC107", "a volume", mount("type=volume,source=v,target=/srv")),
    ("DC108", "readonly", mount("type=bind,source=${localWorkspaceFolder}/a,target=/a,readonly")),
    ("DC108", "ro", flags("-v", "${localWorkspaceFolder}/a:/a:ro")),
    ("DC108", "what another rule says", mount("type=bind,source=${localEnv:HOME}/.ssh,target=/s")),
    ("DC109", "a volume of its own", mount("type=volume,source=npm-${devcontainerId},target=/home/dev/.npm")),
    ("DC109", "a cache, read-only", mount("type=bind,source=${localEnv:HOME}/.m2,target=/m,readonly")),
    ("DC109", "an anonymous volume", mount("type=volume,target=/home/dev/.npm")),
    ("DC109", "Compose's, which has the project's name", compose("volumes: ['data:/d']")),
]


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in FOUND])
def test_it_finds(rule: str, scene: Scene) -> None:
    assert of(rule, scene)


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in QUIET])
def test_it_passes_over(rule: str, scene: Scene) -> None:
    assert of(rule, scene) == []


def test_one_mount_is_told_once() -> None:
    told = {one.rule for one in findings(mount("type=bind,source=/var/run/docker.sock,target=/x")) if one.rule < "DC2"}
    assert told == {"DC101"}


def test_a_workspace_elsewhere_is_told_once_whatever_of_it_is_protected() -> None:
    protected = "type=bind,source=/srv/all/.git,target=/w/.git,readonly"
    scene = file(workspaceMount="type=bind,source=/srv/all,target=/w", workspaceFolder="/w", mounts=[protected])
    assert [one.source.key for one in of("DC107", scene)] == ["workspaceMount"]


def test_a_path_is_told_as_on_every_machine() -> None:
    told = [one.message for one in findings(mount("type=bind,source=${localWorkspaceFolder}/a,target=/a"))]
    assert "changes reach the host at once: ${localWorkspaceFolder}/a is mounted writable" in told
    for volume in ("'../..:/w'", "{type: bind, source: ../.., target: /w}"):
        told = [one.message for one in hits(compose(f"volumes: [{volume}]"))["DC107"]]
        assert told == ["not in the repository: ../.. is mounted writable"]
