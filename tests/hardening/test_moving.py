"""Relative paths in a file that moves."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.hardening.moving import feature, moved
from tests.hardening.scenes import harden

PARTS = st.lists(st.sampled_from(["a", "b", "..", "."]), max_size=4).map("/".join)


@pytest.mark.parametrize(
    ("path", "before", "after", "wanted"),
    [
        ("Dockerfile", ".devcontainer", ".devcontainer/paddock", "../Dockerfile"),
        ("..", ".devcontainer", ".devcontainer/paddock", "../.."),
        ("../../x", ".devcontainer", ".devcontainer/paddock", "../../../x"),
        (".", "", ".devcontainer/paddock", "../.."),
        ("./docker/Dockerfile", "", ".devcontainer/paddock", "../../docker/Dockerfile"),
        ("x", ".devcontainer/py", ".devcontainer/paddock", "../py/x"),
        ("/absolute", "", ".devcontainer/paddock", "/absolute"),
        ("${localWorkspaceFolder}/x", "", ".devcontainer/paddock", "${localWorkspaceFolder}/x"),
        ("./as/it/is/", ".devcontainer/paddock", ".devcontainer/paddock", "./as/it/is/"),
    ],
)
def test_a_path_leads_to_the_same_place(path: str, before: str, after: str, wanted: str):
    assert moved(path, before, after) == wanted


@given(
    PARTS.filter(lambda one: one[:1] != "/" and bool(one)),
    PARTS.map(lambda one: one.replace("..", "c")),
    PARTS.map(lambda one: one.replace("..", "d")),
)
def test_any_path_does(path: str, before: str, after: str):
    deep = "/x/y/z/u/v"  # of which the file knows nothing
    there = posixpath.normpath(posixpath.join(deep, before, path))
    assert posixpath.normpath(posixpath.join(deep, after, moved(path, before, after))) == there


def test_features_of_the_repository_are_paths_and_others_are_not():
    assert feature("./own", ".devcontainer", ".devcontainer/paddock") == "../own"
    assert feature("./own", ".devcontainer", ".") == "./.devcontainer/own"
    published = "registry.example.test/a/b:1"
    assert feature(published, ".devcontainer", ".devcontainer/paddock") == published


def test_the_build_and_its_features_come_along(tmp_path):
    own = {".devcontainer/own/devcontainer-feature.json": '{"id": "own", "version": "1.0.0"}'}
    config: dict[str, object] = {
        "image": None,
        "build": {"dockerfile": "Dockerfile"},
        "features": {"./own": {}},
        "overrideFeatureInstallOrder": ["./own"],
    }
    found = harden(tmp_path, config, {**own, ".devcontainer/Dockerfile": "FROM registry.example.test/a:1\n"}).data
    assert found["build"] == {"dockerfile": "../Dockerfile", "context": ".."}
    assert found["features"] == {"../own": {}}
    assert found["overrideFeatureInstallOrder"] == ["../own"]


def test_the_older_keys_and_a_file_in_the_folder_itself(tmp_path):
    files = {"docker/Dockerfile": "FROM registry.example.test/a:1\n"}
    config = {"image": None, "dockerFile": "docker/Dockerfile"}
    found = harden(tmp_path, config, files, file=".devcontainer.json").data
    assert (found["dockerFile"], found["context"]) == ("../../docker/Dockerfile", "../../docker")
