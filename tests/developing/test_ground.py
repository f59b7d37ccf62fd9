"""What is kept of a dev container: by its files, by its image, and gone when it is removed."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from paddock.devcontainer.finding import find
from paddock.developing import ground
from paddock.developing.ground import Ground, Made, fill, inputs

if TYPE_CHECKING:
    from pathlib import Path

    from paddock.devcontainer.finding import Found


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Found:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    place = tmp_path / "project"
    (place / ".devcontainer/feature").mkdir(parents=True)
    (place / ".devcontainer/devcontainer.json").write_text("{}")
    (place / ".devcontainer/Dockerfile").write_text("FROM a")
    return find(str(place))


def test_a_change_of_any_of_its_files_is_another_digest(found: Found) -> None:
    seen = {inputs(found)}
    folder = f"{found.folder}/.devcontainer"
    for name, text in (("devcontainer.json", "{ }"), ("Dockerfile", "FROM b"), ("feature/install.sh", "x")):
        with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
            file.write(text)
        seen.add(inputs(found))
    os.rename(f"{folder}/feature/install.sh", f"{folder}/feature/install")
    seen.add(inputs(found))
    assert len(seen) == 5


def test_nothing_else_of_the_repository_is_read(found: Found) -> None:
    before = inputs(found)
    with open(f"{found.folder}/source.c", "w", encoding="utf-8") as file:
        file.write("x")
    assert inputs(found) == before


def test_a_fifo_and_a_link_out_of_it_are_not_followed(found: Found, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("1")
    os.mkfifo(f"{found.folder}/.devcontainer/fifo")
    os.symlink(tmp_path / "secret", f"{found.folder}/.devcontainer/link")
    before = inputs(found)
    (tmp_path / "secret").write_text("2")
    assert inputs(found) == before


def test_what_was_made_is_remembered_and_rubbish_is_nothing(found: Found) -> None:
    one = Ground(found)
    assert one.made() is None
    one.keep(Made("image:1", "digest"))
    assert Ground(found).made() == Made("image:1", "digest")
    for rubbish in ("", "[]", '{"image": 1}', '{"image": "a", "inputs": "b", "more": 1}'):
        with open(f"{one.place}/made", "w", encoding="utf-8") as file:
            file.write(rubbish)
        made = one.made()
        assert made is None or isinstance(made, Made)


def test_each_image_has_a_set_up_of_its_own(found: Found) -> None:
    one = Ground(found)
    one.ran("a" * 64, "onCreateCommand")
    assert one.has_run("a" * 64, "onCreateCommand")
    assert not one.has_run("a" * 64, "postCreateCommand")
    assert not one.has_run("b" * 64, "onCreateCommand")
    assert one.home("a" * 64) != one.home("b" * 64)


def test_going_on_without_initialize_counts_for_these_very_files(found: Found) -> None:
    one = Ground(found)
    assert not one.is_allowed("d1")
    one.allow("d1")
    assert one.is_allowed("d1")
    assert not one.is_allowed("d2")


def test_removing_takes_closed_directories_too(found: Found) -> None:
    one = Ground(found)
    home = one.home("a" * 64)
    os.makedirs(f"{home}/closed/inner")
    os.symlink("/etc", f"{home}/closed/link")
    os.chmod(f"{home}/closed", 0)
    assert one.remove()
    assert not os.path.exists(one.place)
    assert not one.remove()


def test_two_configurations_of_one_repository_share_nothing(found: Found) -> None:
    os.makedirs(f"{found.folder}/.devcontainer/other")
    with open(f"{found.folder}/.devcontainer/other/devcontainer.json", "w", encoding="utf-8") as file:
        file.write("{}")
    other = find(found.folder, config=f"{found.folder}/.devcontainer/other/devcontainer.json")
    assert ground.Ground(other).place != Ground(found).place


def test_a_directory_is_filled_whole_or_not_at_all(tmp_path: Path) -> None:
    def closed(place: str) -> None:
        os.mkdir(f"{place}/closed")
        os.chmod(f"{place}/closed", 0)
        os.chmod(place, 0o755)

    def broken(place: str) -> None:
        closed(place)
        raise ValueError(place)

    with pytest.raises(ValueError, match="it"):
        fill(str(tmp_path / "it"), broken)
    assert os.listdir(tmp_path) == []
    fill(str(tmp_path / "it"), closed)
    assert os.listdir(tmp_path) == ["it"]
    assert stat.S_IMODE(os.stat(tmp_path / "it").st_mode) == 0o700


def test_whoever_comes_second_takes_what_is_there(tmp_path: Path) -> None:
    def late(place: str) -> None:
        (tmp_path / "it").mkdir()
        (tmp_path / "it/first").touch()
        os.mkdir(f"{place}/second")

    fill(str(tmp_path / "it"), late)
    assert os.listdir(tmp_path) == ["it"]
    assert os.listdir(tmp_path / "it") == ["first"]


def test_what_fails_for_another_reason_is_told(tmp_path: Path) -> None:
    (tmp_path / "it").touch()
    with pytest.raises(NotADirectoryError):
        fill(str(tmp_path / "it"), lambda _: None)
    assert os.listdir(tmp_path) == ["it"]
