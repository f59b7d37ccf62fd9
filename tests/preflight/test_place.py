from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from paddock.preflight import place
from paddock.state import preflight_directory

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Person


def test_a_repository_is_asked_about_once(tmp_path: Path, person: Person) -> None:
    (tmp_path / "repo").mkdir()
    repository = str(tmp_path / "repo")
    assert not place.was_asked(repository, person.environ)
    place.note_asked(repository, person.environ)
    assert place.was_asked(repository, person.environ)


def test_another_directory_in_its_place_is_new_and_no_mark_of_the_old_one_stays(tmp_path: Path, person: Person) -> None:
    (tmp_path / "repo").mkdir()
    (tmp_path / "other").mkdir()
    repository = str(tmp_path / "repo")
    place.note_asked(repository, person.environ)
    (tmp_path / "repo").rename(tmp_path / "old")
    (tmp_path / "other").rename(tmp_path / "repo")
    assert not place.was_asked(repository, person.environ)
    place.note_asked(repository, person.environ)
    assert len(os.listdir(preflight_directory(repository, person.environ))) == 1


def test_what_is_remembered_is_the_persons_alone(tmp_path: Path, person: Person) -> None:
    made = place.make(str(tmp_path), person.environ)
    assert stat.S_IMODE(os.stat(made).st_mode) == 0o700
    assert made == preflight_directory(str(tmp_path), person.environ)
    assert made.startswith(place.base(person.environ))
