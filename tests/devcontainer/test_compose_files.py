"""Compose projects on the disk."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.devcontainer.compose_files import default_files, read
from paddock.devcontainer.files import Files
from paddock.devcontainer.source import Source

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.devcontainer.service import Project

ORIGIN = Source("file", "devcontainer.json")


def project(folder: Path, *names: str) -> Project:
    return read([f"{folder}/{name}" for name in names], "a", str(folder), ORIGIN)


def test_nothing_outside_of_the_repository_is_opened(tmp_path: Path) -> None:
    repository = tmp_path / "r"
    repository.mkdir()
    (tmp_path / "out.yml").write_text("services: {b: {image: x}}")
    (repository / "link.yml").symlink_to("../out.yml")
    (repository / "c.yml").write_text("services: {a: {build: ../b, env_file: [../e.env, ~/f.env]}}")
    found = project(repository, "c.yml", "link.yml", "../out.yml")
    assert [one.name for one in found.services] == ["a"]
    assert {one.kind for one in found.beyond} == {"compose file", "context", "env_file"}
    assert {one.path for one in found.unread} == {
        f"{repository}/link.yml",
        f"{tmp_path}/out.yml",
        f"{tmp_path}/b/Dockerfile",
    }


@pytest.mark.parametrize("kind", ["directory", "pipe", "large", "missing", "nul"])
def test_what_is_no_ordinary_file_is_said(tmp_path: Path, kind: str) -> None:
    path = f"{tmp_path}/c.yml"
    if kind == "directory":
        os.mkdir(path)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "large":
        with open(path, "wb") as file:
            file.truncate(5 << 20)
    elif kind == "nul":
        (tmp_path / "c.yml").write_bytes(b"a: \0")
    found = project(tmp_path, "c.yml")
    assert [one.path for one in found.unread] == [path]
    assert found.services == ()


def test_bytes_that_are_no_text_do_not_stop_it(tmp_path: Path) -> None:
    (tmp_path / "c.yml").write_bytes(b"services: {a: {image: '\xff'}}")
    assert [one.name for one in project(tmp_path, "c.yml").services] == ["a"]


@pytest.mark.parametrize(
    ("files", "environment", "chosen"),
    [
        ({"docker-compose.yml": "", "compose.yaml": ""}, {}, ["docker-compose.yml"]),
        (
            {"docker-compose.yml": "", "docker-compose.override.yml": ""},
            {},
            ["docker-compose.yml", "docker-compose.override.yml"],
        ),
        ({"compose.yaml": "", ".env": "COMPOSE_FILE=x.yml:y.yml"}, {}, ["x.yml", "y.yml"]),
        ({".env": "COMPOSE_FILE=x.yml"}, {"COMPOSE_FILE": "z.yml"}, ["z.yml"]),
        ({".env": "A=b\nCOMPOSE_FILE= x.yml \n"}, {}, ["x.yml"]),
        ({"compose.yaml": ""}, {}, ["docker-compose.yml"]),
    ],
)
def test_files_that_nobody_named_are_those_of_the_reference_cli(
    tmp_path: Path, files: dict[str, str], environment: dict[str, str], chosen: list[str]
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    found = default_files(str(tmp_path), Files(str(tmp_path)), environment)
    assert list(found) == [f"{tmp_path}/{name}" for name in chosen]


def test_a_path_that_none_can_be_is_said_to_be_unread(tmp_path: Path) -> None:
    """JSON can write NUL, and a devcontainer.json names its compose files."""
    (tmp_path / "c.yml").write_text("services: {a: {image: x}}")
    found = project(tmp_path, "c.yml", "odd\0.yml")
    assert [one.name for one in found.services] == ["a"]
    assert [one.path for one in found.unread] == [f"{tmp_path}/odd\0.yml"]
