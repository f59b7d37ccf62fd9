"""Where a finding points, and who brought what it is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from paddock.checking.facts import base
from paddock.devcontainer.source import Source
from tests.checking.scenes import FILE, Scene, compose, file, hook, read


def test_what_is_missing_is_told_where_the_container_is_named(tmp_path: Path) -> None:
    result, _, _ = read(file(), tmp_path)
    assert base.source(result).key == "image"
    assert base.source(result, "runArgs").key == "image"
    assert base.source(result, "remoteUser").key == "remoteUser"


def test_with_compose_that_is_its_file(tmp_path: Path) -> None:
    result, _, _ = read(compose(), tmp_path)
    assert base.source(result).key == "dockerComposeFile"


def test_a_value_is_shown_as_it_stands_there(tmp_path: Path) -> None:
    result, _, _ = read(hook("echo ${localWorkspaceFolder}"), tmp_path)
    (said,) = result.hooks
    found = base.written(said.origin, result)
    assert found
    assert found.value == "echo ${localWorkspaceFolder}"
    assert base.written(Source("file", "another", ("image",)), result) is None


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        ("label", ", by the label of the image x:1"),
        ("feature", ", by the Feature x:1@sha256:0"),
        ("file", ""),
        ("compose", ""),
    ],
)
def test_only_what_a_reader_cannot_see_is_named(layer: str, said: str) -> None:
    assert base.brought_by(Source(layer, "x:1@sha256:0")) == said  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scene", "user"),
    [
        (file(), "dev"),
        (file(remoteUser="1000:1000"), "1000"),
        (file(remoteUser=None, containerUser="root"), "root"),
        (Scene({"remoteUser": None}, [{"remoteUser": "vscode"}]), "vscode"),
        (Scene({"remoteUser": None}, "unknown"), None),
    ],
)
def test_the_user_is_the_nearest_that_is_known(scene: Scene, user: str | None, tmp_path: Path) -> None:
    assert base.user(read(scene, tmp_path)[0]) == user


def test_paths_are_those_of_the_folder() -> None:
    assert base.from_folder("../x", FILE) == "x"
    assert base.from_folder("../../x", FILE) == "../x"
    assert base.from_folder("/x", FILE) == "/x"
