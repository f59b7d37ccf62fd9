"""What all that was read comes to, without any reading."""

from __future__ import annotations

import json
from typing import Any

import pytest

from paddock.devcontainer import jsonc, properties
from paddock.devcontainer.combining import Base, combine, kind_of
from paddock.devcontainer.features import Features
from paddock.devcontainer.finding import Found
from paddock.devcontainer.model import Configuration, Effective, UnknownLayer
from paddock.devcontainer.workspace import Workspace

FOUND = Found("/r/sub", "/r", ".devcontainer.json", ".devcontainer.json", ())


def configuration(said: Any, layer: Any = "file") -> Configuration:
    return properties.read(jsonc.parse(f"{layer}.json", json.dumps(said)), layer, layer)


def combined(
    said: Any, base: Base | None = None, features: Features | None = None, mount: str | None = "source=/r"
) -> Effective:
    nothing = Features((), (), (), ())
    return combine(
        FOUND, configuration(said), base or Base(), features or nothing, Workspace("/workspaces/r/sub", mount)
    )


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"image": "a"}, "image"),
        ({"build": {"dockerfile": "D"}}, "dockerfile"),
        ({"dockerFile": "D"}, "dockerfile"),
        ({"dockerComposeFile": "c"}, "compose"),
        ({"dockerComposeFile": []}, "compose"),
        ({"dockerComposeFile": "c", "image": "a"}, "image"),
        ({"dockerComposeFile": "c", "build": {"dockerfile": "D"}}, "dockerfile"),
        ({"build": {"context": ".."}, "image": "a"}, "image"),
        ({}, "image"),
    ],
)
def test_which_way_the_container_is_made(said, kind):
    assert kind_of(configuration(said)) == kind


def test_the_workspace_is_mounted_unless_the_file_says_otherwise():
    assert [
        found and (found.source, found.origin.layer)
        for found in (
            combined({"image": "a"}).workspace_mount,
            combined({"image": "a", "workspaceMount": "source=/o,target=/w"}).workspace_mount,
            combined({"image": "a", "workspaceMount": ""}).workspace_mount,
            combined({"dockerComposeFile": "c"}).workspace_mount,
        )
    ] == [("/r", "default"), ("/o", "file"), None, None]
    assert combined({"image": "a"}).workspace_folder.value == "/workspaces/r/sub"
    assert combined({"image": "a", "workspaceFolder": "/w"}).workspace_folder.value == "/w"
    assert combined({"image": "a", "workspaceFolder": ""}).workspace_folder.origin.layer == "default"


def test_ports_are_forwarded_by_all_layers_and_published_by_the_file():
    label = configuration({"forwardPorts": [80], "appPort": 81}, "label")
    found = combined({"image": "a", "forwardPorts": [82], "appPort": [83]}, Base(labels=(label,)))
    assert [(one.kind, one.inside) for one in found.ports] == [("forward", "80"), ("forward", "82"), ("publish", "83")]


def test_the_environment_of_features_is_part_of_the_image_and_comes_before_every_label():
    label = configuration({"containerEnv": {"A": "label", "B": "label"}}, "label")
    feature = configuration({"containerEnv": {"A": "feature", "C": "feature"}}, "feature")
    features = Features((), (feature,), (), ())
    found = combined({"image": "a", "containerEnv": {"B": "file"}}, Base(labels=(label,)), features)
    assert {one.name: one.value for one in found.container_environment} == {"A": "label", "B": "file", "C": "feature"}


def test_flaws_and_unknown_keys_and_layers_of_all_are_kept_once():
    label = configuration({"privileged": "yes"}, "label")
    file = {"image": "a", "capDrop": ["ALL"], "runArgs": ["--no-such-flag"]}
    origin = configuration(file).run_args[0].origin
    unknown = UnknownLayer("image", "a", "why", origin)
    found = combined(file, Base(labels=(label, label), unknown=(unknown,)), Features((), (), (unknown,), ()))
    assert [flaw.code for flaw in found.flaws] == ["wrong-type", "unknown-flag"]
    assert [one.key for one in found.unknown] == ["capDrop"]
    assert found.unknown_layers == (unknown, unknown)
