"""The reference implementation comes to the same configuration: labels of real images, local Features, the file."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from paddock import pausing
from paddock.devcontainer import finding, hooks, labels
from paddock.devcontainer.effective import effective
from tests import capabilities

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paddock.devcontainer.model import Effective, Hook, Mount, Requirement, Switch

PROPERTIES: dict[str, list[Any]] = {
    "privileged": [True, False],
    "init": [True, False],
    "capAdd": [["SYS_PTRACE"], ["NET_ADMIN", "SYS_PTRACE"], []],
    "securityOpt": [["seccomp=unconfined"], ["label=disable", "seccomp=unconfined"]],
    "entrypoint": ["/one", "/two"],
    "mounts": [
        ["source=a,target=/1,type=volume", "type=bind,src=/b,dst=/2,readonly"],
        [{"type": "volume", "source": "c", "target": "/1"}, "type=tmpfs,destination=/3"],
        [{"type": "bind", "source": "/d", "target": "/2"}],
    ],
    "containerEnv": [{"A": "1", "B": "2"}, {"B": "3", "C": "${localEnv:PADDOCK_GIVEN}"}],
    "remoteEnv": [{"A": "1", "P": "x:${localEnv:PADDOCK_GIVEN:d}"}, {"A": None, "Z": "9"}],
    "containerUser": ["root", "dev", ""],
    "remoteUser": ["root", "dev", ""],
    "userEnvProbe": ["none", "loginShell"],
    "overrideCommand": [True, False],
    "updateRemoteUserUID": [True, False],
    "shutdownAction": ["none", "stopContainer"],
    "waitFor": ["onCreateCommand", "postCreateCommand"],
    "forwardPorts": [[80, "db:5432"], ["localhost:80", 81], [81]],
    "portsAttributes": [{"80": {"label": "a"}}, {"80": {"onAutoForward": "silent"}, "81": {"label": "b"}}],
    "hostRequirements": [{"cpus": 2, "memory": "4gb"}, {"cpus": 4, "storage": "1tb", "gpu": "optional"}, {"gpu": True}],
    "customizations": [{"vscode": {"extensions": ["a.b"]}}, {"vscode": {"settings": {}}, "other": {"c": 1}}],
    **{event: ["string", ["an", "array"], {"one": "x", "two": ["y", "z"]}] for event in hooks.IN_CONTAINER},
}
OF_FEATURES = (
    *("privileged", "init", "capAdd", "securityOpt", "entrypoint", "mounts", "customizations", "containerEnv"),
    *hooks.IN_CONTAINER,
)


def drawn(lots: random.Random, keys: Any, often: float) -> dict[str, Any]:
    return {key: lots.choice(PROPERTIES[key]) for key in keys if lots.random() < often}


@pytest.fixture(scope="module")
def store() -> Iterator[dict[str, str]]:
    """Podman with a store of its own: the environment that leads to it."""
    capabilities.require("podman")
    place = Path(tempfile.mkdtemp(prefix="pd-"))  # short: sockets are made in it
    (place / "run").mkdir(mode=0o700)
    (place / "storage.conf").write_text(
        f'[storage]\ndriver = "vfs"\ngraphroot = "{place}/graph"\nrunroot = "{place}/run/store"\n'
    )
    environ = {
        "CONTAINERS_STORAGE_CONF": f"{place}/storage.conf",
        "XDG_RUNTIME_DIR": f"{place}/run",
        "TMPDIR": str(place),
        "HOME": str(place),
        "PADDOCK_GIVEN": "given",
    }
    yield environ
    # rootless, a process keeps the namespaces in which the store's files can be removed
    own = (["podman", "unshare"] if os.geteuid() else []) + ["rm", "-rf", f"{place}/graph"]
    subprocess.run(own, env={**os.environ, **environ}, capture_output=True, check=False)
    pausing.end(f"{place}/run")
    shutil.rmtree(place, ignore_errors=True)


def built(store: dict[str, str], name: str, label: object) -> str:
    """An image with nothing in it but a label."""
    folder = Path(store["TMPDIR"], name)
    folder.mkdir()
    # single quotes: podman would put variables in
    (folder / "Dockerfile").write_text(f"FROM scratch\nUSER 7\nLABEL {labels.LABEL}='{json.dumps(label)}'\n")
    argv = ["podman", "build", "--quiet", "--tag", f"localhost/{name}:1"]
    done = subprocess.run([*argv, folder], env={**os.environ, **store}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return f"localhost/{name}:1"


def case(seed: int, folder: Path, store: dict[str, str]) -> None:
    """A folder with a configuration that is drawn by lot: a labelled image, two local Features, a file."""
    lots = random.Random(seed)
    entries = [drawn(lots, PROPERTIES, 0.4) for _ in range(lots.choice([1, 3]))]
    image = built(store, f"case{seed}", entries if len(entries) > 1 or lots.random() < 0.5 else entries[0])
    configuration = drawn(lots, [key for key in PROPERTIES if key != "entrypoint"], 0.4)
    inside = folder / ".devcontainer"
    for name in ("one", "two"):
        (inside / name).mkdir(parents=True)
        (inside / name / "install.sh").touch()
        said = {"id": name, "version": "1.0.0", "name": name, **drawn(lots, OF_FEATURES, 0.4)}
        said["containerEnv"] = {"F": name, **dict.fromkeys(said.get("containerEnv", {}), "x")}
        if name == "one":
            said |= lots.choice([{"installsAfter": ["./two"]}, {"dependsOn": {"./two": {"x": "1"}}}, {}])
        (inside / name / "devcontainer-feature.json").write_text(json.dumps(said))
    configuration["features"] = lots.choice([{}, {"./one": {}}, {"./one": {}, "./two": {"x": "1"}}])
    if lots.random() < 0.5:
        (inside / "Dockerfile").write_text(f"ARG BASE={image}\nFROM $BASE AS build\nFROM build\n")
        configuration["build"] = {"dockerfile": "Dockerfile"}
    else:
        configuration["image"] = image
    if lots.random() < 0.3:
        configuration |= {
            "workspaceFolder": "/w",
            "workspaceMount": "type=bind,source=${localWorkspaceFolder},target=/w",
        }
    (inside / "devcontainer.json").write_text(json.dumps(configuration))


def commands(merged: dict[str, Any], event: str) -> list[tuple[str, Any]]:
    said = merged.get(f"{event}s") or []
    pairs = [pair for one in said for pair in (one.items() if isinstance(one, dict) else [("", one)])]
    return [(name, tuple(command) if isinstance(command, list) else command) for name, command in pairs]


def mount(said: Any) -> tuple[str, str, str]:
    if isinstance(said, str):
        known = {"src": "source", "dst": "target", "destination": "target"}
        pairs = [part.partition("=")[::2] for part in said.split(",")]
        said = {known.get(name, name): value for name, value in pairs}
    return said.get("type", "volume"), said.get("source", ""), said["target"]


def needed(said: dict[str, Any] | None) -> dict[str, Any]:
    """Two layers that want a GPU become an object that says nothing more."""
    plain = {name: value if value != {} else True for name, value in (said or {}).items()}
    return {name: str(value).lower() for name, value in plain.items() if value}


def amount(one: Requirement) -> str:
    return str(one.value if one.amount is None else one.amount).lower()


def text(one: Any) -> Any:
    """A value, or None where only the default says it."""
    return None if one is None or one.origin.layer == "default" else one.value


def hook(one: Hook) -> tuple[str, Any]:
    return one.name, one.command


def ours(found: Effective) -> dict[str, Any]:
    environment = [one for one in found.container_environment if one.origin.layer != "feature"]
    return {
        "privileged": found.privileged.value,
        "init": found.init.value,
        "capAdd": [one.value for one in found.cap_add],
        "securityOpt": [one.value for one in found.security_opt],
        "entrypoints": [one.value for one in found.entrypoints],
        "mounts": [(one.kind, one.source, one.target) for one in found.mounts],
        "containerEnv": {one.name: one.value for one in environment},
        "remoteEnv": {one.name: one.value for one in found.remote_environment},
        "containerUser": text(found.container_user),
        "remoteUser": text(found.remote_user),
        "userEnvProbe": text(found.user_env_probe),
        "overrideCommand": text(found.override_command),
        "updateRemoteUserUID": text(found.update_remote_user_uid),
        "shutdownAction": text(found.shutdown_action),
        "waitFor": text(found.wait_for),
        "forwardPorts": [one.inside for one in found.ports],
        "ports": {one.ports: {it.name: it.value for it in one.attributes} for one in found.port_attributes},
        "needs": {one.name: amount(one) for one in found.requirements if amount(one) not in ("0", "false")},
        "customizations": [(one.tool, one.node.data()) for one in found.customizations],
        "features": [(one.reference, {it.name: it.value for it in one.options}) for one in found.features],
        "workspaceFolder": found.workspace_folder.value,
        "workspace": found.workspace_mount and (found.workspace_mount.source, found.workspace_mount.target),
        **{event: [hook(one) for one in found.hooks if one.event == event] for event in hooks.IN_CONTAINER},
    }


def theirs(answer: dict[str, Any]) -> dict[str, Any]:
    merged, workspace = answer["mergedConfiguration"], answer["workspace"]
    same = ["privileged", "init", "containerEnv", "remoteEnv", "containerUser", "remoteUser", "userEnvProbe"]
    same += ("overrideCommand", "updateRemoteUserUID", "shutdownAction", "waitFor")
    sets = answer.get("featuresConfiguration", {}).get("featureSets", [])
    return {
        **{name: merged.get(name) for name in same},
        **{name: merged.get(name) or [] for name in ("capAdd", "securityOpt", "entrypoints")},
        "mounts": [mount(one) for one in merged.get("mounts") or []],
        "forwardPorts": [str(one) for one in merged.get("forwardPorts") or []],
        "ports": merged.get("portsAttributes") or {},
        "needs": needed(merged.get("hostRequirements")),
        "customizations": [(tool, one) for tool, said in (merged.get("customizations") or {}).items() for one in said],
        "features": [(one["sourceInformation"]["userFeatureId"], one["features"][0]["value"]) for one in sets],
        "workspaceFolder": workspace["workspaceFolder"],
        "workspace": mount(workspace["workspaceMount"])[1:],
        **{event: commands(merged, event) for event in hooks.IN_CONTAINER},
    }


def unordered(said: dict[str, Any]) -> dict[str, Any]:
    """The sections of different tools have no order among each other."""
    return {**said, "customizations": sorted(said["customizations"], key=lambda one: one[0])}


@pytest.mark.parametrize("seed", range(5))
def test_the_reference_implementation_merges_the_same(seed, tmp_path, store, reference):
    case(seed, tmp_path, store)
    arguments = ("--docker-path", "podman", "--include-merged-configuration", "--include-features-configuration")
    answer = reference("read-configuration", "--workspace-folder", tmp_path, *arguments, environ=store)
    assert answer is not None
    ask = partial(labels.ask, engines=["podman"], environ=store)
    found = effective(finding.find(str(tmp_path)), environment={**os.environ, **store}, with_id=True, ask=ask)
    assert unordered(ours(found)) == unordered(theirs(answer))
    assert found.unknown_layers == ()
    assert found.image_user
    assert found.image_user.value == "7"


def test_what_only_the_label_of_a_real_image_brings_is_seen(tmp_path, store):
    """Keys, the home, all rights, the engine's socket, sudo: nothing of it is in the file."""
    label = {
        "privileged": True,
        "mounts": [
            "source=${localEnv:HOME}/.ssh,target=/keys,type=bind",
            "source=${localEnv:HOME},target=/host,type=bind",
            {"type": "bind", "source": "/var/run/docker.sock", "target": "/var/run/docker.sock"},
        ],
        "onCreateCommand": "sudo true",
    }
    image = built(store, "planted", label)
    (tmp_path / ".devcontainer.json").write_text(json.dumps({"image": image}))
    found = effective(finding.find(str(tmp_path)), ask=partial(labels.ask, engines=["podman"], environ=store))
    said: list[Switch | Mount | Hook] = [found.privileged, *found.mounts, *found.hooks]
    assert [(one.origin.layer, one.origin.name) for one in said] == [("label", image)] * 5
    assert [one.source for one in found.mounts] == ["${localEnv:HOME}/.ssh", "${localEnv:HOME}", "/var/run/docker.sock"]
    assert found.privileged.value


def test_an_image_that_podman_does_not_have_is_not_known(store):
    found = labels.ask("localhost/absent:1", engines=["podman"], environ=store)
    assert found == labels.NotKnown("localhost/absent:1", "podman does not have it")
