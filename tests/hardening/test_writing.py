"""The files: what would be different, and putting them there."""

from __future__ import annotations

import os
import subprocess

import pytest

from paddock.errors import PaddockError, Refused
from paddock.hardening import writing
from tests.hardening.scenes import FILE, harden, repository

PLACE = ".devcontainer/paddock/devcontainer.json"


def test_a_file_is_written_with_its_folder_and_only_where_it_differs(tmp_path):
    found = harden(tmp_path, {}, file=".devcontainer.json")
    assert found.found.differs
    writing.write(found.case, found.found)
    place = tmp_path / "app" / PLACE
    assert place.read_text() == found.text
    assert place.stat().st_mode & 0o777 == 0o644
    assert not harden(tmp_path, {}, file=".devcontainer.json").found.differs


def test_the_difference_makes_the_hardened_file_of_the_teams_own(tmp_path):
    found = harden(tmp_path, '{\n  "image": "a:1"}')
    diff = writing.diff(found.case, found.found)
    assert diff.startswith(f"--- a/{FILE}\n+++ b/{PLACE}\n")
    done = subprocess.run(
        ["patch", "--output=-", FILE], input=diff, cwd=tmp_path / "app", capture_output=True, text=True, check=True
    )
    assert done.stdout == found.text
    assert not (tmp_path / "app" / PLACE).exists()


def test_a_file_of_somebody_elses_is_not_overwritten(tmp_path):
    repository(tmp_path, {}, {PLACE: '{"image": "b:1"}'})
    with pytest.raises(Refused, match="was not made by paddock harden"):
        harden(tmp_path, {})


@pytest.mark.parametrize("name", [".devcontainer/paddock", ".devcontainer"])
def test_no_link_is_followed(tmp_path, name: str):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    found = harden(tmp_path, {}, file=".devcontainer.json")
    place = tmp_path / "app" / name
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(elsewhere)
    with pytest.raises(Refused, match="is not written"):
        writing.write(found.case, found.found)
    assert list(elsewhere.iterdir()) == []


def test_a_file_that_was_changed_meanwhile_is_not_overwritten(tmp_path):
    found = harden(tmp_path, {})
    writing.write(found.case, found.found)
    place = tmp_path / "app" / PLACE
    place.write_text(found.text + "// somebody\n")
    with pytest.raises(PaddockError, match="was changed meanwhile"):
        writing.write(found.case, found.found)
    assert place.read_text().endswith("// somebody\n")


def test_what_stands_in_the_place_is_a_file_or_nothing_is_done(tmp_path):
    folder = repository(tmp_path, {})
    (folder / ".devcontainer/paddock").mkdir()
    os.mkfifo(folder / PLACE)
    with pytest.raises(PaddockError, match="cannot be read"):
        harden(tmp_path, {})
