"""A dev container that is ready: the image's person, the home that stays, the variables of both."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paddock.developing import standing
from paddock.errors import Refused
from tests import busybox
from tests.capabilities import needs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Person


@pytest.fixture
def own(ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ann.environ.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("place", [".devcontainer/devcontainer.json", ".devcontainer.json"])
def test_a_directory_has_one_where_tools_would_take_one(place: str, tmp_path: Path) -> None:
    assert not standing.there_is_one(str(tmp_path))
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text("not even JSON")
    assert standing.there_is_one(str(tmp_path))


def test_one_that_only_a_person_would_name_is_none(tmp_path: Path) -> None:
    (tmp_path / ".devcontainer/other").mkdir(parents=True)
    (tmp_path / ".devcontainer/other/devcontainer.json").write_text("{}")
    assert not standing.there_is_one(str(tmp_path))


@needs("podman", "busybox", "git")
@pytest.mark.usefixtures("own")
class TestReady:
    def test_it_is_the_image_with_what_the_file_adds(self, project: Callable[..., Path]) -> None:
        place = project(
            remoteUser="bob",
            workspaceFolder="/workspaces/app",
            containerEnv={"EDITION": "second", "MORE": "1"},
            postStartCommand="echo up",
        )
        found = standing.ready(str(place), environ={})
        assert (found.image.person.name, found.image.folder) == ("bob", "/workspaces/app")
        variables = dict(found.image.environment)
        assert (variables["EDITION"], variables["MORE"], variables["PATH"]) == ("second", "1", "/bin")
        assert [hook.event for hook in found.settled.each_start] == ["postStartCommand"]

    def test_its_home_begins_as_the_images_and_stays(self, project: Callable[..., Path]) -> None:
        place = project(remoteUser="ann")
        home = standing.ready(str(place)).image.home
        with open(f"{home}/.profile", encoding="utf-8") as file:
            assert file.read() == "# of the image\n"
        os.unlink(f"{home}/.profile")
        assert standing.ready(str(place)).image.home == home
        assert os.listdir(home) == []

    def test_the_folder_is_no_second_place_where_it_is_the_repositorys_own(self, project: Callable[..., Path]) -> None:
        place = project()
        text = f'{{"image": "{busybox.IMAGE}", "workspaceFolder": "{place}", "workspaceMount": ""}}'
        (place / ".devcontainer/devcontainer.json").write_text(text)
        assert standing.ready(str(place)).image.folder == ""

    def test_going_on_without_initialize_is_remembered(self, project: Callable[..., Path]) -> None:
        place = project(initializeCommand="true")
        with pytest.raises(Refused):
            standing.ready(str(place))
        standing.ready(str(place), allow_initialize=True)
        standing.ready(str(place))
