from __future__ import annotations

import io
import sys

import pytest

from paddock.cli.views import held
from paddock.errors import Usage, WorkspaceError
from paddock.workspace import store


@pytest.fixture
def repository(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "repository" / "sub").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "repository" / "sub")
    return tmp_path / "repository"


def test_the_current_one_is_meant_from_below_too(repository) -> None:
    assert held.chosen(None) is None
    store.open_or_create(str(repository), "one")
    found = held.chosen(None)
    assert found is not None
    assert found.name == "one"


def test_a_name_must_be_there(repository) -> None:
    with pytest.raises(WorkspaceError, match="no change set"):
        held.chosen("two")
    store.open_or_create(str(repository), "one")
    with pytest.raises(WorkspaceError, match="no change set"):
        held.chosen("two")


def test_sets_of_a_directory_that_was_replaced_are_pointed_to(repository, monkeypatch) -> None:
    store.open_or_create(str(repository), "one")
    repository.rename(repository.parent / "before")
    repository.mkdir()
    monkeypatch.chdir(repository)
    with pytest.raises(WorkspaceError, match="was replaced") as caught:
        held.chosen(None)
    assert caught.value.next_step == "paddock changes --all"


def test_without_a_terminal_a_question_is_a_yes_or_an_error(monkeypatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert held.confirm("?", required=False)
    with pytest.raises(Usage, match="nobody to ask"):
        held.confirm("?", required=True)


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (5 << 20, "5.0 MiB"), (3 << 40, "3072.0 GiB")]
)
def test_sizes_are_for_people(count, shown) -> None:
    assert held.size(count) == shown


def test_things_are_counted() -> None:
    assert [held.counted(number, "file") for number in (0, 1, 2)] == ["0 files", "1 file", "2 files"]
