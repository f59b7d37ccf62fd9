"""What runs on the host, or is taken from it."""

from __future__ import annotations

import pytest

from paddock.frozen import replace
from tests.checking.scenes import Scene, compose, file, flags, hook, label, of, setting

DOCKERFILE = ((".devcontainer/Dockerfile", "FROM scratch\n"),)


def build(**keys: object) -> Scene:
    return Scene({"image": None, "build": {"dockerfile": "Dockerfile", **keys}}, None, DOCKERFILE)


def codespace(permissions: object) -> Scene:
    return file(customizations={"codespaces": {"repositories": {"example/other": {"permissions": permissions}}}})


FOUND = [
    ("DC404", "more of the repository, said", replace(file(workspaceMount="type=bind,source=${localWorkspaceFolder}/..,target=/w", workspaceFolder="/w/sub"), below="sub")),
    ("DC401", "a text", hook("make", "initializeCommand")),
    ("DC401", "a list", hook(["make", "x"], "initializeCommand")),
    ("DC401", "names", hook({"one": "make"}, "initializeCommand")),
    ("DC402", "a context above", build(context="../..")),
    ("DC402", "an absolute context", build(context="/")),
    ("DC402", "a Dockerfile elsewhere", replace(build(), config={"image": None, "build": {"dockerfile": "../../Dockerfile"}})),
    ("DC402", "a compose file elsewhere", file(image=None, dockerComposeFile="../../compose.yaml", service="app", workspaceFolder="/w")),
    ("DC403", "a directory of the host", build(options=["-v", "/srv:/srv"])),
    ("DC403", "the host's network", build(options=["--network=host"])),
    ("DC403", "keys", build(options=["--ssh=default"])),
    ("DC404", "a folder of a repository", replace(file(), below="sub")),
    ("DC405", "two", replace(file(), files=((".devcontainer/other/devcontainer.json", "{}"),))),
    ("DC406", "in a text", hook("mkdir ${localEnv:HOME}/x", "initializeCommand")),
    ("DC406", "in a shell's list", hook(["sh", "-c", "echo ${env:NAME}"])),
    ("DC407", "everything", codespace("write-all")),
    ("DC407", "one right", codespace({"contents": "write"})),
    ("DC408", "a setting", setting("dotfiles.repository", "example/dotfiles")),
    ("DC409", "podman's flag", flags("--env-host")),
]  # fmt: skip
QUIET = [
    ("DC404", "the folder, said", replace(file(workspaceMount="type=bind,source=${localWorkspaceFolder},target=/w", workspaceFolder="/w"), below="sub")),
    ("DC401", "a hook inside", hook("make")),
    ("DC401", "an empty one", hook("", "initializeCommand")),
    ("DC401", "of a label, which is ignored", label(initializeCommand="make")),
    ("DC402", "the repository", build(context="..")),
    ("DC402", "a variable", build(context="${localEnv:DIR}")),
    ("DC402", "a compose file beside it", compose()),
    ("DC403", "a platform", build(options=["--platform", "linux/amd64"])),
    ("DC403", "a network of its own", build(options=["--network=none"])),
    ("DC404", "the repository itself", file()),
    ("DC404", "said", replace(file(workspaceMount="type=bind,source=${localWorkspaceFolder},target=/w", workspaceFolder="/w"), below="sub")),
    ("DC405", "one", file()),
    ("DC406", "in a list, as a word", hook(["mkdir", "${localEnv:HOME}/x"])),
    ("DC406", "a variable of the shell", hook("mkdir ${HOME}/x")),
    ("DC407", "reading", codespace({"contents": "read"})),
    ("DC407", "reading all", codespace("read-all")),
    ("DC408", "where they would be put", setting("dotfiles.targetPath", "~/dotfiles")),
    ("DC409", "off", flags("--env-host=false")),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in FOUND])
def test_it_finds(rule: str, scene: Scene) -> None:
    assert of(rule, scene)


@pytest.mark.parametrize(("rule", "scene"), [pytest.param(row[0], row[2], id=f"{row[0]} {row[1]}") for row in QUIET])
def test_it_passes_over(rule: str, scene: Scene) -> None:
    assert of(rule, scene) == []


def test_what_a_person_trusts_is_not_critical_any_more() -> None:
    scene = hook("make", "initializeCommand")
    assert [one.severity for one in of("DC401", scene)] == ["critical"]
    assert [one.severity for one in of("DC401", replace(scene, around={"trusted": True}))] == ["high"]


def test_nothing_that_runs_on_the_host_is_taken_away_by_itself() -> None:
    assert [one.edits for one in of("DC401", hook("make", "initializeCommand"))] == [()]
