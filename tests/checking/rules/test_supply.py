"""Where images, Features and extensions come from."""

from __future__ import annotations

import json

import pytest

from paddock.frozen import replace
from tests.checking.scenes import BASE, Scene, feature, file, label, of

DIGEST = f"sha256:{'1' * 64}"
NODE = "registry.example.test/devcontainers/features/node"
OTHER = "registry.example.test/somebody/features/thing"
LOCK = json.dumps(
    {"features": {f"{NODE}:1": {"version": "1.6.0", "resolved": f"{NODE}@{DIGEST}", "integrity": DIGEST}}}
)


def use(*references: str) -> Scene:
    return file(features={one: {} for one in references})


def extensions(*names: str) -> Scene:
    return file(customizations={"vscode": {"extensions": [*names]}})


FOUND = [
    ("DC501", "no tag", file(image="registry.example.test/base")),
    ("DC501", "a tag", file(image="registry.example.test/base:1.2.3")),
    ("DC501", "a port is no tag", file(image="registry.example.test:5000/base")),
    ("DC502", "nothing", use(NODE)),
    ("DC502", "latest", use(f"{NODE}:latest")),
    ("DC502", "a major version", use(f"{NODE}:1")),
    ("DC502", "a minor version", use(f"{NODE}:1.2")),
    ("DC502", "a tarball", use("https://example.test/devcontainer-feature-x.tgz")),
    ("DC502", "a lock without a digest", replace(use(f"{NODE}:1"), files=((".devcontainer/devcontainer-lock.json", LOCK.replace('"integrity"', '"x"')),))),
    ("DC503", "somebody's", use(f"{OTHER}@{DIGEST}")),
    ("DC503", "a tarball", use("https://example.test/devcontainer-feature-x.tgz")),
    ("DC504", "privileged", use("registry.example.test/devcontainers/features/docker-in-docker:2")),
    ("DC504", "a debugger's rights", use("registry.example.test/devcontainers/features/go:1.3.4")),
    ("DC504", "a password that everybody knows", use("registry.example.test/devcontainers/features/desktop-lite:1")),
    ("DC504", "a local one", feature(capAdd=["SYS_PTRACE"])),
    ("DC505", "rights", label(capAdd=["SYS_PTRACE"], securityOpt=["seccomp=unconfined"])),
    ("DC505", "a hook", label(postStartCommand="x")),
    ("DC508", "no version", extensions("example.one", "example.two@1.0.0")),
    ("DC508", "by the label alone", label(customizations={"vscode": {"extensions": ["example.one"]}})),
    ("DC510", "an image", file(image=None, build={"dockerfile": "Dockerfile", "cacheFrom": "registry.example.test/cache:1"})),
    ("DC510", "DevPod's", file(customizations={"devpod": {"prebuildRepository": "registry.example.test/cache"}})),
    ("DC514", "in a registry", use(f"{OTHER}:1.0.0")),
    ("DC515", "not here", Scene({}, "unknown")),
]  # fmt: skip
QUIET = [
    ("DC501", "a digest", file(image=BASE["image"])),
    ("DC502", "a full version", use(f"{NODE}:1.2.3")),
    ("DC502", "a digest", use(f"{NODE}@{DIGEST}")),
    ("DC502", "a lock file", replace(use(f"{NODE}:1"), files=((".devcontainer/devcontainer-lock.json", LOCK),))),
    ("DC502", "a local one", feature()),
    ("DC503", "the specification's own", use(f"{NODE}:1")),
    ("DC503", "a local one", feature()),
    ("DC504", "nothing but programs", use(f"{NODE}:1")),
    ("DC505", "a user", label(remoteUser="dev")),
    ("DC505", "no label", file()),
    ("DC508", "versions", extensions("example.one@1.0.0")),
    ("DC508", "one that is taken away", extensions("-example.one")),
    ("DC510", "a digest", file(image=None, build={"dockerfile": "Dockerfile", "cacheFrom": f"registry.example.test/cache@{DIGEST}"})),
    ("DC514", "known", use(f"{NODE}:1")),
    ("DC514", "local", feature()),
    ("DC515", "here", file()),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in FOUND])
def test_it_finds(rule: str, scene: Scene) -> None:
    assert of(rule, scene)


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in QUIET])
def test_it_passes_over(rule: str, scene: Scene) -> None:
    assert of(rule, scene) == []


@pytest.mark.parametrize(
    ("image", "severity"),
    [("x", "medium"), ("x:latest", "medium"), ("x:1", "low"), ("registry.example.test:5000/x", "medium")],
)
def test_a_tag_is_better_than_none(image: str, severity: str) -> None:
    assert [one.severity for one in of("DC501", file(image=image))] == [severity]


def test_a_feature_is_told_in_one_line_with_all_that_it_brings() -> None:
    (found,) = of("DC504", use("registry.example.test/devcontainers/features/docker-in-docker:2"))
    assert "privileged; the mount dind-var-lib-docker-${devcontainerId}" in found.message
    assert found.source.key.startswith("features.")


def test_a_label_that_makes_it_privileged_is_critical() -> None:
    assert [one.severity for one in of("DC505", label(privileged=True))] == ["critical"]
    assert [one.severity for one in of("DC505", label(capAdd=["SYS_PTRACE"]))] == ["high"]


def test_a_dockerfile_that_nobody_could_look_at_is_told() -> None:
    scene = Scene({"image": None, "build": {"dockerfile": "Dockerfile"}})
    assert [(one.severity, one.message) for one in of("DC515", scene)] == [
        ("medium", "the Dockerfile Dockerfile was not checked: it cannot be read: no such file or directory")
    ]
