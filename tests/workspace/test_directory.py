from __future__ import annotations

import os

import pytest

from paddock.errors import WorkspaceError
from paddock.workspace import directory as directories
from paddock.workspace import shelf
from tests.workspace.test_shelf import change


@pytest.fixture
def repository(lab) -> str:
    return str(lab.repository)


def test_changes_are_counted_and_none_where_there_is_nothing_to_compare_with(repository, lab) -> None:
    directory = shelf.open_or_create(repository, "a")
    change(directory)
    change(directory, "more")
    assert directory.count_changes() == 2
    lab.repository.rmdir()
    assert directory.count_changes() == 0


def test_a_link_planted_in_its_place_is_not_followed(repository, tmp_path) -> None:
    directory = shelf.open_or_create(repository, "a")
    os.rename(directory.upper, tmp_path / "aside")
    os.symlink(tmp_path / "aside", directory.upper)
    with pytest.raises(OSError):
        directories.open_upper(directory)


def test_both_trees_are_open_for_a_while(repository) -> None:
    before = os.listdir("/proc/self/fd")
    directory = shelf.open_or_create(repository, "a")
    with directories.both(directory) as (upper, lower):
        assert os.path.samestat(os.fstat(upper), os.stat(directory.upper))
        assert os.path.samestat(os.fstat(lower), os.stat(repository))
    os.rename(directory.upper, f"{directory.path}/away")
    with pytest.raises(FileNotFoundError), directories.both(directory):
        pass
    assert os.listdir("/proc/self/fd") == before


def test_a_repository_that_was_replaced_is_lost_and_says_what_to_do(repository, lab) -> None:
    directory = shelf.open_or_create(repository, "a")
    os.rename(repository, f"{repository}-moved")
    for make in (lambda: None, lambda: os.mkdir(repository)):
        make()
        with pytest.raises(WorkspaceError) as caught:
            directories.open_repository(directory)
        assert caught.value.code == "repository-lost"
        assert "move it back" in caught.value.next_step
        assert directory.upper in caught.value.next_step


def test_one_that_went_meanwhile_is_said_to_be_gone(repository) -> None:
    """Another terminal applied it between our look for it and our look at it."""
    directory = shelf.open_or_create(repository, "a")
    os.rename(directory.path, f"{directory.home}/.gone-1")
    for look in (directories.open_upper, directories.open_repository, directories.both):
        with pytest.raises(WorkspaceError, match="'a' is gone"):
            look(directory)
    assert directory.count_changes() == 0
