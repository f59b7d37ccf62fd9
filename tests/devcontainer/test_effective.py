"""What all layers come to, read from folders as they lie on a disk."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paddock.devcontainer import finding, labels
from paddock.devcontainer.document import Broken
from paddock.devcontainer.effective import effective
from paddock.devcontainer.service import Service
from paddock.errors import PaddockError, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from paddock.devcontainer.model import Effective

DATA = os.environ.get("PADDOCK_DATA", "")


def image(name: str, said: object = None, user: str = "", text: str = "") -> labels.Image:
    metadata = text or ("" if said is None else json.dumps(said))
    return labels.Image(name, "podman", "sha256:00", user, (), (), (), metadata)


def nothing(name: str) -> labels.NotKnown:
    return labels.NotKnown(name, "no engine was asked")


def write(folder: Path, files: dict[str, Any]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def read(
    folder: Path, configuration: object, ask: Callable[[str], Any] = nothing, files: dict[str, Any] | None = None
) -> Effective:
    write(folder, {".devcontainer/devcontainer.json": configuration, **(files or {})})
    return effective(finding.find(str(folder)), ask=ask)


def test_the_file_alone_is_itself_and_the_defaults(tmp_path):
    found = read(tmp_path, {"name": "n", "image": "example", "remoteUser": "dev"})
    assert (found.kind, found.title and found.title.value, found.image and found.image.value) == (
        "image",
        "n",
        "example",
    )
    assert (found.remote_user and found.remote_user.value, found.image_user) == ("dev", None)
    defaults = {
        found.user_env_probe.value: found.user_env_probe.origin.layer,
        found.wait_for.value: found.wait_for.origin.layer,
        found.shutdown_action.value: found.shutdown_action.origin.layer,
        found.workspace_folder.value: found.workspace_folder.origin.layer,
    }
    assert defaults == {
        "loginInteractiveShell": "default",
        "updateContentCommand": "default",
        "stopContainer": "default",
        f"/workspaces/{tmp_path.name}": "default",
    }
    assert (found.override_command.value, found.update_remote_user_uid.value, found.privileged.value) == (
        True,
        True,
        False,
    )
    assert found.workspace_mount
    assert found.workspace_mount.source == str(tmp_path)
    assert [(one.layer, one.name) for one in found.unknown_layers] == [("label", "example")]


MISTAKES = {
    "ssh": ({"mounts": ["source=${localEnv:HOME}/.ssh,target=/root/.ssh,type=bind"]}, "mounts"),
    "home": ({"mounts": [{"type": "bind", "source": "/home/ann", "target": "/host"}]}, "mounts"),
    "socket": ({"mounts": ["type=bind,src=/var/run/docker.sock,dst=/var/run/docker.sock"]}, "mounts"),
    "privileged": ({"privileged": True}, "privileged"),
    "sudo": ({"postCreateCommand": "sudo sh -c 'echo dev ALL=NOPASSWD:ALL >/etc/sudoers.d/dev'"}, "hooks"),
    "capability": ({"capAdd": ["SYS_ADMIN"]}, "cap_add"),
    "seccomp": ({"securityOpt": ["seccomp=unconfined"]}, "security_opt"),
    "root": ({"remoteUser": "root"}, "remote_user"),
    "secret": ({"containerEnv": {"API_TOKEN": "not-a-real-one"}}, "container_environment"),
}


@pytest.mark.parametrize("name", MISTAKES)
@pytest.mark.parametrize("form", ["array", "object"])
@pytest.mark.parametrize("way", ["image", "dockerfile", "compose"])
def test_what_only_the_label_of_the_image_says_is_there_and_says_who_said_it(tmp_path, name, form, way):
    said, field = MISTAKES[name]
    files: dict[str, Any] = {
        ".devcontainer/Dockerfile": "FROM example:1\nRUN true\n",
        ".devcontainer/compose.yaml": "services:\n  app:\n    image: example:1\n",
    }
    configuration = {
        "image": {"image": "example:1"},
        "dockerfile": {"build": {"dockerfile": "Dockerfile"}},
        "compose": {"dockerComposeFile": "compose.yaml", "service": "app", "workspaceFolder": "/w"},
    }[way]
    found = read(tmp_path, configuration, lambda asked: image(asked, [said] if form == "array" else said), files)
    assert found.kind == way
    value = getattr(found, field)
    (one,) = value if isinstance(value, tuple) else (value,)
    assert (one.origin.layer, one.origin.name) == ("label", "example:1")
    assert str(one.origin.place).startswith("label of example:1:1:")
    if field == "privileged":
        assert one.value


def test_the_file_takes_no_right_of_a_label_back(tmp_path):
    found = read(tmp_path, {"image": "a", "privileged": False}, lambda name: image(name, {"privileged": True}))
    assert (found.privileged.value, found.privileged.origin.layer) == (True, "label")


def test_a_label_in_the_dockerfile_itself_does_not_count_but_its_user_does(tmp_path):
    text = "FROM example:1\nLABEL devcontainer.metadata='{\"privileged\": true}'\nUSER builder\n"
    found = read(
        tmp_path,
        {"build": {"dockerfile": "../Dockerfile"}},
        lambda name: image(name, user="1000"),
        {"Dockerfile": text},
    )
    assert not found.privileged.value
    assert found.image_user
    assert (found.image_user.value, found.image_user.origin.layer) == ("builder", "dockerfile")


@pytest.mark.parametrize(("user", "expected"), [("1000", "1000"), ("", "root")])
def test_the_user_of_an_image_is_its_own_or_root(tmp_path, user, expected):
    found = read(tmp_path, {"image": "a"}, lambda name: image(name, user=user))
    assert found.image_user
    assert (found.image_user.value, found.image_user.origin.layer) == (expected, "image")


@pytest.mark.parametrize("text", ["{", "[1]]", '{"privileged": true,}', '{"privileged": true} // yes', "no"])
def test_a_label_that_tools_cannot_read_is_a_layer_that_is_not_known(tmp_path, text):
    found = read(tmp_path, {"image": "a"}, lambda name: image(name, text=text))
    assert not found.privileged.value
    (unknown,) = found.unknown_layers
    assert (unknown.layer, unknown.name) == ("label", "a")
    assert "devcontainer.metadata cannot be read" in unknown.why


def test_an_entry_of_a_label_that_is_no_object_is_a_flaw(tmp_path):
    found = read(tmp_path, {"image": "a"}, lambda name: image(name, [1, {"init": True}]))
    assert found.init.value
    assert [flaw.message for flaw in found.flaws] == ["an entry of the label is an object"]


def test_run_arguments_are_flags_and_with_compose_they_are_ignored(tmp_path):
    arguments = {"runArgs": ["--cap-drop", "ALL", "--nothing=1"]}
    found = read(tmp_path / "a", {"image": "a", **arguments})
    assert [(flag.name, flag.value, flag.origin.key) for flag in found.run_flags] == [
        ("--cap-drop", "ALL", "runArgs[0]"),
        ("--nothing", "1", "runArgs[2]"),
    ]
    assert (found.runargs_ignored, [flaw.code for flaw in found.flaws]) == (False, ["unknown-flag"])
    composed = {"dockerComposeFile": "c.yaml", "service": "app", "workspaceFolder": "/w", **arguments}
    files = {".devcontainer/c.yaml": "services: {app: {image: a}}"}
    assert read(tmp_path / "b", composed, files=files).runargs_ignored


def test_compose_drops_what_it_cannot_say_of_mounts(tmp_path):
    configuration = {
        "dockerComposeFile": ["c.yaml"],
        "service": "app",
        "workspaceFolder": "/w",
        "mounts": ["source=/h,target=/c,type=bind,readonly"],
    }
    found = read(tmp_path, configuration, files={".devcontainer/c.yaml": "services: {app: {image: a, user: '7'}}"})
    (mount,) = found.mounts
    assert (mount.asked_read_only, mount.read_only) == (True, False)
    assert found.workspace_mount is None
    assert (found.shutdown_action.value, found.override_command.value) == ("stopCompose", False)
    assert found.image_user
    assert (found.image_user.value, found.image_user.origin.layer) == ("7", "compose")


def test_an_empty_list_of_compose_files_is_what_the_reference_cli_takes(tmp_path):
    files = {
        "docker-compose.yml": "services: {app: {image: a}}",
        "docker-compose.override.yml": "services: {app: {privileged: true}}",
    }
    found = read(tmp_path, {"dockerComposeFile": [], "service": "app", "workspaceFolder": "/w"}, files=files)
    assert (found.kind, found.image and found.image.value, found.runargs_ignored) == ("compose", "a", True)
    assert isinstance(found.compose, Service)
    assert found.compose.privileged
    assert found.compose.privileged.value


@pytest.mark.parametrize("said", [{}, {"service": "other"}])
def test_a_service_that_is_not_there_is_a_layer_that_is_not_known(tmp_path, said):
    files = {".devcontainer/c.yaml": "services: {app: {image: a}}"}
    found = read(tmp_path, {"dockerComposeFile": "c.yaml", **said}, files=files)
    assert [(one.layer, one.name) for one in found.unknown_layers] == [("compose", said.get("service", "service"))]
    assert found.unknown_layers[0].origin.place


def test_an_image_beside_a_compose_file_is_what_counts(tmp_path):
    assert read(tmp_path, {"image": "a", "dockerComposeFile": "c.yaml", "service": "app"}).kind == "image"


LOCAL = {
    ".devcontainer/a/devcontainer-feature.json": {
        "id": "a",
        "version": "1.0.0",
        "dependsOn": {"./b": {"x": "1"}},
        "capAdd": ["SYS_PTRACE"],
        "containerEnv": {"A": "feature", "B": "feature"},
        "initializeCommand": "touch /host",
        "remoteUser": "root",
        "postStartCommand": "a",
    },
    ".devcontainer/b/devcontainer-feature.json": {"id": "b", "privileged": True, "postStartCommand": "b"},
}


def test_local_features_bring_what_features_may_bring_and_what_they_depend_on(tmp_path):
    configuration = {
        "image": "example",
        "features": {"./a": {}},
        "containerEnv": {"A": "file"},
        "postStartCommand": "file",
    }
    found = read(tmp_path, configuration, files=LOCAL)
    assert [use.reference for use in found.features] == ["./b", "./a"]
    assert [option.name for option in found.features[0].options] == ["x"]
    assert (found.privileged.origin.layer, found.privileged.origin.name) == ("feature", "./b")
    assert str(found.privileged.origin.place).startswith(".devcontainer/b/devcontainer-feature.json:1:")
    assert [hook.command for hook in found.hooks] == ["b", "a", "file"]
    assert {one.name: (one.value, one.origin.layer) for one in found.container_environment} == {
        "A": ("file", "file"),
        "B": ("feature", "feature"),
    }
    assert found.remote_user is None
    assert [one.layer for one in found.layers] == ["feature", "feature", "file"]


def test_features_in_a_circle_are_refused_with_their_places(tmp_path):
    files = {
        ".devcontainer/a/devcontainer-feature.json": {"id": "a", "dependsOn": {"./b": {}}},
        ".devcontainer/b/devcontainer-feature.json": {"id": "b", "dependsOn": {"./a": {}}},
    }
    with pytest.raises(Refused, match=r"circle: ./a → ./b → ./a") as refused:
        read(tmp_path, {"image": "a", "features": {"./a": {}}}, files=files)
    assert ".devcontainer/b/devcontainer-feature.json:1:" in refused.value.why


def test_a_broken_local_feature_is_refused_with_its_place(tmp_path):
    with pytest.raises(Broken, match=r"devcontainer/a/devcontainer-feature.json:1:2: the file ends"):
        read(tmp_path, {"features": {"./a": {}}}, files={".devcontainer/a/devcontainer-feature.json": "{\n"})


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("registry.example.test/team/one:1", "nothing is known of it"),
        ("https://example.test/devcontainer-feature-one.tgz", "nothing is known of it"),
        ("./absent", "No such file"),
        ("../outside", "below .devcontainer"),
        ("/etc", "absolute"),
        ("nonsense", "./ for a local one"),
        ("./link", "outside"),
    ],
)
def test_a_feature_that_cannot_be_looked_at_is_a_layer_that_is_not_known(tmp_path, reference, why):
    write(tmp_path, {"elsewhere/devcontainer-feature.json": {"id": "x", "privileged": True}, "r/.git/HEAD": ""})
    (tmp_path / "r/.devcontainer").mkdir()
    (tmp_path / "r/.devcontainer/link").symlink_to(tmp_path / "elsewhere")
    found = read(tmp_path / "r", {"image": "a", "features": {reference: {}}})
    unknown = [one for one in found.unknown_layers if one.layer == "feature"]
    assert [one.name for one in unknown] == [reference]
    assert why in unknown[0].why
    assert not found.privileged.value
    assert unknown[0].origin.place


def test_what_is_known_of_a_published_feature_stands_where_it_is_asked_for(tmp_path):
    reference = "registry.example.test/devcontainers/features/docker-in-docker:2"
    text = '{\n  "image": "a",\n  "features": {\n    "' + reference + '": {}\n  }\n}'
    found = read(tmp_path, text)
    assert found.privileged.value
    assert (found.privileged.origin.layer, found.privileged.origin.name) == ("feature", reference)
    assert found.privileged.origin.place
    assert found.privileged.origin.place.line == 4
    assert {mount.origin.place.line for mount in found.mounts if mount.origin.place} == {4}
    assert [one.layer for one in found.unknown_layers] == ["label"]


def test_a_lock_file_says_which_version_of_a_published_feature_it_is(tmp_path):
    reference = "registry.example.test/devcontainers/features/docker-in-docker"
    lock = {"features": {reference: {"version": "2.1.0", "integrity": "sha256:" + "00" * 32}}}
    configuration = {"image": "a", "features": {reference: {}}}
    assert len(read(tmp_path / "a", configuration).mounts) == 2
    assert len(read(tmp_path / "b", configuration, files={".devcontainer/devcontainer-lock.json": lock}).mounts) == 1


def test_what_is_wrong_with_a_lock_file_is_a_flaw_and_a_broken_one_is_refused(tmp_path):
    files: dict[str, Any] = {".devcontainer/devcontainer-lock.json": {"features": {"a": {}}}}
    found = read(tmp_path / "a", {"image": "a"}, files=files)
    assert [flaw.place.file for flaw in found.flaws] == [".devcontainer/devcontainer-lock.json"]
    with pytest.raises(Broken, match=r"devcontainer-lock\.json:1:2"):
        read(tmp_path / "b", {"image": "a"}, files={".devcontainer/devcontainer-lock.json": "{"})
    (tmp_path / "c/.devcontainer/devcontainer-lock.json").mkdir(parents=True)
    assert [one.layer for one in read(tmp_path / "c", {}).unknown_layers] == ["feature"]


def test_a_base_image_that_only_the_builder_knows_is_a_layer_that_is_not_known(tmp_path):
    asked: list[str] = []

    def ask(name: str) -> labels.NotKnown:
        asked.append(name)
        return nothing(name)

    found = read(tmp_path, {"build": {"dockerfile": "D"}}, ask, {".devcontainer/D": "ARG A\nFROM example:$A\n"})
    assert [one.layer for one in found.unknown_layers] == ["image"]
    read(tmp_path, {"build": {"dockerfile": "D"}}, ask, {".devcontainer/D": "FROM scratch\n"})
    assert asked == []
    read(
        tmp_path,
        {"build": {"dockerfile": "D", "args": {"A": "2"}}},
        ask,
        {".devcontainer/D": "ARG A\nFROM example:$A\n"},
    )
    assert asked == ["example:2"]


def test_variables_of_the_host_are_put_in_only_where_they_are_given(tmp_path):
    configuration = {
        "image": "a",
        "containerEnv": {"V": "${localEnv:HOME}"},
        "mounts": ["source=v-${devcontainerId},target=/v"],
    }
    write(tmp_path, {".devcontainer.json": configuration})
    found = finding.find(str(tmp_path))
    plain = effective(found, ask=nothing)
    full = effective(found, environment={"HOME": "/home/ann"}, with_id=True, ask=nothing)
    assert [one.container_environment[0].value for one in (plain, full)] == ["${localEnv:HOME}", "/home/ann"]
    assert plain.mounts[0].source == "v-${devcontainerId}"
    assert len(full.mounts[0].source) == len("v-") + 52


def test_an_override_is_read_in_place_of_the_file(tmp_path):
    write(
        tmp_path,
        {"r/.devcontainer/devcontainer.json": {"image": "a", "features": {"./a": {}}}, "o.json": {"image": "b"}},
    )
    found = effective(finding.find(str(tmp_path / "r"), override=str(tmp_path / "o.json")), ask=nothing)
    assert found.image
    assert (found.image.value, found.image.origin.layer, found.features) == ("b", "override", ())


@pytest.mark.skipif(not DATA, reason="PADDOCK_DATA names no folder of real files")
def test_every_real_file_comes_to_something_or_is_refused_with_a_place(tmp_path):
    files = sorted(Path(DATA, "devcontainers").glob("*.json"))
    assert len(files) >= 100
    refused = []
    for at, file in enumerate(files):
        folder = tmp_path / str(at) / ".devcontainer"
        folder.mkdir(parents=True)
        shutil.copy(file, folder / "devcontainer.json")
        try:
            found = effective(finding.find(str(folder.parent)), ask=lambda name: image(name, {"privileged": True}))
        except Broken:
            refused.append(file.name)
        else:
            labelled = found.image is not None and not any(one.layer == "image" for one in found.unknown_layers)
            assert found.privileged.value or not labelled
    assert len(refused) == 1  # a template with placeholders


KEYS = [
    "image",
    "build",
    "dockerFile",
    "context",
    "dockerComposeFile",
    "service",
    "runServices",
    "workspaceMount",
    "workspaceFolder",
    "runArgs",
    "mounts",
    "privileged",
    "init",
    "capAdd",
    "securityOpt",
    "entrypoint",
    "containerEnv",
    "remoteEnv",
    "containerUser",
    "remoteUser",
    "features",
    "waitFor",
    "overrideFeatureInstallOrder",
    "initializeCommand",
    "postCreateCommand",
    "postStartCommand",
    "forwardPorts",
    "portsAttributes",
    "otherPortsAttributes",
    "appPort",
    "hostRequirements",
    "secrets",
    "customizations",
    "name",
    "overrideCommand",
    "shutdownAction",
    "unknown",
]
TEXTS = st.sampled_from(
    [
        "",
        "a",
        "./a",
        "../a",
        "-v/a:/b",
        "${localEnv:HOME}",
        "${localEnv}",
        "type=bind,src=/,dst=/x",
        "80:80",
        "D",
        "c.yaml",
    ]
) | st.text(max_size=4)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 70000) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6)


@settings(max_examples=60)
@given(file=OBJECTS, label=VALUES | OBJECTS | st.lists(OBJECTS, max_size=2), feature=OBJECTS)
def test_whatever_layers_say_comes_to_something_or_is_refused(file, label, feature):
    """Nothing that can be written in one of the three breaks what reads them."""
    with tempfile.TemporaryDirectory() as place:
        files = {
            ".devcontainer/a/devcontainer-feature.json": {"dependsOn": feature.get("features", {}), **feature},
            ".devcontainer/D": "FROM example\n",
            ".devcontainer/c.yaml": {"services": {"a": {"image": "example"}}},
        }
        with contextlib.suppress(PaddockError):
            found = read(Path(place), {**file, "features": {"./a": {}}}, lambda name: image(name, label), files)
            assert found.layers[-1].layer == "file"


@pytest.mark.skipif(not DATA, reason="PADDOCK_DATA names no folder of real files")
@settings(max_examples=60)
@given(seed=st.integers(0, 10**6))
def test_real_files_with_a_part_torn_out_or_put_elsewhere_are_read_or_refused(seed):
    lots = random.Random(seed)
    files = sorted(Path(DATA, "devcontainers").glob("*.json"))
    raw, other = (lots.choice(files).read_bytes() for _ in range(2))
    start = lots.randrange(len(raw))
    piece = other[lots.randrange(len(other)) :][: lots.choice([0, 1, 5, 50])]
    changed = raw[:start] + piece + raw[start + lots.choice([0, 1, 3, 40]) :]
    with tempfile.TemporaryDirectory() as place, contextlib.suppress(PaddockError):
        Path(place, ".devcontainer.json").write_bytes(changed)
        effective(finding.find(place), ask=nothing)
