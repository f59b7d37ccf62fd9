"""What does not do what it says."""

from __future__ import annotations

import pytest

from paddock.frozen import replace
from tests.checking.scenes import Scene, compose, feature, file, flags, hook, label, mount, of, text

OBJECT = {"type": "bind", "source": "${localWorkspaceFolder}/a", "target": "/a", "readonly": True}
STRING = "type=bind,source=${localWorkspaceFolder}/a,target=/a,readonly"
NODE = "registry.example.test/devcontainers/features/node:1"
FOUND = [
    (
        "DC804",
        "an option that the Feature does not have",
        replace(feature(), config={"features": {"./extra": {"colour": "red"}}}),
    ),
    ("DC801", "true", mount(OBJECT)),
    ("DC801", "by the label alone", label(mounts=[OBJECT])),
    ("DC801", "of a Feature", feature(mounts=[OBJECT])),
    ("DC802", "run flags", compose(runArgs=["--cap-drop=ALL"])),
    ("DC802", "the workspace", compose(workspaceMount="type=bind,source=/x,target=/w")),
    ("DC802", "ports", compose(appPort=3000)),
    ("DC803", "a text", compose(mounts=[STRING])),
    ("DC803", "an object", compose(mounts=[OBJECT])),
    ("DC804", "no such property", file(capDrop=["ALL"])),
    ("DC804", "misspelt", file(forwardPort=[3000])),
    ("DC806", "a comma", text('{"image": "x",}')),
    ("DC806", "twice", text('{"image": "x", "image": "y"}')),
    ("DC806", "a mark", text('\ufeff{"image": "x"}')),
    ("DC807", "a short name", file(features={"docker-in-docker": "latest"})),
    ("DC807", "no registry", file(features={"example/features/thing": {}})),
    ("DC808", "unknown", flags("--privilegd")),
    ("DC808", "no flag", flags("privileged")),
    ("DC808", "no value", flags("--cap-add")),
    ("DC809", "processors", file(hostRequirements={"cpus": 64})),
    ("DC810", "a mount alone", file(workspaceMount="type=bind,source=${localWorkspaceFolder},target=/w")),
    ("DC810", "a folder elsewhere", file(workspaceFolder="/elsewhere")),
    ("DC811", "a tmpfs", file(workspaceMount="type=tmpfs,target=/w", workspaceFolder="/w")),
    ("DC812", "not used", file(features={NODE: {}}, overrideFeatureInstallOrder=["registry.example.test/x/y/z"])),
    ("DC813", "no hook", file(waitFor="postCreateCommand")),
    ("DC814", "both", file(build={"dockerfile": "Dockerfile"})),
    ("DC815", "a shell's", mount("type=bind,source=${HOME}/x,target=/x")),
    ("DC815", "in a flag", flags("-v", "${USER}:/x")),
    ("DC815", "a template's", file(image="registry.example.test/x:${templateOption:tag}")),
    ("DC816", "in the container's variables", file(containerEnv={"PATH": "/x:${containerEnv:PATH}"})),
    ("DC817", "a name", file(settings={})),
    ("DC818", "a text", file(privileged="yes")),
    ("DC818", "a mount without a target", mount("type=bind,source=/x")),
]
QUIET = [
    ("DC801", "the string form", mount(STRING)),
    ("DC801", "false", mount({**OBJECT, "readonly": False})),
    ("DC802", "no compose", flags("--cap-drop=ALL")),
    ("DC803", "writable", compose(mounts=["type=bind,source=../a,target=/a"])),
    ("DC804", "what other rules say", mount(OBJECT)),
    ("DC804", "a tool's own", file(customizations={"anything": {"x": 1}})),
    ("DC806", "a comment", text('{"image": "x" /* y */} // z')),
    ("DC807", "a reference", file(features={NODE: {}})),
    ("DC807", "a local one", feature()),
    ("DC808", "known", flags("--cap-drop=ALL", "-it", "--userns=keep-id")),
    ("DC809", "graphics, which does something", file(hostRequirements={"gpu": True})),
    (
        "DC810",
        "both",
        file(workspaceMount="type=bind,source=${localWorkspaceFolder},target=/w", workspaceFolder="/w/x"),
    ),
    ("DC810", "none", file()),
    ("DC811", "a volume with a name", file(workspaceMount="type=volume,source=v,target=/w", workspaceFolder="/w")),
    ("DC812", "used", file(features={NODE: {}}, overrideFeatureInstallOrder=[NODE.removesuffix(":1")])),
    ("DC813", "a hook", hook("make", waitFor="postCreateCommand")),
    ("DC813", "a label that nobody knows", Scene({"waitFor": "postCreateCommand"}, "unknown")),
    ("DC814", "one", file()),
    ("DC815", "a hook's", hook("echo ${HOME}")),
    ("DC815", "known", mount("type=bind,source=${localEnv:HOME}/x,target=${containerWorkspaceFolder}/x")),
    ("DC816", "for tools", file(remoteEnv={"PATH": "/x:${containerEnv:PATH}"})),
    ("DC817", "the new name", file(build={"dockerfile": "Dockerfile"}, image=None)),
    ("DC818", "right", file(privileged=False, init=True)),
]


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in FOUND])
def test_it_finds(rule: str, scene: Scene) -> None:
    assert of(rule, scene)


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in QUIET])
def test_it_passes_over(rule: str, scene: Scene) -> None:
    assert of(rule, scene) == []


def test_a_lost_protection_weighs_more_than_a_lost_name() -> None:
    assert [one.severity for one in of("DC802", compose(runArgs=["--cap-drop=ALL"]))] == ["high"]
    assert [one.severity for one in of("DC802", compose(runArgs=["--name=x"]))] == ["medium"]


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("capDrop", "write --cap-drop into runArgs"),
        ("postCreateCommands", "is postCreateCommand meant?"),
        ("zzz", "nothing reads zzz"),
    ],
)
def test_an_unknown_key_is_told_with_what_was_meant(key: str, said: str) -> None:
    (found,) = of("DC804", file(**{key: []}))
    assert said in found.message
