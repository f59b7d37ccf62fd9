"""Configurations: every property of the specification, and what wrong ones come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paddock.devcontainer import hooks, jsonc, properties
from paddock.devcontainer.document import Broken
from paddock.devcontainer.source import Source
from paddock.devcontainer.substitution import Context, substitute

if TYPE_CHECKING:
    from paddock.devcontainer.model import Configuration
    from paddock.devcontainer.source import Layer

FILE = ".devcontainer/devcontainer.json"


def read(text: str, layer: Layer = "file") -> Configuration:
    known = Context("/repos/red", "/workspaces/red", {"HOME": "/home/person"})
    return properties.read(jsonc.parse(FILE, text), layer, FILE, substitute=lambda value: substitute(value, known))


def inside(text: str, layer: Layer = "file") -> Configuration:
    return read(f'{{"image": "base", {text}}}', layer)


def flaws(configuration: Configuration) -> list[tuple[str, str]]:
    return [(flaw.code, flaw.message) for flaw in configuration.flaws]


WHOLE = """{
  "$schema": "x", "name": "All", "image": "base:1",
  "build": {"dockerfile": "Dockerfile", "context": "..", "args": {"A": "1"}, "target": "dev", "cacheFrom": "c", "options": ["-q"]},
  "dockerComposeFile": ["a.yml", "b.yml"], "service": "app", "runServices": ["db"],
  "workspaceMount": "type=bind,source=${localWorkspaceFolder},target=/w", "workspaceFolder": "/w",
  "runArgs": ["--cap-drop=ALL"], "privileged": false, "init": true, "capAdd": ["SYS_PTRACE"], "securityOpt": ["a=b"],
  "mounts": ["source=v,target=/v", {"type": "bind", "source": "${localEnv:HOME}/x", "target": "/x"}],
  "containerEnv": {"A": "1"}, "remoteEnv": {"B": "${localEnv:HOME}", "C": null},
  "containerUser": "root", "remoteUser": "dev", "updateRemoteUserUID": false, "overrideCommand": true,
  "userEnvProbe": "none", "shutdownAction": "none", "waitFor": "onCreateCommand",
  "features": {"./local": {}, "registry.example.test/a/b:1": {"version": "2"}, "c": "3", "https://x.test/d.tgz": true},
  "overrideFeatureInstallOrder": ["b"],
  "postStartCommand": {"a": "one", "b": ["two", "2"]}, "initializeCommand": "echo ${localWorkspaceFolderBasename}",
  "forwardPorts": [3000, "db:5432", "localhost:80"], "appPort": [8000, "8001:8001"],
  "portsAttributes": {"3000": {"label": "web"}}, "otherPortsAttributes": {"onAutoForward": "ignore"},
  "hostRequirements": {"cpus": 4, "memory": "8gb", "storage": "32gb", "gpu": "optional"},
  "secrets": {"TOKEN": {"description": "of x", "documentationUrl": "https://x.test"}},
  "customizations": {"vscode": {"extensions": ["a.b"]}, "paddock": {}}
}"""


def test_the_whole_specification_is_read_without_a_flaw() -> None:
    found = read(WHOLE)
    assert flaws(found) == []
    assert found.unknown == ()
    for field in type(found).__fields__:  # type: ignore[attr-defined]
        assert getattr(found, field) or field in ("unknown", "flaws", "entrypoint"), field


def test_values_are_typed_substituted_and_know_their_source() -> None:
    found = read(WHOLE)
    assert found.title
    assert found.title.value == "All"
    assert found.build
    assert found.build.context
    assert found.build.context.value == ".."
    assert [one.value for one in found.build.cache_from] == ["c"]
    assert [one.value for one in found.compose_files] == ["a.yml", "b.yml"]
    assert found.workspace_mount
    assert found.workspace_mount.source == "/repos/red"
    assert "${localWorkspaceFolder}" in found.workspace_mount.raw
    assert [(one.kind, one.source, one.target) for one in found.mounts] == [
        ("volume", "v", "/v"),
        ("bind", "/home/person/x", "/x"),
    ]
    assert found.mounts[1].origin.key == "mounts[1]"
    assert [(one.name, one.value, one.raw) for one in found.remote_environment] == [
        ("B", "/home/person", "${localEnv:HOME}"),
        ("C", None, "null"),
    ]
    assert [(one.kind, [option.value for option in one.options]) for one in found.features] == [
        ("local", []),
        ("registry", ["2"]),
        ("registry", ["3"]),
        ("tarball", []),
    ]
    assert [(one.name, one.amount) for one in found.requirements] == [
        ("cpus", 4),
        ("memory", 8 << 30),
        ("storage", 32 << 30),
        ("gpu", None),
    ]
    assert [(one.tool, one.origin.key) for one in found.customizations] == [
        ("vscode", "customizations.vscode"),
        ("paddock", "customizations.paddock"),
    ]


def test_every_origin_points_at_the_very_text_of_its_value() -> None:
    found = read(WHOLE)
    args = found.run_args[0].origin
    assert args.place
    assert WHOLE[args.place.offset : args.place.end] == '"--cap-drop=ALL"'
    assert args.where == f"{FILE}:{WHOLE.count(chr(10), 0, args.place.offset) + 1}:{args.place.column}"
    assert found.privileged
    assert found.privileged.origin.place
    assert WHOLE[found.privileged.origin.place.offset : found.privileged.origin.place.end] == "false"


def test_ports_are_what_tools_forward_and_publish() -> None:
    found = read(WHOLE)
    assert [(one.kind, one.inside, one.address) for one in found.ports] == [
        ("forward", "3000", ""),
        ("forward", "db:5432", ""),
        ("forward", "80", ""),
        ("publish", "8000", "127.0.0.1"),
        ("publish", "8001", ""),
    ]
    assert [one.ports for one in found.port_attributes] == ["3000", "*"]


def test_hooks_come_in_the_order_of_their_events() -> None:
    found = read(WHOLE)
    assert [(one.event, one.name, one.command, one.on_host) for one in found.hooks] == [
        ("initializeCommand", "", "echo red", True),
        ("postStartCommand", "a", "one", False),
        ("postStartCommand", "b", ("two", "2"), False),
    ]
    assert found.hooks[1].origin.key == "postStartCommand.a"


@pytest.mark.parametrize("event", hooks.EVENTS)
@pytest.mark.parametrize("empty", ['""', '"  "', "[]", "{}"])
def test_an_empty_command_runs_nothing(event: str, empty: str) -> None:
    assert inside(f'"{event}": {empty}').hooks == ()


@pytest.mark.parametrize(
    ("said", "hooks_left", "message"),
    [
        ('"onCreateCommand": 3', 0, "a command is a string or an array of strings, or an object of these"),
        ('"onCreateCommand": {"a": {"b": "c"}, "d": "e"}', 1, "a command is a string or an array of strings"),
        ('"onCreateCommand": ["a", 3]', 1, "each part of a command is a string"),
    ],
)
def test_what_is_no_command_is_said_and_left_out(said: str, hooks_left: int, message: str) -> None:
    found = inside(said)
    assert len(found.hooks) == hooks_left
    assert flaws(found) == [("wrong-type", message)]


@pytest.mark.parametrize(
    ("said", "value"),
    [("true", True), ("false", False), ('"false"', True), ('""', False), ("1", True), ("0", False), ("null", False), ("[]", True)],
)  # fmt: skip
def test_privileged_is_what_javascript_takes_for_true(said: str, value: bool) -> None:
    found = inside(f'"privileged": {said}')
    assert found.privileged
    assert found.privileged.value is value
    assert bool(found.flaws) == (said not in ("true", "false"))


def test_a_switch_that_tools_do_not_see_is_left_out() -> None:
    found = inside('"overrideCommand": "false"')
    assert found.override_command is None
    assert flaws(found) == [("wrong-type", "`overrideCommand` is true or false; tools do not see this")]


def test_one_value_where_an_array_belongs_is_taken_as_tools_take_it() -> None:
    found = inside('"capAdd": "SYS_ADMIN", "mounts": "type=bind,source=/,target=/host"')
    assert [one.value for one in found.cap_add] == ["SYS_ADMIN"]
    assert [one.source for one in found.mounts] == ["/"]
    assert [code for code, _ in flaws(found)] == ["wrong-type", "wrong-type"]


def test_scalars_become_the_text_that_javascript_makes_of_them() -> None:
    found = inside('"containerEnv": {"A": 1, "B": true, "C": 1.5, "D": null, "E": 1e3}, "remoteUser": 1000')
    assert [one.value for one in found.container_environment] == ["1", "true", "1.5", "null", "1000"]
    assert found.remote_user
    assert found.remote_user.value == "1000"
    assert len(found.flaws) == 6


@pytest.mark.parametrize(
    ("said", "code", "message"),
    [
        ('"runArgs": {}', "wrong-type", "`runArgs` is an array; tools take this for its one element"),
        ('"containerEnv": []', "wrong-type", "`containerEnv` is an object, not an array"),
        ('"features": null', "wrong-type", "`features` is an object, not null"),
        ('"features": {"a": 3}', "wrong-type", "a Feature has an object of options"),
        ('"userEnvProbe": "all"', "wrong-value", "`userEnvProbe` is one of none, loginShell, loginInteractiveShell, interactiveShell"),
        ('"waitFor": "postAttachCommand"', "wrong-value", "`waitFor` is one of initializeCommand, onCreateCommand, updateContentCommand, postCreateCommand, postStartCommand"),
        ('"hostRequirements": {"memory": "8 GB"}', "wrong-value", "`memory` is a size such as `8gb`; tools take this for none"),
        ('"hostRequirements": {"cpus": "4"}', "wrong-value", "`cpus` is a whole number; tools take this for none"),
        ('"hostRequirements": {"gpu": "yes"}', "wrong-value", '`gpu` is true, false, "optional" or an object'),
        ('"mounts": [3]', "wrong-type", "a mount is a string, or an object of type, source and target"),
        ('"mounts": ["source=/a"]', "mount-syntax", "a mount needs a target"),
        ('"mounts": [{"source": "/a", "target": "/b"}]', "mount-syntax", "a mount needs a type"),
        ('"mounts": [{"type": "bind", "target": "/b"}]', "mount-syntax", "a bind mount needs a source"),
        ('"forwardPorts": [true]', "wrong-type", "a forwarded port is a number, or a string `host:port`"),
        ('"appPort": {}', "wrong-type", "a published port is a number, or a string as for `docker run -p`"),
        ('"remoteUser": "${localEnv}"', "nameless-variable", "`${localEnv}` names no variable; the reference CLI stops here"),
        ('"portsAttributes": {"1": {"label": {}}}', "wrong-type", "`label` is a string, number or boolean"),
    ],
)  # fmt: skip
def test_wrong_values_are_said_at_their_place(said: str, code: str, message: str) -> None:
    found = inside(said)
    assert (code, message) in flaws(found)
    assert all(flaw.place.column > 17 for flaw in found.flaws)


@pytest.mark.parametrize(
    ("key", "meant"),
    [("postCreateCommands", "postCreateCommand"), ("forwardPort", "forwardPorts"), ("remoteuser", "remoteUser"), ("capDrop", ""), ("network", ""), ("entrypoint", "")],
)  # fmt: skip
def test_unknown_keys_are_kept_with_what_they_look_like(key: str, meant: str) -> None:
    (unknown,) = inside(f'"{key}": ["x"]').unknown
    assert (unknown.key, unknown.meant, unknown.origin.key) == (key, meant, key)
    assert unknown.node.data() == ["x"]


def test_unknown_keys_of_parts_are_kept_too() -> None:
    found = read(
        '{"build": {"dockerfile": "a", "contexts": "b"}, "hostRequirements": {"cpu": 1},'
        ' "mounts": [{"type": "bind", "source": "a", "target": "b", "readonly": true}]}'
    )
    assert [(one.origin.key, one.meant) for one in found.unknown] == [
        ("build.contexts", "context"),
        ("hostRequirements.cpu", "cpus"),
        ("mounts[0].readonly", ""),
    ]


def test_legacy_keys_are_moved_as_the_reference_cli_moves_them() -> None:
    found = inside('"extensions": ["a.b"], "settings": {"c": 1}, "customizations": {"vscode": {"settings": {"c": 2}}}')
    assert [(one.tool, one.node.data(), one.origin.key) for one in found.customizations] == [
        ("vscode", {"extensions": ["a.b"]}, "extensions"),
        ("vscode", {"settings": {"c": 1}}, "settings"),
        ("vscode", {"settings": {"c": 2}}, "customizations.vscode"),
    ]
    assert [code for code, _ in flaws(found)] == ["legacy-key", "legacy-key"]


def test_the_older_keys_of_a_build_win_over_its_section() -> None:
    found = read(
        '{"dockerFile": "D", "context": "..", "build": {"dockerfile": "E", "context": "x", "args": {"A": "1"}}}'
    )
    build = found.build
    assert build
    assert build.dockerfile
    assert build.context
    assert (build.dockerfile.value, build.context.value, build.args[0].value) == ("D", "..", "1")
    assert build.dockerfile.origin.key == "dockerFile"
    alone = read('{"dockerFile": "D", "build": {"context": "x"}}').build
    assert alone
    assert alone.context is None


def test_a_context_without_a_dockerfile_builds_nothing() -> None:
    assert inside('"context": ".."').build is None


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("{}", ["one of `image`, `build.dockerfile` and `dockerComposeFile` is required"]),
        ('{"build": {"context": "."}}', ["one of `image`, `build.dockerfile` and `dockerComposeFile` is required"]),
        ('{"dockerComposeFile": "a"}', ["`service` is required with `dockerComposeFile`", "`workspaceFolder` is required with `dockerComposeFile`"]),
        ('{"build": {"dockerfile": "D"}}', []),
        ('{"dockerFile": "D"}', []),
    ],
)  # fmt: skip
def test_what_must_be_there_is_missed(text: str, missing: list[str]) -> None:
    assert [message for code, message in flaws(read(text)) if code == "missing-key"] == missing
    assert not [flaw for flaw in read(text, "label").flaws if flaw.code == "missing-key"]


def test_an_empty_workspace_mount_is_none_at_all() -> None:
    mount = inside('"workspaceMount": ""').workspace_mount
    assert mount
    assert mount.kind == "none"


def test_of_keys_that_are_written_twice_the_last_counts() -> None:
    found = read('{"image": "a", "image": "b", "containerEnv": {"A": "1", "A": "2"}}')
    assert found.image
    assert found.image.value == "b"
    assert [one.value for one in found.container_environment] == ["2"]
    assert [code for code, _ in flaws(found)] == ["duplicate-key", "duplicate-key"]


def test_a_feature_and_a_label_may_say_what_a_file_may_not() -> None:
    feature = read(
        '{"id": "a", "version": "1.0.0", "options": {}, "installsAfter": [], "entrypoint": "/x.sh"}', "feature"
    )
    assert feature.entrypoint
    assert feature.entrypoint.value == "/x.sh"
    assert (feature.unknown, feature.flaws) == ((), ())
    label = read('{"id": "a", "entrypoint": "/x.sh", "privileged": true}', "label")
    assert (label.unknown, label.flaws) == ((), ())


def test_one_entry_of_a_label_has_its_own_flaws_and_places_in_the_whole() -> None:
    document = jsonc.parse("label of base", '[{"init": 1,}, {"privileged": true,}]')
    found = properties.read(document, "label", "base", node=document.root.items[1])
    assert found.privileged
    assert found.privileged.origin == Source(
        "label", "base", ("privileged",), document.root.items[1].members[0].node.place
    )
    assert [(flaw.code, flaw.place.column) for flaw in found.flaws] == [("trailing-comma", 35)]


@pytest.mark.parametrize("text", ["[]", '"x"', "null", "3"])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(Broken, match=r":1:1: an object is expected here"):
        read(text)
